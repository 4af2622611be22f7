/** Labels of a series, without its name. */
export type SeriesLabels = Readonly<Record<string, string>>;

/** A series at the time of the question. */
export interface InstantSample {
  readonly labels: SeriesLabels;
  /** NaN and the infinities are possible. */
  readonly value: number;
  /** The time for which the question was answered, in seconds since the Unix epoch. */
  readonly timeSeconds: number;
}

/** What Prometheus answered to an instant query. */
export type PromAnswer =
  /** `warnings`: why the answer may be incomplete. */
  | { readonly ok: true; readonly samples: readonly InstantSample[]; readonly warnings: readonly string[] }
  /** `problem`: why there is no answer. */
  | { readonly ok: false; readonly problem: string };

/** Puts an instant query to Prometheus. Never rejects. */
export type AskPrometheus = (query: string) => Promise<PromAnswer>;

/** Asks, and keeps each problem that comes up, once. */
export class Questions {
  readonly #ask: AskPrometheus;
  readonly #problems = new Set<string>();

  constructor(ask: AskPrometheus) {
    this.#ask = ask;
  }

  /** All that stood in the way so far. */
  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** The series that a query gives; none where there is no answer. */
  async samples(query: string): Promise<readonly InstantSample[]> {
    const answer = await this.#ask(query);
    if (!answer.ok) {
      this.#problems.add(answer.problem);
      return [];
    }
    for (const warning of answer.warnings)
      this.#problems.add(`Prometheus warns that its answer is incomplete: ${warning}`);
    return answer.samples;
  }
}

/** What sets an objective's series apart from those of others. */
export interface SeriesKey {
  readonly service: string;
  readonly policy: string;
  readonly sli: string;
}

/**
 * The labels that tell one objective from another; what has no `service` is known by its `job`. Sloth's own rules record
 * under the same names with labels of their own.
 */
export function keyOf(labels: SeriesLabels): SeriesKey {
  const { service, job, policy, sli, sloth_service, sloth_slo } = labels;
  return {
    service: service || sloth_service || job || '',
    policy: policy ?? sloth_slo ?? '',
    sli: sli ?? '',
  };
}

/** `keyOf`, and more labels where several series share a key, as one text. */
export function keyText({ service, policy, sli }: SeriesKey, ...more: readonly string[]): string {
  return JSON.stringify([service, policy, sli, ...more]);
}

/** Whether an age is one of recent data; nothing is scraped or recorded in the future. */
export function isRecent(ageSeconds: number, maxAgeMs: number): boolean {
  return ageSeconds >= -1 && ageSeconds * 1_000 <= maxAgeMs;
}
