import { ErrorTally } from '../../core/error-tally.ts';
import type { AttemptEvent } from '../../core/events.ts';
import type { ChangeOf } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';
import { redact } from '../redact.ts';
import { budgetFacts, type ObjectiveStanding, type Remaining, remainingBefore } from './budget.ts';
import { callFacts, latencyFacts, together } from './call-facts.ts';
import type { PolicyEvidence } from './policy-evidence.ts';

/** How many kinds of errors are told, and how many are counted to find those. */
const MAX_TOLD_KINDS = 10;
const MAX_COUNTED_KINDS = 100;

/** What makes a `WatchedPolicy`. */
export interface WatchedParts {
  readonly policy: string;
  readonly evidence: PolicyEvidence;
  readonly standings: readonly ObjectiveStanding[];
  /** The incident as it stood, where another process has watched it until now, or it was resolved meanwhile. */
  readonly earlier?: IncidentJson['impact'] | undefined;
}

/** The policy of an incident, from the first failure on. */
export class WatchedPolicy {
  readonly policy: string;
  readonly #evidence: PolicyEvidence;
  readonly #earlier: IncidentJson['impact'] | undefined;
  readonly #from: Float64Array;
  readonly #remaining: Remaining;
  readonly #errors = new ErrorTally(MAX_COUNTED_KINDS);

  constructor({ policy, evidence, standings, earlier }: WatchedParts) {
    this.policy = policy;
    this.#evidence = evidence;
    this.#earlier = earlier;
    const { counts } = evidence;
    const now = counts.copy();
    // What failed before is in what was measured before.
    const onset = earlier === undefined ? evidence.onset() : undefined;
    this.#from = onset?.counts ?? now;
    if (onset !== undefined) this.#errors.merge(onset.errors);
    const remaining = new Map(remainingBefore(standings, counts.between(this.#from, now).slis));
    for (const { sli, remainingBefore: known } of earlier?.budget ?? []) {
      if (known !== null) remaining.set(sli, known);
    }
    this.#remaining = remaining;
    for (const { kind, count, sample } of earlier?.errors ?? []) {
      this.#errors.merge({ kinds: [{ kind, count, sample, trace: undefined }], others: 0 });
    }
    this.#errors.merge({ kinds: [], others: earlier?.otherErrors ?? 0 });
  }

  /** Kinds of its errors, the most frequent first. */
  get errorKinds(): readonly string[] {
    return this.#errors.kinds.slice(0, MAX_TOLD_KINDS).map(({ kind }) => redact(kind));
  }

  /** Counts an attempt that failed; other attempts are passed over. */
  attempted({ outcome, error, trace, reason }: AttemptEvent): void {
    if (outcome === 'failure' || outcome === 'timeout' || outcome === 'defect')
      this.#errors.add(error, trace, reason);
  }

  /**
   * What it came to until now.
   *
   * @param traceIdOf what a call's trace is found by
   */
  measure(
    standings: readonly ObjectiveStanding[],
    traceIdOf: (trace: unknown) => string | undefined,
  ): Omit<ChangeOf<'measured'>, 'type' | 'at' | 'eventLoopDelayP99Ms'> {
    const { counts } = this.#evidence;
    const during = counts.between(this.#from, counts.copy());
    const facts = callFacts(during.stats);
    const earlier = this.#earlier;
    const known = this.#errors.kinds;
    const told = known.slice(0, MAX_TOLD_KINDS);
    return {
      during: earlier?.during ? together(earlier.during, facts) : facts,
      latency: latencyFacts(counts.between(undefined, this.#from), during, earlier?.latency),
      budget: budgetFacts(standings, this.#remaining),
      errors: told.map(({ kind, count, sample, trace }) => {
        const traceId =
          (trace === undefined ? undefined : traceIdOf(trace)) ??
          earlier?.errors.find((error) => error.kind === kind)?.traceId;
        return { kind: redact(kind), count, sample: redact(sample), ...(traceId ? { traceId } : {}) };
      }),
      otherErrors: known.slice(MAX_TOLD_KINDS).reduce((sum, { count }) => sum + count, this.#errors.others),
    };
  }
}
