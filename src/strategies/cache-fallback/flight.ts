import type { Call } from '../../core/call.ts';
import { monotonicNow } from '../../core/clock.ts';
import { deadlines } from '../../core/deadlines.ts';
import { TimeoutError, withoutStack } from '../../core/errors.ts';
import { cutShort, type Outcome, withValue } from '../../core/outcome.ts';
import type { Layer, Receiver } from '../../core/pipeline.ts';
import { Scope } from '../../core/scope.ts';
import type { Memory } from './memory.ts';

/**
 * Runs shared by the calls that ask for one key at one time.
 *
 * A run has a scope of its own, under no caller's signal or deadline; each caller waits for it under its own. It
 * ends early only when nobody waits any more, and it is forgotten the moment it settles, so that its outcome is
 * shared by those who waited and by none after. A value that may not be shared goes to one, and the others then run
 * alone.
 */
export class Flights {
  readonly #inner: Layer;
  readonly #memory: Memory;
  readonly #byKey = new Map<string, Flight>();

  constructor(inner: Layer, memory: Memory) {
    this.#inner = inner;
    this.#memory = memory;
  }

  /** Joins the run under `key`, or starts it. */
  join(key: string, call: Call, scope: Scope, receiver: Receiver, now: number): void {
    const running = this.#byKey.get(key);
    if (running !== undefined) {
      running.add(call, scope, receiver, now);
      return;
    }
    const flight: Flight = new Flight(call, key, this.#inner, this.#memory, () => {
      if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
    });
    this.#byKey.set(key, flight);
    flight.add(call, scope, receiver, now);
    flight.start(now);
  }
}

class Flight extends Scope implements Receiver {
  readonly #leader: Call;
  /** Carries the operation for all; it is the leader's, less the leader's own deadline and signal. */
  readonly #call: Call;
  readonly #key: string;
  readonly #inner: Layer;
  readonly #memory: Memory;
  readonly #onOver: () => void;
  readonly #waiters = new Set<Waiter>();
  #startedAt = 0;
  #over = false;

  constructor(leader: Call, key: string, inner: Layer, memory: Memory, onOver: () => void) {
    super(undefined);
    this.#leader = leader;
    this.#call = leader.forSharing();
    this.#key = key;
    this.#inner = inner;
    this.#memory = memory;
    this.#onOver = onOver;
  }

  start(now: number): void {
    this.#startedAt = now;
    if (this.#waiters.size > 0) this.#inner.enter(this.#call, this, this, now);
  }

  add(call: Call, scope: Scope, receiver: Receiver, now: number): void {
    const waiter = new Waiter(call, scope, receiver, this);
    this.#waiters.add(waiter);
    waiter.begin(now);
  }

  /** One caller stopped waiting. */
  left(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size > 0 || this.#over || this.cause !== undefined) return;
    this.#onOver();
    this.end('abandoned', new DOMException('Nobody waits for this operation any more.', 'AbortError'));
  }

  settle(outcome: Outcome, now: number): void {
    this.#over = true;
    this.#onOver();
    this.#leader.attempts = this.#call.attempts;
    this.#memory.remember(this.#key, outcome, this.#startedAt);
    if (outcome.ok && this.#waiters.size > 1 && !this.#memory.mayShare(outcome.value)) {
      this.#settleFirst(outcome, now);
      return;
    }
    // All copies are made first: who is settled may use the original up.
    const shares = [...this.#waiters].map((waiter, at) => ({
      waiter,
      own: at === 0 ? outcome : this.#shareOf(outcome, waiter),
    }));
    for (const { waiter, own } of shares) {
      // A listener told of one caller's outcome may have aborted another, who then waits no more.
      if (this.#waiters.delete(waiter)) waiter.settle(own, now);
      else if (own.ok && own.value !== outcome.value) this.#call.discard(own.value);
    }
  }

  /** Gives the first its outcome, and lets the others run. */
  #settleFirst(outcome: Outcome, now: number): void {
    const [first, ...others] = this.#waiters;
    for (const waiter of others) if (this.#waiters.delete(waiter)) this.#runAlone(waiter, now);
    // What runs may have aborted the first.
    if (first !== undefined && this.#waiters.delete(first)) first.settle(outcome, now);
    else if (outcome.ok) this.#call.discard(outcome.value);
  }

  /** A run for one caller, which waits on under the deadline that it has. */
  #runAlone(waiter: Waiter, now: number): void {
    const own = new Flight(waiter.call, this.#key, this.#inner, this.#memory, () => {});
    waiter.flight = own;
    own.#waiters.add(waiter);
    own.start(now);
  }

  /** What a call that joined gets: a value of its own, held to its own check. */
  #shareOf(outcome: Outcome, { call }: Waiter): Outcome {
    if (!outcome.ok) return outcome;
    const value = this.#copied(outcome.value);
    return withValue(outcome, value, outcome.verdict === 'success' && call.passesCheck(value));
  }

  #copied(value: unknown): unknown {
    try {
      return this.#memory.share(value);
    } catch (error) {
      this.#call.runtime.report('cache-store', error);
      return value;
    }
  }
}

/** One caller's wait for a shared run. */
class Waiter extends Scope implements Receiver {
  readonly call: Call;
  readonly #receiver: Receiver;
  /** The run that it waits for. */
  flight: Flight;

  constructor(call: Call, scope: Scope, receiver: Receiver, flight: Flight) {
    super(scope);
    this.call = call;
    this.#receiver = receiver;
    this.flight = flight;
  }

  begin(now: number): void {
    const { timeoutMs } = this.call.settings;
    if (timeoutMs !== undefined) deadlines.arm(this, timeoutMs, now);
  }

  settle(outcome: Outcome, now: number): void {
    this.leave();
    this.#receiver.settle(outcome, now);
  }

  override expire(_now: number): void {
    const { runtime, settings } = this.call;
    this.end(
      'caller-deadline',
      withoutStack(() => new TimeoutError(runtime.name, settings.timeoutMs ?? 0, 'total')),
    );
  }

  override end(...[cause, reason]: Parameters<Scope['end']>): void {
    if (this.cause !== undefined) return;
    super.end(cause, reason);
    this.flight.left(this);
    const { timeoutMs } = this.call.settings;
    const isDeadline = cause === 'caller-deadline' && timeoutMs !== undefined;
    const verdict = isDeadline ? this.call.verdictOnDeadline(timeoutMs, reason) : 'ignored';
    this.settle(cutShort(reason, cause, verdict), monotonicNow());
  }
}
