import type { Strategy, StrategyKind } from './pipeline.ts';

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

/** What `describe()` ends with of a layer that may turn calls away. */
export function shadowNote(mode: 'enforce' | 'shadow'): string {
  return mode === 'shadow' ? ' (shadow: turns nothing away)' : '';
}

/** A policy's pipeline in words: what each layer does, and what of a call comes to it. */
export function explainPipeline(name: string, strategies: readonly Strategy[]): string {
  const { latencyMs, attempts } = worstCase(strategies);
  const asked = worstCase(strategies, true);
  const longer = asked.latencyMs > latencyMs ? ` (${asked.latencyMs} ms where it asks for longer waits)` : '';
  const bound = Number.isFinite(latencyMs) ? `at most ${latencyMs} ms${longer}` : 'no bound';
  const lines = strategies.flatMap((strategy, at) => [
    `  ${at + 1}. ${strategy.describe()}`,
    `     sees ${arriving(strategies.slice(0, at))}${standingFor(strategies.slice(at))}`,
  ]);
  return [
    `Policy '${name}', outermost layer first:`,
    ...lines,
    `  ${strategies.length + 1}. the operation`,
    `     runs ${times(runsOf(strategies))}${conditions(strategies, runsOf(strategies))}`,
    `Worst case: ${bound}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}.`,
  ].join('\n');
}

function times(runs: number): string {
  return runs === 1 ? 'once for each call' : `up to ${runs} times for a call`;
}

const turningAway: ReadonlySet<StrategyKind> = new Set([
  'throttle',
  'rate-limit',
  'adaptive-limit',
  'bulkhead',
  'circuit-breaker',
]);

/** What of a call gets through the layers `around`. */
function arriving(around: readonly Strategy[]): string {
  const runs = runsOf(around);
  return `${runs === 1 ? 'each call' : `up to ${runs} runs of a call`}${conditions(around, runs)}`;
}

/** Of so many runs: how many come at once, where they go, and which layers hold some of them back. */
function conditions(around: readonly Strategy[], runs: number): string {
  const atOnce = runsOf(around.filter(({ kind }) => kind === 'hedge'));
  const caches = around.filter(({ kind }) => kind === 'cache-fallback');
  const lost = [
    caches.some((layer) => optionOf(layer, 'freshForMs') !== 0) ? 'what the cache answers' : '',
    caches.some((layer) => optionOf(layer, 'coalesce') === true) ? 'what shares a run' : '',
    turnedAway(around),
  ].filter((part) => part !== '');
  return [
    atOnce > 1 ? (atOnce === runs ? ', perhaps all at once' : `, ${atOnce} of them at once`) : '',
    around.some(({ kind, maxRuns = 1 }) => kind === 'failover' && maxRuns > 1)
      ? ', each at one endpoint'
      : '',
    lost.length > 0 ? `, less ${listed(lost)}` : '',
  ].join('');
}

/** What the limits and circuits of these layers turn away; those in shadow mode turn nothing away. */
function turnedAway(layers: readonly Strategy[]): string {
  const guards = layers
    .filter((layer) => turningAway.has(layer.kind) && optionOf(layer, 'mode') !== 'shadow')
    .map(({ kind }) => `the ${kind.replace('-', ' ')}`);
  return guards.length === 0 ? '' : `what ${listed(guards)} ${guards.length > 1 ? 'turn' : 'turns'} away`;
}

/** An option of a layer as it holds now. */
function optionOf({ adjustable }: Strategy, option: string): unknown {
  const current = adjustable?.current;
  return typeof current === 'object' && current !== null ? Reflect.get(current, option) : undefined;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** How many attempts lie in what comes to the first of these layers: what it makes of them all is one outcome. */
function standingFor(layers: readonly Strategy[]): string {
  const { attempts } = worstCase(layers);
  return attempts === 1 ? '' : `, with up to ${attempts} attempts behind its outcome`;
}

function runsOf(layers: readonly Strategy[]): number {
  return layers.reduce((runs, { maxRuns = 1 }) => runs * maxRuns, 1);
}
