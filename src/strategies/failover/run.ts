import { monotonicNow } from '../../core/clock.ts';
import { isBreakwaterError } from '../../core/errors.ts';
import { cutShort, type Outcome } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import type { Finding, Ticket } from './ejection.ts';
import type { EndpointState, RunOutcome } from './endpoint.ts';
import type { FailoverLayer } from './layer.ts';

/** What a run follows. */
interface Before {
  readonly run: EndpointRun;
  /** The call's, if nothing better comes; `undefined` while no operation has run and only circuits have answered. */
  readonly outcome: Outcome | undefined;
  /** To how many endpoints the call has gone on after a failure, this run included. */
  readonly failovers: number;
}

/** One run of what lies within, at one endpoint. When its call goes on to another, a run follows it there. */
export class EndpointRun extends InnerPassage {
  readonly #layer: FailoverLayer;
  readonly #before: Before | undefined;
  readonly #startedAt: number;
  #endpoint: EndpointState;
  #ticket: Ticket | undefined = undefined;
  /** When operations were left behind within, as the endpoint counts time. */
  #left: number[] | undefined = undefined;

  constructor(layer: FailoverLayer, outer: Passage, before: Before | undefined, now: number) {
    super(layer, outer);
    this.#layer = layer;
    this.#before = before;
    this.#startedAt = now;
    this.#endpoint = layer.first;
  }

  override get endpoint(): EndpointState {
    return this.#endpoint;
  }

  override get since(): number {
    return this.#startedAt;
  }

  /** Whether the operation may run once more, whatever became of it. */
  get mayRepeat(): boolean {
    return this.call.settings.idempotent !== false;
  }

  hasTried(endpoint: EndpointState): boolean {
    for (let before = this.#before; before !== undefined; before = before.run.#before) {
      if (before.run.#endpoint === endpoint) return true;
    }
    return false;
  }

  /** Whether the endpoint's circuit would turn it away. */
  refusedAt(endpoint: EndpointState, now: number): boolean {
    const { inner } = this.#layer;
    if (inner.refuses === undefined) return false;
    this.#endpoint = endpoint;
    return inner.refuses(this, now);
  }

  go(endpoint: EndpointState, now: number): void {
    this.#endpoint = endpoint;
    this.#ticket = this.#layer.began(endpoint, now);
    this.#layer.inner.enter(this, now);
  }

  settled(outcome: Outcome, now: number): void {
    this.#tell(outcome, now);
    const held = this.#before?.outcome;
    if (outcome.rejection === undefined && held !== undefined) {
      if (held.ok) this.call.discard(held.value);
      tellCause(outcome, held);
    }
    const goesOn = this.#wantsAnother(outcome, now);
    this.close();
    if (goesOn && this.#goOn(outcome, now)) return;
    // An attempt's own outcome says more than that there was nowhere else to go.
    this.#layer.outer.settle(this.outer, outcome.rejection === undefined ? outcome : (held ?? outcome), now);
  }

  override operationLeft(): void {
    this.#left ??= [];
    this.#left.push(this.#endpoint.operationLeft(monotonicNow()));
    super.operationLeft();
  }

  override operationEnded(): void {
    const since = this.#left?.shift();
    if (since !== undefined) this.#endpoint.operationEnded(since, monotonicNow());
    super.operationEnded();
  }

  /** Counts what came of the run, and what it says of the endpoint. */
  #tell(outcome: Outcome, now: number): void {
    const endpoint = this.#endpoint;
    endpoint.runSettled(runOutcome(outcome));
    if (outcome.rejection === undefined) endpoint.closedUntil = Number.NEGATIVE_INFINITY;
    else if (outcome.rejection === 'circuit_open')
      endpoint.closedUntil = now + (outcome.retryAfterMs ?? Number.POSITIVE_INFINITY);
    const ticket = this.#ticket;
    this.#ticket = undefined;
    if (ticket !== undefined) this.#layer.ended(ticket, findingOf(outcome), now);
  }

  /** Whether the call is to go on, if there is where to. An endpoint that turned it away has cost it nothing. */
  #wantsAnother(outcome: Outcome, now: number): boolean {
    if (this.cause !== undefined || this.call.isAnswered || this.deadlineAt() <= now) return false;
    if (outcome.rejection !== undefined) return outcome.rejection === 'circuit_open';
    if (outcome.verdict !== 'transient') return false;
    return (
      (this.mayRepeat || outcome.safeToRepeat) && (this.#before?.failovers ?? 0) < this.#layer.maxFailovers
    );
  }

  /** Whether there was where to, and the budget had room; then another run has begun. */
  #goOn(outcome: Outcome, now: number): boolean {
    const layer = this.#layer;
    const isTurnedAway = outcome.rejection !== undefined;
    const before = this.#before;
    const next = new EndpointRun(
      layer,
      this.outer,
      {
        run: this,
        outcome: isTurnedAway ? before?.outcome : outcome,
        failovers: (before?.failovers ?? 0) + (isTurnedAway ? 0 : 1),
      },
      now,
    );
    const to = layer.choose(next, now);
    if (to === undefined || !(isTurnedAway || layer.takesExtra(this.call, now))) {
      next.close();
      return false;
    }
    if (!isTurnedAway) layer.failsOver(this.#endpoint, to, outcome, this.outer);
    next.#follow(to, now);
    return true;
  }

  /** A listener may have ended the call. */
  #follow(endpoint: EndpointState, now: number): void {
    const { cause, reason } = this;
    if (cause === undefined) {
      this.go(endpoint, now);
      return;
    }
    const held = this.#before?.outcome;
    if (held?.ok === true) this.call.discard(held.value);
    this.close();
    this.#layer.outer.settle(this.outer, cutShort(reason, cause, 'ignored'), now);
  }
}

function runOutcome({ verdict, rejection, cut }: Outcome): RunOutcome {
  if (rejection !== undefined) return 'rejected';
  if (verdict !== 'transient' && verdict !== 'permanent') return verdict;
  return cut === undefined ? 'failure' : 'timeout';
}

/** What a fallback or a cache within answered says nothing. */
function findingOf({ verdict, rejection, source }: Outcome): Finding {
  if (rejection !== undefined || source !== 'live') return 'nothing';
  if (verdict === 'success' || verdict === 'refused') return 'success';
  return verdict === 'transient' || verdict === 'permanent' ? 'failure' : 'nothing';
}

/** A call that ran out of time tells what it had failed with at the endpoint before. */
function tellCause({ error, cut }: Outcome, held: Outcome): void {
  if (cut === undefined || held.ok || held.error === error) return;
  if (isBreakwaterError(error, 'TIMEOUT') && error.cause === undefined) error.cause = held.error;
}
