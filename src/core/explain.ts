import type { Strategy } from './pipeline.ts';

/** The most that a pipeline can take, seen from outside. */
export interface WorstCase {
  /** Milliseconds; `Infinity` where nothing bounds it. */
  readonly latencyMs: number;
  readonly attempts: number;
}

/** The worst case of a pipeline, from the innermost layer outward. */
export function worstCase(strategies: readonly Strategy[]): WorstCase {
  return strategies.reduceRight<WorstCase>(
    ({ latencyMs, attempts }, { timeoutMs = Number.POSITIVE_INFINITY, maxRuns = 1, maxWaitMs = 0 }) => ({
      latencyMs: Math.min(latencyMs * maxRuns + maxWaitMs, timeoutMs),
      attempts: attempts * maxRuns,
    }),
    { latencyMs: Number.POSITIVE_INFINITY, attempts: 1 },
  );
}

/** A policy's pipeline in words. */
export function explainPipeline(name: string, strategies: readonly Strategy[]): string {
  const { latencyMs, attempts } = worstCase(strategies);
  const bound = Number.isFinite(latencyMs) ? `at most ${latencyMs} ms` : 'no bound';
  const lines = strategies.map((strategy, at) => `  ${at + 1}. ${strategy.describe()}`);
  return [
    `Policy '${name}', outermost layer first:`,
    ...lines,
    `  ${strategies.length + 1}. the operation`,
    `Worst case: ${bound}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}.`,
  ].join('\n');
}
