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
 * shared by those who waited and by none after.
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
    const flight: Flight = new Flight(call, key, this.#memory, () => {
      if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
    });
    this.#byKey.set(key, flight);
    flight.add(call, scope, receiver, now);
    flight.start(this.#inner, now);
  }
}

class Flight extends Scope implements Receiver {
  readonly #leader: Call;
  /** Carries the operation for all; it is the leader's, less the leader's own deadline and signal. */
  readonly #call: Call;
  readonly #key: string;
  readonly #memory: Memory;
  readonly #onOver: () => void;
  readonly #waiters = new Set<Waiter>();
  #over = false;

  constructor(leader: Call, key: string, memory: Memory, onOver: () => void) {
    super(undefined);
    this.#leader = leader;
    this.#call = leader.forSharing();
    this.#key = key;
    this.#memory = memory;
    this.#onOver = onOver;
  }

  start(inner: Layer, now: number): void {
    if (this.#waiters.size > 0) inner.enter(this.#call, this, this, now);
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
    this.#memory.remember(this.#key, outcome, now);
    // All copies are made first: who is settled may use the original up.
    const shares = [...this.#waiters].map((waiter, at) => ({
      waiter,
      own: at === 0 ? outcome : this.#copied(outcome),
    }));
    for (const { waiter, own } of shares) {
      // A listener told of one caller's outcome may have aborted another, who then waits no more.
      if (this.#waiters.delete(waiter)) waiter.settle(own, now);
      else if (own.ok && own.value !== outcome.value) this.#call.discard(own.value);
    }
  }

  #copied(outcome: Outcome): Outcome {
    if (!outcome.ok) return outcome;
    try {
      return withValue(outcome, this.#memory.share(outcome.value));
    } catch (error) {
      this.#call.runtime.report('cache-store', error);
      return outcome;
    }
  }
}

/** One caller's wait for a shared run. */
class Waiter extends Scope implements Receiver {
  readonly #call: Call;
  readonly #receiver: Receiver;
  readonly #flight: Flight;

  constructor(call: Call, scope: Scope, receiver: Receiver, flight: Flight) {
    super(scope);
    this.#call = call;
    this.#receiver = receiver;
    this.#flight = flight;
  }

  begin(now: number): void {
    const { timeoutMs } = this.#call.settings;
    if (timeoutMs !== undefined) deadlines.arm(this, timeoutMs, now);
  }

  settle(outcome: Outcome, now: number): void {
    this.leave();
    this.#receiver.settle(outcome, now);
  }

  override expire(_now: number): void {
    const { runtime, settings } = this.#call;
    this.end(
      'caller-deadline',
      withoutStack(() => new TimeoutError(runtime.name, settings.timeoutMs ?? 0, 'total')),
    );
  }

  override end(...[cause, reason]: Parameters<Scope['end']>): void {
    if (this.cause !== undefined) return;
    super.end(cause, reason);
    this.#flight.left(this);
    this.settle(cutShort(reason, cause, 'ignored'), monotonicNow());
  }
}
