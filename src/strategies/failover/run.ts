import type { OperationContext } from '../../core/attempt.ts';
import { monotonicNow } from '../../core/clock.ts';
import {
  cutShort,
  isTurnedAway,
  type Outcome,
  type RejectionReason,
  tellCause,
  wantsFallback,
} from '../../core/outcome.ts';
import { attemptOutcome } from '../../core/outcome-names.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import type { Finding, Ticket } from './ejection.ts';
import type { EndpointState } from './endpoint.ts';
import type { FailoverLayer } from './layer.ts';

/** Reasons for which one endpoint turns a call away and another may take it. A rate is the policy's own. */
const ofOneEndpoint: ReadonlySet<RejectionReason> = new Set([
  'circuit_open',
  'bulkhead_full',
  'limit_reached',
  'throttled',
]);

/** What a run follows. */
interface Before {
  readonly run: EndpointRun;
  /** The call's, if nothing better comes; `undefined` while every endpoint so far has turned it away. */
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
  /** When the operation began there; `undefined` before that, and once it has answered. */
  #askedAt: number | undefined = undefined;
  /** Whether the value of the run before is let go of. */
  #isHeldGone = false;

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

  /** Whether its call goes on from another endpoint. */
  get goesOn(): boolean {
    return this.#before !== undefined;
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
    this.#ticket = this.#layer.began(this, endpoint, now);
    this.#layer.inner.enter(this, now);
  }

  override invoke(context: OperationContext): unknown {
    this.#askedAt = monotonicNow();
    return super.invoke(context);
  }

  override answered(within: Passage | undefined): void {
    this.#noteAnswer(monotonicNow());
    super.answered(within);
    this.#letGoOfHeld();
  }

  settled(outcome: Outcome, now: number): void {
    const turnedAway = isTurnedAway(outcome);
    this.#tell(outcome, turnedAway, now);
    const held = this.#before?.outcome;
    if (!turnedAway && held !== undefined) {
      this.#letGoOfHeld();
      tellCause(outcome, held);
    }
    const goesOn = this.#wantsAnother(outcome, turnedAway, now);
    this.close();
    if (goesOn && this.#goOn(outcome, turnedAway, now)) return;
    // An attempt's own outcome says more than that there was nowhere else to go.
    this.#layer.outer.settle(this.outer, turnedAway ? (held ?? outcome) : outcome, now);
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

  /** The value of the run before is nobody's any more. */
  #letGoOfHeld(): void {
    const held = this.#before?.outcome;
    if (held?.ok !== true || this.#isHeldGone) return;
    this.#isHeldGone = true;
    this.call.discard(held.value);
  }

  /** Counts what came of the run, and what it says of the endpoint. */
  #tell(outcome: Outcome, turnedAway: boolean, now: number): void {
    const finding = turnedAway ? 'nothing' : this.#findingOf(outcome, now);
    if (finding === 'success') this.#noteAnswer(now);
    this.#endpoint.runSettled(turnedAway ? 'rejected' : attemptOutcome(outcome));
    const ticket = this.#ticket;
    this.#ticket = undefined;
    if (ticket !== undefined) this.#layer.ended(this, ticket, finding, now);
  }

  #noteAnswer(now: number): void {
    if (this.#askedAt !== undefined) this.#endpoint.answerTimes.add(now - this.#askedAt);
    this.#askedAt = undefined;
  }

  /**
   * What a fallback or a cache within answered says nothing. A deadline of the call that cut the operation short says that
   * the endpoint fails where it had longer than its answers usually take; its verdict may be that nobody can say, for
   * another caller would have waited.
   */
  #findingOf({ verdict, source, cut }: Outcome, now: number): Finding {
    if (source !== 'live') return 'nothing';
    if (verdict === 'success' || verdict === 'refused') return 'success';
    if (verdict === 'transient' || verdict === 'permanent') return 'failure';
    const askedAt = this.#askedAt;
    if (cut === undefined || askedAt === undefined) return 'nothing';
    if (cut !== 'caller-deadline' && cut !== 'total-timeout') return 'unanswered';
    return now - askedAt > this.#endpoint.answerTimes.usualMs ? 'failure' : 'nothing';
  }

  /** Whether the call is to go on, if there is where to. An endpoint that turned it away has cost it nothing. */
  #wantsAnother(outcome: Outcome, turnedAway: boolean, now: number): boolean {
    if (this.cause !== undefined || this.call.isAnswered || this.deadlineAt() <= now) return false;
    const { rejection, verdict } = outcome;
    if (rejection !== undefined) return ofOneEndpoint.has(rejection);
    const mayRepeat = this.mayRepeat || outcome.safeToRepeat;
    // The policy within that turned it away may not be all that its operation asks.
    if (turnedAway) return mayRepeat && wantsFallback(outcome);
    return verdict === 'transient' && mayRepeat && (this.#before?.failovers ?? 0) < this.#layer.maxFailovers;
  }

  /** Whether there was where to, and the budget had room; then another run has begun. */
  #goOn(outcome: Outcome, turnedAway: boolean, now: number): boolean {
    const layer = this.#layer;
    const before = this.#before;
    const next = new EndpointRun(
      layer,
      this.outer,
      {
        run: this,
        outcome: turnedAway ? before?.outcome : outcome,
        failovers: (before?.failovers ?? 0) + (turnedAway ? 0 : 1),
      },
      now,
    );
    const to = layer.choose(next, now);
    if (to === undefined || !(turnedAway || layer.takesExtra(this.call, now))) {
      next.close();
      return false;
    }
    if (!turnedAway) layer.failsOver(this.#endpoint, to, outcome, this.outer);
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
