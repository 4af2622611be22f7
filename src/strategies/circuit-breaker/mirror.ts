import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { CircuitState } from '../../core/circuit.ts';
import { monotonicNow } from '../../core/clock.ts';
import type { CircuitMachine } from './machine.ts';

/** What the mirror reflects, and steers when a tool made for opossum does. */
export interface MirroredCircuit {
  /** @param manual whether a person asked for it, and not a health check that failed */
  trip(manual: boolean): void;
  reset(): void;
  enable(): void;
  disable(): void;
  /** A listener on the mirror threw. */
  listenerFailed(error: unknown): void;
}

/** Opossum's events that tell of an attempt; the status counts each. */
const counted = ['fire', 'reject', 'success', 'failure', 'timeout'] as const;
type CountedEvent = (typeof counted)[number];

/** The methods of an emitter that change who listens. */
const subscriptions = [
  'on',
  'addListener',
  'prependListener',
  'off',
  'removeListener',
  'removeAllListeners',
] as const;

/** Opossum's events, so that `eventNames()` names them to tools that ask. */
const vocabulary = [
  'success',
  'failure',
  'fallback',
  'timeout',
  'fire',
  'reject',
  'cacheHit',
  'cacheMiss',
  'coalesceCacheHit',
  'coalesceCacheMiss',
  'open',
  'halfOpen',
  'close',
  'semaphoreLocked',
] as const;

const SLICES = 10;

/** How many latencies a slice of opossum's rolling status keeps for its percentiles; the rest are counted only. */
const LATENCIES_PER_SLICE = 200;

/** What slices share in which nothing happened. */
const NOTHING: Pick<CircuitBreaker.Bucket, 'percentiles' | 'latencyTimes'> = {
  percentiles: {},
  latencyTimes: [],
};

/**
 * The opossum instance that tools made for opossum attach to. It holds no state of its own: its state is read from
 * the circuit's machine, its controls steer that machine, and its events and rolling status are fed by the circuit.
 * Nothing runs inside it.
 *
 * opossum counts, and moves its state, in listeners on itself, which a user's listener or `removeAllListeners()`
 * can disturb. Here they are gone. Each listener is isolated from the others and from the call, and the status is
 * rotated by the clock when it is touched, so that an idle circuit owns no timer.
 */
export class OpossumMirror extends CircuitBreaker {
  readonly #machine: CircuitMachine;
  readonly #circuit: MirroredCircuit;
  readonly #status: CircuitBreaker.Status;
  readonly #rotation: EventEmitter;
  readonly #sliceMs: number;
  #slice: CircuitBreaker.Bucket;
  #sliceEndsAt: number;
  /** Whether anybody listens to what is counted. */
  #heard = false;
  #openedAt: number | undefined = undefined;
  /** opossum's `healthCheck()` announces its failure just before it opens. */
  #checkFailed = false;

  constructor(name: string, statusMs: number, machine: CircuitMachine, circuit: MirroredCircuit) {
    const rotation = new EventEmitter();
    const rolling = {
      rollingCountBuckets: SLICES,
      rollingCountTimeout: statusMs,
      enableSnapshots: false,
      rotateBucketController: rotation,
    };
    const status = CircuitBreaker.newStatus(rolling);
    // Nothing happened in the past slices, and nothing will be added to them.
    for (const past of status.window.slice(1)) Object.assign(past, NOTHING);
    super(() => Promise.reject(notForUse()), { ...rolling, name, status, timeout: false });
    this.#machine = machine;
    this.#circuit = circuit;
    this.#status = status;
    this.#rotation = rotation;
    this.#sliceMs = statusMs / SLICES;
    this.#slice = newestSlice(status);
    this.#sliceEndsAt = monotonicNow() + this.#sliceMs;
    this.removeAllListeners();
  }

  static {
    // opossum's types call these properties, which a subclass may not replace by accessors.
    const state = (is: (mirror: OpossumMirror) => unknown): PropertyDescriptor => ({
      configurable: true,
      get(this: OpossumMirror) {
        return is(this);
      },
    });
    for (const method of subscriptions) {
      const original = EventEmitter.prototype[method];
      Object.defineProperty(OpossumMirror.prototype, method, {
        configurable: true,
        writable: true,
        value(this: OpossumMirror, ...args: unknown[]): unknown {
          const returned: unknown = Reflect.apply(original, this, args);
          // opossum's constructor subscribes to what it makes.
          if (#machine in this) this.#heard = counted.some((event) => this.listenerCount(event) > 0);
          return returned;
        },
      });
    }
    Object.defineProperties(OpossumMirror.prototype, {
      closed: state((mirror) => mirror.#machine.state === 'closed' || mirror.#machine.state === 'disabled'),
      opened: state((mirror) => isOpen(mirror.#machine)),
      halfOpen: state((mirror) => mirror.#machine.state === 'half-open'),
      pendingClose: state(
        (mirror) => mirror.#machine.state === 'half-open' && !mirror.#machine.refuses(monotonicNow()),
      ),
      enabled: state((mirror) => mirror.#machine.state !== 'disabled'),
      status: state((mirror) => mirror.#currentStatus(monotonicNow())),
      stats: state((mirror) => mirror.#currentStatus(monotonicNow()).stats),
    });
  }

  /**
   * Counts that an attempt asked to be admitted, was turned away, or settled.
   *
   * @returns whether anybody listens, so that the event is to be emitted
   */
  count(event: CountedEvent, now: number, latencyMs: number | undefined): boolean {
    if (now >= this.#sliceEndsAt) this.#rotate(now);
    const slice = this.#slice;
    switch (event) {
      case 'fire':
        slice.fires += 1;
        break;
      case 'reject':
        slice.rejects += 1;
        break;
      case 'success':
        slice.successes += 1;
        break;
      case 'failure':
        slice.failures += 1;
        break;
      case 'timeout':
        slice.timeouts += 1;
        break;
    }
    if (latencyMs !== undefined && slice.latencyTimes.length < LATENCIES_PER_SLICE) {
      slice.latencyTimes.push(latencyMs);
    }
    return this.#heard;
  }

  /** The machine moved: tells whoever listens in opossum's words. */
  moved(to: CircuitState, openForMs: number): void {
    if (to === 'closed') this.emit('close');
    else if (to === 'half-open') this.emit('halfOpen', openForMs);
    else if (to !== 'disabled') {
      this.#openedAt = Date.now();
      this.emit('open');
    }
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'healthCheckFailed') this.#checkFailed = true;
    const listeners = this.rawListeners(event);
    for (const listener of listeners) {
      try {
        const returned: unknown = Reflect.apply(listener, this, args);
        if (returned instanceof Promise) returned.catch((error) => this.#circuit.listenerFailed(error));
      } catch (error) {
        this.#circuit.listenerFailed(error);
      }
    }
    return listeners.length > 0;
  }

  /** Opossum's own listeners would name these; here nobody needs to listen for a tool to find them. */
  override eventNames(): (string | symbol)[] {
    return [...new Set([...vocabulary, ...super.eventNames()])];
  }

  override open(): void {
    const manual = !this.#checkFailed;
    this.#checkFailed = false;
    this.#circuit.trip(manual);
  }

  override close(): void {
    // opossum's constructor closes what it makes.
    if (#machine in this) this.#circuit.reset();
  }

  override enable(): void {
    this.#circuit.enable();
  }

  override disable(): void {
    this.#circuit.disable();
  }

  override shutdown(): void {
    this.emit('shutdown');
    this.#circuit.disable();
  }

  override fire(): Promise<never> {
    return Promise.reject(notForUse());
  }

  override call(): Promise<never> {
    return Promise.reject(notForUse());
  }

  override toJSON(): ReturnType<CircuitBreaker['toJSON']> {
    const json = super.toJSON();
    const { closed, opened, halfOpen, enabled } = this;
    Object.assign(json.state, { closed, open: opened, halfOpen, enabled });
    if (this.#openedAt !== undefined) Object.assign(json.state, { lastTimerAt: this.#openedAt });
    return json;
  }

  #currentStatus(now: number): CircuitBreaker.Status {
    if (now >= this.#sliceEndsAt) this.#rotate(now);
    return this.#status;
  }

  /** Lets opossum forget the slices that are over. */
  #rotate(now: number): void {
    const over = Math.floor((now - this.#sliceEndsAt) / this.#sliceMs) + 1;
    for (let step = Math.min(over, SLICES); step > 0; step -= 1) this.#rotation.emit('rotate');
    this.#slice = newestSlice(this.#status);
    this.#sliceEndsAt = now + this.#sliceMs;
  }
}

function isOpen({ state }: CircuitMachine): boolean {
  return state === 'open' || state === 'forced-open';
}

function newestSlice(status: CircuitBreaker.Status): CircuitBreaker.Bucket {
  const slice = status.window[0];
  if (slice === undefined) throw new Error('opossum made a status without a slice');
  return slice;
}

function notForUse(): Error {
  return new Error(
    'This opossum instance mirrors a breakwater circuit: call through the policy, not through fire().',
  );
}
