import type { AsyncResource } from 'node:async_hooks';
import { monotonicNow } from '../../core/clock.ts';
import { deadlines } from '../../core/deadlines.ts';
import { withoutStack } from '../../core/errors.ts';
import { isTurnedAway, type Outcome } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { Deadline } from '../../core/scope.ts';
import type { HedgeLayer } from './layer.ts';

/** What became of a hedge; the values of the label `result` of `hedges_total`. */
export const hedgeResults = ['won', 'lost', 'failed', 'rejected', 'denied'] as const;
/** What became of a hedge. */
export type HedgeResult = (typeof hedgeResults)[number];

/**
 * One pass through the layer: its first run, and the hedges beside it. It is the deadline that hedges wait for, beside
 * the runs and not around them, so that no operation takes it for its own.
 *
 * It hands out one outcome: the first good answer, or an outcome after which another try will not do, or, when no run is
 * left, the most telling of them. The other runs are ended before that, so that their places are free when it is heard.
 */
export class Hedging extends Deadline {
  readonly layer: HedgeLayer;
  readonly passage: Passage;
  readonly #first: HedgeRun;
  /** Most passes make none. */
  #hedges: HedgeRun[] | undefined = undefined;
  #inFlight = 0;
  /** The run that has answered, perhaps before it is over, as with a stream: only its outcome counts. */
  #answering: HedgeRun | undefined = undefined;
  /** The most telling of the outcomes so far, while others may follow. */
  #kept: Outcome | undefined = undefined;
  #done = false;
  /** A run was turned away within, or the dependency asked to be left alone: no more hedges. */
  #stopped = false;
  /** Attempts of the call when the newest run was sent inward. */
  #attemptsBefore = 0;
  /** Whether that run had not reached the dependency when it was last looked at: its time begins after that. */
  #wasWithin = false;

  constructor(layer: HedgeLayer, passage: Passage, now: number) {
    super();
    this.layer = layer;
    this.passage = passage;
    this.#first = new HedgeRun(this, passage, now, false);
  }

  override get context(): AsyncResource | undefined {
    return this.passage.context;
  }

  start(now: number): void {
    this.#send(this.#first, now);
  }

  /** The newest run has had its time. */
  override expire(now: number): void {
    // What still waits within, for a place or a token, has not reached the dependency: another would wait behind it.
    const isWithin = this.passage.call.attempts === this.#attemptsBefore;
    const wasWithin = this.#wasWithin;
    this.#wasWithin = isWithin;
    if (isWithin || wasWithin) this.#await(now);
    else this.#hedge(now, false);
  }

  /** Takes the outcome of a run. */
  settle(run: HedgeRun, outcome: Outcome, now: number): void {
    const { layer } = this;
    run.over();
    this.#inFlight -= 1;
    if (this.#answering === run) {
      this.#finish(outcome, now);
    } else if (this.#done || this.#answering !== undefined) {
      if (run !== this.#first) layer.count('lost');
      // It would have taken longer still, and left out it would make the others look like all.
      else layer.latencies.add(now - run.since, now);
      this.#drop(outcome);
    } else if (isGood(outcome)) {
      this.#won(run, now);
      this.#finish(outcome, now);
    } else this.#failed(run, outcome, now);
  }

  /** The caller has its answer from `run`, which is not over. Whether it is this run's to give. */
  answered(run: HedgeRun): boolean {
    if (this.#done || this.#answering !== undefined) return false;
    this.#answering = run;
    this.#won(run, monotonicNow());
    deadlines.clear(this);
    this.#endOthers();
    return true;
  }

  #won(run: HedgeRun, now: number): void {
    if (run !== this.#first) this.layer.count('won');
    // Only first runs tell the latency: of hedges those that are slow lose, and would be missing.
    else this.layer.latencies.add(now - run.since, now);
  }

  #failed(run: HedgeRun, outcome: Outcome, now: number): void {
    const { layer, passage } = this;
    const isOver = passage.cause !== undefined;
    const turnedAway = isTurnedAway(outcome);
    if (run !== this.#first) layer.count(isOver ? 'lost' : turnedAway ? 'rejected' : 'failed');
    this.#keep(outcome);
    if (!isOver && isFinal(outcome)) {
      this.#finish(outcome, now);
      return;
    }
    if (turnedAway || outcome.retryAfterMs !== undefined) this.#stopped = true;
    else this.#hedge(now, true);
    if (this.#inFlight === 0 && !this.#done) this.#finish(this.#kept ?? outcome, now);
  }

  /** Makes a hedge, where one may be made. */
  #hedge(now: number, afterFailure: boolean): void {
    const { layer, passage } = this;
    const made = this.#hedges?.length ?? 0;
    if (this.#stopped || this.#done || made >= layer.maxHedges) return;
    if (passage.cause !== undefined || passage.call.isAnswered || now >= passage.deadlineAt()) return;
    if (layer.inner.refuses?.(passage, now) === true || !layer.afford(now)) return;
    const run = new HedgeRun(this, passage, now, this.#inFlight > 0);
    if (this.#hedges === undefined) this.#hedges = [run];
    else this.#hedges.push(run);
    deadlines.clear(this);
    layer.announce(made + 1, now - this.#first.since, afterFailure, passage.call.trace);
    // A listener may have ended the call, and with it all that was in flight.
    if (run.cause === undefined && !this.#done) this.#send(run, now);
    else {
      run.close();
      layer.count('lost');
    }
  }

  #send(run: HedgeRun, now: number): void {
    this.#inFlight += 1;
    this.#attemptsBefore = this.passage.call.attempts;
    this.#wasWithin = false;
    run.isLive = true;
    this.layer.inner.enter(run, now);
    if (!this.#done && this.#answering === undefined && !this.armed) this.#await(now);
  }

  /** Waits for the time of the next hedge, if there may be one. */
  #await(now: number): void {
    const { layer } = this;
    if (this.#stopped || (this.#hedges?.length ?? 0) >= layer.maxHedges) return;
    const delayMs = layer.delayMs;
    if (delayMs !== undefined) deadlines.arm(this, delayMs, now);
  }

  #finish(outcome: Outcome, now: number): void {
    this.#done = true;
    deadlines.clear(this);
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined && kept !== outcome) this.#drop(kept);
    this.#endOthers();
    this.layer.outer.settle(this.passage, outcome, now);
  }

  #endOthers(): void {
    const hedges = this.#hedges;
    if (hedges === undefined) return;
    for (const run of [this.#first, ...hedges]) {
      if (run.isLive && run !== this.#answering) run.end('abandoned', withoutStack(lostReason));
    }
  }

  /** Keeps an outcome that is no answer, unless a more telling one is kept; of two alike the later. */
  #keep(outcome: Outcome): void {
    const kept = this.#kept;
    if (kept === undefined || this.#tells(outcome) >= this.#tells(kept)) {
      this.#kept = outcome;
      if (kept !== undefined) this.#drop(kept);
    } else this.#drop(outcome);
  }

  #tells(outcome: Outcome): number {
    const { cut, verdict } = outcome;
    // What ended the whole pass is what its outcome is about.
    if (cut !== undefined && cut === this.passage.cause) return verdict === 'ignored' ? 3 : 4;
    if (isTurnedAway(outcome)) return 0;
    return verdict === 'ignored' ? 1 : 2;
  }

  #drop(outcome: Outcome): void {
    if (outcome.ok && outcome.source === 'live') this.passage.call.discard(outcome.value);
  }
}

/** One run of what lies within. */
export class HedgeRun extends InnerPassage {
  readonly hedging: Hedging;
  readonly #startedAt: number;
  /** Whether another run was under way when it began. */
  readonly #hasOther: boolean;
  /** Whether it is on its way within. */
  isLive = false;

  constructor(hedging: Hedging, passage: Passage, now: number, hasOther: boolean) {
    super(hedging.layer, passage);
    this.hedging = hedging;
    this.#startedAt = now;
    this.#hasOther = hasOther;
  }

  override get isBeside(): boolean {
    return this.#hasOther || super.isBeside;
  }

  override get since(): number {
    return this.#startedAt;
  }

  override answered(within: Passage | undefined): void {
    if (this.hedging.answered(this)) super.answered(within);
  }

  over(): void {
    this.isLive = false;
    this.close();
  }
}

function lostReason(): DOMException {
  return new DOMException('Another attempt of the same call has answered, or ended it.', 'AbortError');
}

/** The dependency has answered: no other run can do better. */
function isGood({ rejection, verdict }: Outcome): boolean {
  return rejection === undefined && (verdict === 'success' || verdict === 'refused');
}

/** Another try will not do, so that waiting for one that runs will not either. */
function isFinal(outcome: Outcome): boolean {
  return outcome.verdict !== 'transient' && !isTurnedAway(outcome);
}
