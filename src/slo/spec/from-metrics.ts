import { options, parseOptions } from '../../core/options.ts';
import { type Sli, slis } from '../../metrics/sli.ts';
import { DEFAULT_PERIOD_MS } from '../windows.ts';
import { shiftedDecimal } from './decimals.ts';
import { formatDuration, LONGEST_DURATION_MS } from './durations.ts';
import { type ExpositionSample, readExposition } from './exposition.ts';
import type { RuleLabels, Slo, SloSpec } from './model.ts';
import { sloNameOf } from './own-format.ts';
import { printable, SpecError, type SpecProblem } from './problems.ts';
import { MIN_PERIOD_MS, PERIOD_STEP_MS, specDefaults } from './schema.ts';
import { seriesLabelNames, specLabels, specName } from './shapes.ts';
import { writeSpec } from './write.ts';

const PREFIX = 'breakwater_';
const SUBJECT = 'The metrics give no spec';

/** What a spec of an application's metrics cannot know by them. */
export interface FromMetricsOptions {
  /** The service's name. */
  readonly service: string;
}

const fromMetricsOptions = options({ service: specName });

/**
 * The spec of a running application by its `/metrics`, in Prometheus' text format or OpenMetrics: the objectives of its
 * policies, their periods and latency thresholds. Labels that all series share become the selector, but for those that
 * name one process of several, such as `pod`.
 *
 * @throws {SpecError} when the text is no metrics text, or has no objectives
 */
export function specFromMetrics(metrics: string, given: FromMetricsOptions): SloSpec {
  return readMetrics(metrics, given).spec;
}

/**
 * As `specFromMetrics`, as the text of a spec file, in which policies without objectives stand as comments.
 *
 * @throws {SpecError} when the text is no metrics text, or has no objectives
 */
export function specTextFromMetrics(metrics: string, given: FromMetricsOptions): string {
  const { spec, withoutObjectives } = readMetrics(metrics, given);
  return writeSpec(spec, { suggestedPolicies: withoutObjectives });
}

function readMetrics(
  metrics: string,
  given: FromMetricsOptions,
): { readonly spec: SloSpec; readonly withoutObjectives: readonly string[] } {
  const { service } = parseOptions(fromMetricsOptions, given, '', 'Options of specFromMetrics()');
  const { samples, problem } = readExposition(metrics, PREFIX);
  if (problem !== undefined) {
    throw failure([
      { path: '', ...problem, message: `${printable(problem.message)}; is this a /metrics page?` },
    ]);
  }
  const policies = policiesIn(samples);
  const slos = [...policies.values()].flatMap(slosOf);
  if (slos.length === 0)
    throw failure([{ path: '', line: 1, column: 1, message: whatToDo(samples, policies) }]);
  return {
    spec: {
      service,
      labels: {},
      selector: sharedLabels(samples),
      slos,
      alerts: specDefaults.alerts,
      breakers: specDefaults.breakers,
      periodEvaluationMs: specDefaults.periodEvaluationMs,
    },
    withoutObjectives: [...policies.values()]
      .filter(({ objectives }) => objectives.size === 0)
      .map(({ name }) => name),
  };
}

/** What the metrics say of one policy. */
interface PolicyMetrics {
  readonly name: string;
  readonly objectives: Map<Sli, number>;
  periodMs?: number;
  thresholdMs?: number;
  /** Where its objective for latency stands. */
  latencyLine?: number;
}

function policiesIn(samples: readonly ExpositionSample[]): ReadonlyMap<string, PolicyMetrics> {
  const policies = new Map<string, PolicyMetrics>();
  const problems: SpecProblem[] = [];
  for (const sample of samples) {
    const read = families.get(sample.name);
    const name = sample.labels.get('policy');
    if (read === undefined || name === undefined) continue;
    const policy = policies.get(name) ?? { name, objectives: new Map<Sli, number>() };
    policies.set(name, policy);
    const message = specName.safeParse(name).error?.issues[0]?.message ?? read(policy, sample);
    if (message !== undefined) {
      problems.push({
        path: '',
        line: sample.line,
        column: 1,
        message: printable(`${sample.name} ${message}`),
      });
    }
  }
  for (const { name, objectives, thresholdMs, latencyLine: line } of policies.values()) {
    if (!objectives.has('latency') || thresholdMs !== undefined || line === undefined) continue;
    const message = printable(
      `policy '${name}' has an objective for latency, and no breakwater_slo_latency_threshold_seconds`,
    );
    problems.push({ path: '', line, column: 1, message });
  }
  if (problems.length > 0) throw failure(problems);
  return policies;
}

/**
 * Takes a sample to its policy, and says what is wrong with it. Where processes differ, as during a deployment, the
 * strictest holds.
 */
type ReadSample = (policy: PolicyMetrics, sample: ExpositionSample) => string | undefined;

const families: ReadonlyMap<string, ReadSample> = new Map<string, ReadSample>([
  ['breakwater_calls_total', () => undefined],
  [
    'breakwater_slo_objective_ratio',
    (policy, { labels, value, line }) => {
      const { objectives } = policy;
      const sli = slis.find((known) => known === labels.get('sli'));
      if (sli === undefined) return undefined;
      if (!(value > 0 && value < 1)) return `must be above 0 and below 1, not ${value}`;
      objectives.set(sli, Math.max(value, objectives.get(sli) ?? 0));
      if (sli === 'latency') policy.latencyLine ??= line;
      return undefined;
    },
  ],
  [
    'breakwater_slo_period_seconds',
    (policy, { value }) => {
      const ms = milliseconds(value);
      if (ms === undefined || ms < MIN_PERIOD_MS || ms % PERIOD_STEP_MS !== 0) {
        const least = `${formatDuration(MIN_PERIOD_MS)} and a multiple of ${formatDuration(PERIOD_STEP_MS)}`;
        return `is ${value}; the period of a spec is at least ${least}`;
      }
      policy.periodMs = Math.max(ms, policy.periodMs ?? 0);
      return undefined;
    },
  ],
  [
    'breakwater_slo_latency_threshold_seconds',
    (policy, { value }) => {
      const ms = milliseconds(value);
      if (ms === undefined) return `must be a number of seconds above 0, not ${value}`;
      policy.thresholdMs = Math.min(ms, policy.thresholdMs ?? ms);
      return undefined;
    },
  ],
]);

function milliseconds(seconds: number): number | undefined {
  if (!(seconds > 0 && seconds * 1_000 <= LONGEST_DURATION_MS)) return undefined;
  return Number(shiftedDecimal(seconds, 3));
}

function slosOf({
  name: policy,
  objectives,
  periodMs = DEFAULT_PERIOD_MS,
  thresholdMs,
}: PolicyMetrics): Slo[] {
  return slis.flatMap((sli) => {
    const objective = objectives.get(sli);
    if (objective === undefined) return [];
    return [
      {
        name: sloNameOf(policy, sli),
        policy,
        sli,
        objective,
        periodMs,
        ...(sli === 'latency' && thresholdMs !== undefined ? { thresholdMs } : {}),
        indicator: { kind: 'policy', policy, sli },
        labels: {},
        silenced: [],
      },
    ];
  });
}

/**
 * Labels that name one process of many, or that Prometheus gives itself when it scrapes: a selector with them would
 * miss the others.
 */
const processLabels: ReadonlySet<string> = new Set([
  'job',
  'instance',
  'host',
  'hostname',
  'pod',
  'pod_name',
  'container',
  'container_id',
  'node',
  'pid',
  'process',
  'worker',
  'worker_id',
  'ip',
  'version',
]);

/** Labels that all series have, with the same value: the registry's default labels. */
function sharedLabels(samples: readonly ExpositionSample[]): RuleLabels {
  const [first, ...others] = samples;
  const shared = [...(first?.labels ?? [])].filter(
    ([name, value]) =>
      !processLabels.has(name) &&
      selectorLabels.safeParse({ [name]: value }).success &&
      others.every(({ labels }) => labels.get(name) === value),
  );
  return Object.fromEntries(shared);
}

const selectorLabels = specLabels(seriesLabelNames, 'selector');

function whatToDo(
  samples: readonly ExpositionSample[],
  policies: ReadonlyMap<string, PolicyMetrics>,
): string {
  if (samples.length === 0) {
    return 'there are no metrics of breakwater; is this the /metrics of the registry that createBreakwater() was given, or by default of prom-client?';
  }
  const names = [...policies.keys()].slice(0, 10).map((name) => `'${name}'`);
  if (names.length === 0)
    return 'there are no policies; they are there as soon as the application has made them';
  return printable(
    `no policy has an objective; give it one, as in policy(${names[0]}, { slo: { availability: 0.999 } }); there are ${names.join(', ')}`,
  );
}

function failure(problems: readonly SpecProblem[]): SpecError {
  return new SpecError(problems, SUBJECT);
}
