import type { Call } from '../../core/call.ts';
import { monotonicNow } from '../../core/clock.ts';
import { deadlines } from '../../core/deadlines.ts';
import { TimeoutError, withoutStack } from '../../core/errors.ts';
import { cutShort, type Outcome, withValue } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import type { Inner } from '../../core/pipeline.ts';
import type { EndCause } from '../../core/scope.ts';
import type { Memory } from './memory.ts';

/** Where a caller's passage goes on with the outcome that it waited for. */
type Leave = (passage: Passage, outcome: Outcome, now: number) => void;

/**
 * Runs shared by the calls that ask for one key at one time.
 *
 * A run has a scope of its own, under no caller's signal or deadline; each caller waits for it under its own. It
 * ends early only when nobody waits any more, and it is forgotten the moment it settles, so that its outcome is
 * shared by those who waited and by none after. A value that may not be shared goes to one, and the others then run
 * alone.
 *
 * Within, a run is what the call was that began it. So a call that may be repeated and one that may not do not share
 * one, and a call that is more important than the one under way begins another, which is then the one to join.
 */
export class Flights {
  readonly inner: Inner;
  readonly memory: Memory;
  readonly leave: Leave;
  /** Those to join: of calls that may be repeated, and of calls that may not. */
  readonly #repeatable = new Map<string, Flight>();
  readonly #unrepeatable = new Map<string, Flight>();

  constructor(inner: Inner, memory: Memory, leave: Leave) {
    this.inner = inner;
    this.memory = memory;
    this.leave = leave;
  }

  /** Joins the run under `key`, or starts it. */
  join(key: string, passage: Passage, now: number): void {
    const { call } = passage;
    const byKey = this.#alike(call);
    const running = byKey.get(key);
    if (running !== undefined && running.call.settings.priority <= call.settings.priority) {
      running.add(passage, now);
      return;
    }
    const flight = new Flight(this, key, call);
    byKey.set(key, flight);
    flight.add(passage, now);
    flight.start(now);
  }

  /** Takes the outcome of a run, or says that it is none of its own. */
  settle(passage: Passage, outcome: Outcome, now: number): boolean {
    if (!(passage instanceof Flight) || passage.flights !== this) return false;
    passage.land(outcome, now);
    return true;
  }

  /** Nobody may join `flight` any more. */
  forget(flight: Flight): void {
    const byKey = this.#alike(flight.call);
    if (byKey.get(flight.key) === flight) byKey.delete(flight.key);
  }

  #alike({ settings }: Call): Map<string, Flight> {
    return settings.idempotent === false ? this.#unrepeatable : this.#repeatable;
  }
}

/** One run. Its passage lies within a call that carries the operation for all: the leader's, less its own limits. */
class Flight extends InnerPassage {
  readonly flights: Flights;
  readonly key: string;
  readonly #leader: Call;
  readonly #waiters = new Set<Waiter>();
  /** Who left last, with nobody left behind. */
  #last: Waiter | undefined = undefined;
  /** Of each operation that was given up and still runs, the one whose place in layers outside it keeps. */
  readonly #holders: (Waiter | undefined)[] = [];
  #over = false;

  constructor(flights: Flights, key: string, leader: Call) {
    super(undefined, leader.forSharing());
    this.flights = flights;
    this.key = key;
    this.#leader = leader;
  }

  start(now: number): void {
    if (this.#waiters.size > 0) this.inContext(() => this.flights.inner.enter(this, now));
  }

  add(passage: Passage, now: number): void {
    const waiter = new Waiter(this, passage);
    this.#waiters.add(waiter);
    waiter.begin(now);
  }

  /** One caller stopped waiting. */
  left(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size > 0 || this.#over || this.cause !== undefined) return;
    this.flights.forget(this);
    this.#last = waiter;
    this.end('abandoned', new DOMException('Nobody waits for this operation any more.', 'AbortError'));
  }

  override operationLeft(): void {
    const [holder = this.#last] = this.#waiters;
    this.#holders.push(holder);
    holder?.operationLeft();
  }

  override operationEnded(): void {
    this.#holders.shift()?.operationEnded();
  }

  /** The run is over. */
  land(outcome: Outcome, now: number): void {
    const { memory } = this.flights;
    this.#over = true;
    this.flights.forget(this);
    this.#leader.attempts = this.call.attempts;
    memory.remember(this.key, outcome, this.since);
    if (outcome.ok && this.#waiters.size > 1 && !memory.mayShare(outcome.value)) {
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
      if (this.#waiters.delete(waiter)) waiter.inContext(() => waiter.settle(own, now));
      else if (own.ok && own.value !== outcome.value) this.call.discard(own.value);
    }
  }

  /** Gives the first its outcome, and lets the others run. */
  #settleFirst(outcome: Outcome, now: number): void {
    const [first, ...others] = this.#waiters;
    for (const waiter of others) if (this.#waiters.delete(waiter)) this.#runAlone(waiter, now);
    // What runs may have aborted the first.
    if (first !== undefined && this.#waiters.delete(first)) first.inContext(() => first.settle(outcome, now));
    else if (outcome.ok) this.call.discard(outcome.value);
  }

  /** A run for one caller, which waits on under the deadline that it has. */
  #runAlone(waiter: Waiter, now: number): void {
    const own = new Flight(this.flights, this.key, waiter.call);
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
      return this.flights.memory.share(value);
    } catch (error) {
      this.call.runtime.report('cache-store', error);
      return value;
    }
  }
}

/** One caller's wait for a shared run. */
class Waiter extends InnerPassage {
  /** The run that it waits for. */
  flight: Flight;
  #settled = false;
  #allowedMs = Number.POSITIVE_INFINITY;

  constructor(flight: Flight, outer: Passage) {
    super(undefined, outer);
    this.flight = flight;
  }

  begin(now: number): void {
    this.#allowedMs = this.call.allowedMs(Number.POSITIVE_INFINITY, now);
    if (this.#allowedMs !== Number.POSITIVE_INFINITY) deadlines.arm(this, this.#allowedMs, now);
  }

  settle(outcome: Outcome, now: number): void {
    if (this.#settled) return;
    this.#settled = true;
    this.close();
    this.flight.flights.leave(this.outer, outcome, now);
  }

  override expire(_now: number): void {
    const { runtime } = this.call;
    this.end(
      'caller-deadline',
      withoutStack(() => new TimeoutError(runtime.name, Math.round(this.#allowedMs), 'total')),
    );
  }

  protected override stopped(cause: EndCause, reason: unknown): void {
    this.flight.left(this);
    const verdict = cause === 'caller-deadline' ? this.call.verdictOnTimeout(cause, reason) : 'ignored';
    this.settle(cutShort(reason, cause, verdict), monotonicNow());
  }
}
