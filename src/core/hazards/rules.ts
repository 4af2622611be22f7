import type { AttemptBudgetLimits } from '../attempt-budget.ts';
import { worstCase } from '../explain.ts';
import type { Hazard } from '../hazards.ts';
import type { Strategy, StrategyKind } from '../pipeline.ts';

/** What bears on a policy's hazards beside its layers. */
export interface PolicyFacts {
  /** Keys of options that nobody gave, so that the library's default holds. Default: none. */
  readonly assumed?: ReadonlySet<string> | undefined;
  /** The threshold of the policy's latency objective, in milliseconds. Default: none. */
  readonly latencyThresholdMs?: number | undefined;
  /** The limits of the policy's budget of extra attempts. Default: none. */
  readonly budget?: AttemptBudgetLimits | undefined;
}

/** A rule looks at a policy's layers, outermost first, and says what is risky. */
type Rule = (strategies: readonly Strategy[], facts: PolicyFacts) => Hazard | undefined;

/** What is risky about a policy, as far as its options tell. At most one of each code, in the order of the rules. */
export function hazardsOf(strategies: readonly Strategy[], facts: PolicyFacts): readonly Hazard[] {
  return rules.flatMap((rule) => rule(strategies, facts) ?? []);
}

const rules: readonly Rule[] = [
  noTimeout,
  attemptTimeoutOverTotal,
  worstCaseOverTotal,
  queueOverTotal,
  latencyObjectiveOverTimeout,
  windowUnderTwoAttempts,
  retryOnRetry,
  failoverInOneCircuit,
  failoverSlowToNotice,
  hedgeSlow,
  chaosWithoutEnd,
];

/** A layer that bounds what lies within it, with that. */
interface Bound {
  /** The key of its option; `undefined` in a user's own order. */
  readonly key: string | undefined;
  readonly timeoutMs: number;
  readonly within: readonly Strategy[];
}

/** The timeouts, outermost first. */
function boundsOf(strategies: readonly Strategy[]): readonly Bound[] {
  return strategies.flatMap(({ kind, key, timeoutMs }, at) =>
    kind === 'timeout' && timeoutMs !== undefined
      ? [{ key, timeoutMs, within: strategies.slice(at + 1) }]
      : [],
  );
}

/** The bounds around a layer. */
function boundsAround(layer: Strategy, strategies: readonly Strategy[]): readonly Bound[] {
  return boundsOf(strategies).filter(({ within }) => within.includes(layer));
}

/** The tightest of them, in milliseconds; `Infinity` for none. */
function tightest(bounds: readonly Bound[]): number {
  return Math.min(...bounds.map(({ timeoutMs }) => timeoutMs));
}

/** The layers of that kind, each with what lies within it. */
function layersOf(kind: StrategyKind, strategies: readonly Strategy[]) {
  return strategies.flatMap((layer, at) =>
    layer.kind === kind ? [{ layer, within: strategies.slice(at + 1) }] : [],
  );
}

function repeats({ maxRuns = 1 }: Strategy): boolean {
  return maxRuns > 1;
}

function noTimeout(strategies: readonly Strategy[]): Hazard | undefined {
  if (boundsOf(strategies).length > 0) return undefined;
  return {
    code: 'NO_TIMEOUT',
    message:
      'The policy has no timeout: an operation that hangs keeps its caller waiting for ever, and the circuit breaker ' +
      'never hears of it. Give it a totalTimeoutMs or an attemptTimeoutMs.',
  };
}

/**
 * An attempt timeout that can never fire. The library's own default is spared where nothing repeats: the total timeout
 * then does its work.
 */
function attemptTimeoutOverTotal(
  strategies: readonly Strategy[],
  { assumed }: PolicyFacts,
): Hazard | undefined {
  const bounds = boundsOf(strategies);
  for (const [at, { timeoutMs }] of bounds.entries()) {
    const aroundMs = tightest(bounds.slice(0, at));
    if (timeoutMs <= aroundMs) continue;
    if (assumed?.has('attemptTimeoutMs') === true && !strategies.some(repeats)) continue;
    return {
      code: 'ATTEMPT_TIMEOUT_OVER_TOTAL',
      message:
        `An attempt may take ${timeoutMs} ms, longer than the ${aroundMs} ms around it: the attempt timeout never fires, and ` +
        'one slow attempt leaves no time for another. Make attemptTimeoutMs a fraction of totalTimeoutMs.',
    };
  }
  return undefined;
}

/**
 * Runs that the total timeout leaves no room for: not even two where each takes all its time, or less than half of what
 * they may come to with their waits. A timeout that only cuts off the last of several runs is as it should be.
 */
function worstCaseOverTotal(strategies: readonly Strategy[]): Hazard | undefined {
  // A hedge at a percentile begins when most attempts are over, so that it hardly adds to the time of a run.
  const lasting = strategies.filter(({ kind, delayMs }) => kind !== 'hedge' || delayMs !== undefined);
  for (const { timeoutMs, within } of boundsOf(lasting)) {
    const at = within.findIndex(
      (layer) => repeats(layer) && (layer.kind === 'retry' || layer.kind === 'failover'),
    );
    const layer = within[at];
    if (layer === undefined) continue;
    const { latencyMs: runMs } = worstCase(within.slice(at + 1));
    const { latencyMs: allMs } = worstCase(within.slice(at));
    // Where one attempt alone is longer, another hazard says so; where nothing bounds it, the operation has its own time.
    if (boundsOf(within).some((bound) => bound.timeoutMs > timeoutMs) || !Number.isFinite(allMs)) continue;
    if (2 * runMs <= timeoutMs && allMs <= 2 * timeoutMs) continue;
    return { code: 'WORST_CASE_OVER_TOTAL_TIMEOUT', message: tooLong(layer, runMs, allMs, timeoutMs) };
  }
  return undefined;
}

function tooLong({ kind }: Strategy, runMs: number, allMs: number, timeoutMs: number): string {
  const others = kind === 'retry' ? 'retries' : 'other endpoints';
  if (2 * runMs > timeoutMs)
    return (
      `In the worst case two runs of up to ${runMs} ms do not fit into the ${timeoutMs} ms around them, so that ${others} ` +
      'cannot help against what is slow. Lower attemptTimeoutMs, or raise totalTimeoutMs.'
    );
  return (
    `In the worst case a call with its ${others} would take ${allMs} ms, more than twice the ${timeoutMs} ms around them, so ` +
    `that most of them never happen. Lower attemptTimeoutMs${kind === 'retry' ? ' or maxRetries' : ''}, or raise totalTimeoutMs.`
  );
}

const queues: ReadonlySet<StrategyKind> = new Set(['bulkhead', 'rate-limit']);

function queueOverTotal(strategies: readonly Strategy[]): Hazard | undefined {
  for (const { timeoutMs, within } of boundsOf(strategies)) {
    const layer = within.find(
      ({ kind, maxWaitMs = 0 }) => queues.has(kind) && maxWaitMs >= timeoutMs && Number.isFinite(maxWaitMs),
    );
    if (layer === undefined) continue;
    return {
      code: 'QUEUE_OVER_TOTAL_TIMEOUT',
      message:
        `A call may wait ${layer.maxWaitMs} ms for its turn in the ${layer.kind}, and has ${timeoutMs} ms in all: under ` +
        'load calls die in the queue, and those that get through have no time left. Let them wait a fraction of the total timeout.',
    };
  }
  return undefined;
}

function latencyObjectiveOverTimeout(
  strategies: readonly Strategy[],
  { latencyThresholdMs }: PolicyFacts,
): Hazard | undefined {
  const { latencyMs } = worstCase(strategies);
  if (latencyThresholdMs === undefined || latencyThresholdMs < latencyMs) return undefined;
  return {
    code: 'LATENCY_OBJECTIVE_OVER_TIMEOUT',
    message:
      `No call takes longer than ${latencyMs} ms, and the latency objective's threshold is ${latencyThresholdMs} ms: what ` +
      'is slow can never count against it. Set the threshold to what users notice.',
  };
}

function windowUnderTwoAttempts(
  strategies: readonly Strategy[],
  { assumed }: PolicyFacts,
): Hazard | undefined {
  for (const { layer, within } of layersOf('circuit-breaker', strategies)) {
    const { windowMs } = layer;
    const { latencyMs: runMs } = worstCase(within);
    // Where nothing but a timeout that nobody asked for bounds it, the operation has its own time.
    const around = boundsAround(layer, strategies).filter(
      ({ key = '' }) => Number.isFinite(runMs) || assumed?.has(key) !== true,
    );
    const limitMs = Math.min(runMs, tightest(around));
    if (windowMs === undefined || !Number.isFinite(limitMs) || windowMs >= 2 * limitMs) continue;
    return {
      code: 'WINDOW_UNDER_TWO_ATTEMPTS',
      message:
        `The circuit's window is ${windowMs} ms, and what it counts may take ${limitMs} ms: attempts that time out drop ` +
        `out of the window before enough of them are in it. Make the window ${2 * limitMs} ms or more, or attempts shorter.`,
    };
  }
  return undefined;
}

function retryOnRetry(strategies: readonly Strategy[]): Hazard | undefined {
  const layers = strategies.filter((layer) => layer.kind === 'retry' && repeats(layer));
  if (layers.length < 2) return undefined;
  const runs = layers.reduce((product, { maxRuns = 1 }) => product * maxRuns, 1);
  return {
    code: 'RETRY_ON_RETRY',
    message:
      `The policy retries in ${layers.length} layers, which multiply to ${runs} attempts for each call: a dependency in ` +
      'trouble gets a storm. Retry in one layer only.',
  };
}

function failoverInOneCircuit(strategies: readonly Strategy[]): Hazard | undefined {
  const isShared = layersOf('circuit-breaker', strategies).some(({ within }) =>
    within.some(({ kind }) => kind === 'failover'),
  );
  if (!isShared) return undefined;
  return {
    code: 'FAILOVER_IN_ONE_CIRCUIT',
    message:
      'A circuit breaker stands around the failover: one circuit for all endpoints, which turns calls away that a ' +
      'healthy endpoint could serve. Put the circuit breaker within the failover, where each endpoint has its own.',
  };
}

/**
 * An endpoint that hangs for longer than the budget has failovers for: what begins in `ratio` times the period. Where
 * nothing bounds an attempt, the operation has its own time.
 */
function failoverSlowToNotice(strategies: readonly Strategy[], { budget }: PolicyFacts): Hazard | undefined {
  if (budget === undefined) return undefined;
  const paidMs = Math.round(budget.ratio * budget.periodMs);
  for (const { layer, within } of layersOf('failover', strategies)) {
    const attemptMs = tightest(boundsOf(within));
    if (!repeats(layer) || !Number.isFinite(attemptMs) || attemptMs <= paidMs) continue;
    return {
      code: 'FAILOVER_SLOW_TO_NOTICE',
      message:
        `An endpoint that hangs shows it after ${attemptMs} ms, and the attempt budget pays for the failovers of the calls of ` +
        `${paidMs} ms: the rest of those that went there until then are lost. Make attemptTimeoutMs ${paidMs} ms or less, or ` +
        'the ratio of attemptBudget larger.',
    };
  }
  return undefined;
}

/** A hedge that starts when the first attempt has hardly any time left only adds load. */
function hedgeSlow(strategies: readonly Strategy[]): Hazard | undefined {
  for (const { layer, within } of layersOf('hedge', strategies)) {
    const { delayMs } = layer;
    const { latencyMs: runMs } = worstCase(within);
    const limitMs = Math.min(runMs, tightest(boundsAround(layer, strategies)));
    if (delayMs === undefined || !isSlowToHedge(delayMs, limitMs)) continue;
    return { code: 'HEDGE_SLOW', message: slowHedge(delayMs, limitMs) };
  }
  return undefined;
}

/** Whether what has not ended after `delayMs` has hardly any time left. */
export function isSlowToHedge(delayMs: number, limitMs: number): boolean {
  return delayMs >= limitMs / 2;
}

/** What is said of such a hedge. */
export function slowHedge(delayMs: number, limitMs: number): string {
  return (
    `A hedge starts after ${delayMs} ms, and an attempt has ${limitMs} ms at most: what is that slow is slow as a whole, and ` +
    'a second attempt doubles its load and has little time left. Hedge what is usually quick, near its 95th percentile, or not at all.'
  );
}

function chaosWithoutEnd(strategies: readonly Strategy[]): Hazard | undefined {
  if (!strategies.some((layer) => layer.chaos?.isEndless === true)) return undefined;
  return {
    code: 'CHAOS_WITHOUT_END',
    message:
      'Chaos is on without an end: faults are made on purpose until somebody remembers to switch it off. Give forMs, in the ' +
      'options or, when an experiment begins, by policy.chaos.start({ forMs }).',
  };
}
