import type { Strategy } from './pipeline.ts';

/** The most that a pipeline can take, seen from outside. */
export interface WorstCase {
  /** Milliseconds; `Infinity` where nothing bounds it. */
  readonly latencyMs: number;
  readonly attempts: number;
}

/**
 * The worst case of a pipeline, from the innermost layer outward.
 *
 * @param asked whether the dependency asks for the longest waits that are heeded
 */
export function worstCase(strategies: readonly Strategy[], asked = false): WorstCase {
  return strategies.reduceRight<WorstCase>(
    (within, strategy) => {
      if (strategy.worstCase !== undefined) return strategy.worstCase(within, asked);
      const { latencyMs, attempts } = within;
      const { timeoutMs = Number.POSITIVE_INFINITY, maxRuns = 1, maxWaitMs = 0 } = strategy;
      const waitMs = asked ? (strategy.maxAskedWaitMs ?? maxWaitMs) : maxWaitMs;
      return {
        latencyMs: Math.min(latencyMs * maxRuns + waitMs, timeoutMs),
        attempts: attempts * maxRuns,
      };
    },
    { latencyMs: Number.POSITIVE_INFINITY, attempts: 1 },
  );
}

/** A policy's pipeline in words. */
export function explainPipeline(name: string, strategies: readonly Strategy[]): string {
  const { latencyMs, attempts } = worstCase(strategies);
  const asked = worstCase(strategies, true);
  const longer = asked.latencyMs > latencyMs ? ` (${asked.latencyMs} ms where it asks for longer waits)` : '';
  const bound = Number.isFinite(latencyMs) ? `at most ${latencyMs} ms${longer}` : 'no bound';
  const lines = strategies.map((strategy, at) => `  ${at + 1}. ${strategy.describe()}`);
  return [
    `Policy '${name}', outermost layer first:`,
    ...lines,
    `  ${strategies.length + 1}. the operation`,
    `Worst case: ${bound}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}.`,
  ].join('\n');
}
