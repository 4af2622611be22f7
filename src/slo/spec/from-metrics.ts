import { options, parseOptions } from '../../core/options.ts';
import { type Sli, slis } from '../../metrics/sli.ts';
import { DEFAULT_PERIOD_MS } from '../windows.ts';
import { shiftedDecimal } from './decimals.ts';
import { selectorComment, sharedLabels } from './default-labels.ts';
import { formatDuration, LONGEST_DURATION_MS } from './durations.ts';
import { type ExpositionSample, readExposition } from './exposition.ts';
import type { Slo, SloSpec } from './model.ts';
import { sloNameOf } from './own-format.ts';
import { printable, SpecError, type SpecProblem } from './problems.ts';
import { MIN_PERIOD_MS, PERIOD_STEP_MS, specDefaults } from './schema.ts';
import { specName } from './shapes.ts';
import { type SpecNotes, writeSpec } from './write.ts';

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
 * policies, their periods and latency thresholds. Labels that all series share become the selector where they name the
 * application, such as `app` or `environment`. A policy with a period that no spec can have is left out, and in `notes`.
 *
 * @throws {SpecError} when the text is no metrics text, or gives no objectives
 */
export function specFromMetrics(metrics: string, given: FromMetricsOptions): SloSpec {
  return readMetrics(metrics, given).spec;
}

/**
 * As `specFromMetrics`, as the text of a spec file. In its comments stand policies without objectives, those that were
 * left out, and labels that all series share and that are not in the selector.
 *
 * @throws {SpecError} when the text is no metrics text, or gives no objectives
 */
export function specTextFromMetrics(metrics: string, given: FromMetricsOptions): string {
  return specFileFromMetrics(metrics, given).text;
}

/** What `specFromMetrics` and `specTextFromMetrics` give. */
export function specFileFromMetrics(
  metrics: string,
  given: FromMetricsOptions,
): { readonly spec: SloSpec; readonly text: string } {
  const { spec, comments } = readMetrics(metrics, given);
  return { spec, text: writeSpec(spec, comments) };
}

function readMetrics(
  metrics: string,
  given: FromMetricsOptions,
): { readonly spec: SloSpec; readonly comments: SpecNotes } {
  const { service } = parseOptions(fromMetricsOptions, given, '', 'Options of specFromMetrics()');
  const { samples, problem } = readExposition(metrics, PREFIX);
  if (problem !== undefined) {
    throw failure([
      { path: '', ...problem, message: `${printable(problem.message)}; is this a /metrics page?` },
    ]);
  }
  const policies = policiesIn(samples);
  const withObjectives = [...policies.values()].filter(({ objectives }) => objectives.size > 0);
  if (withObjectives.length === 0)
    throw failure([{ path: '', line: 1, column: 1, message: whatToDo(samples, policies) }]);
  const usable = withObjectives.filter((policy) => periodProblem(policy) === undefined);
  const notes = withObjectives.flatMap(noteOn);
  if (usable.length === 0) throw failure(notes);
  const { selector, others } = sharedLabels(samples);
  return {
    spec: {
      service,
      labels: {},
      selector,
      slos: usable.flatMap(slosOf),
      alerts: specDefaults.alerts,
      breakers: specDefaults.breakers,
      periodEvaluationMs: specDefaults.periodEvaluationMs,
      ...(notes.length === 0 ? {} : { notes }),
    },
    comments: {
      onSelector: selectorComment(service, selector, others),
      suggestedPolicies: [...policies.values()]
        .filter(({ objectives }) => objectives.size === 0)
        .map(({ name }) => name),
      leftOutPolicies: withObjectives.flatMap((policy) => {
        const why = periodProblem(policy);
        return why === undefined ? [] : [{ why: `Left out: ${why}.`, slos: slosOf(policy) }];
      }),
    },
  };
}

/** What the metrics say of one policy. */
interface PolicyMetrics {
  readonly name: string;
  readonly objectives: Map<Sli, number>;
  periodSeconds?: number;
  /** Where its period stands. */
  periodLine?: number;
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
    (policy, { value, line }) => {
      policy.periodSeconds = Math.max(value, policy.periodSeconds ?? value);
      policy.periodLine ??= line;
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

/** The period of a policy, where it is one that a spec can have. */
function periodOf({ periodSeconds }: PolicyMetrics): number | undefined {
  if (periodSeconds === undefined) return DEFAULT_PERIOD_MS;
  const ms = milliseconds(periodSeconds);
  return ms === undefined || ms < MIN_PERIOD_MS || ms % PERIOD_STEP_MS !== 0 ? undefined : ms;
}

function periodProblem(policy: PolicyMetrics): string | undefined {
  const { name, periodSeconds } = policy;
  if (periodOf(policy) !== undefined) return undefined;
  return printable(
    `the period of policy '${name}' is ${periodSeconds} s, and that of a spec is a multiple of ${formatDuration(PERIOD_STEP_MS)}, from ${formatDuration(MIN_PERIOD_MS)} to ${formatDuration(LONGEST_DURATION_MS)}`,
  );
}

function noteOn(policy: PolicyMetrics): SpecProblem[] {
  const message = periodProblem(policy);
  return message === undefined ? [] : [{ path: '', line: policy.periodLine ?? 1, column: 1, message }];
}

/** The period that a spec can have and that comes nearest from above; where nothing does, the default. */
function nextPeriod({ periodSeconds = 0 }: PolicyMetrics): number {
  const ms = Math.ceil((periodSeconds * 1_000) / PERIOD_STEP_MS) * PERIOD_STEP_MS;
  return ms > 0 && ms <= LONGEST_DURATION_MS ? Math.max(MIN_PERIOD_MS, ms) : DEFAULT_PERIOD_MS;
}

function slosOf(policyMetrics: PolicyMetrics): Slo[] {
  const { name: policy, objectives, thresholdMs } = policyMetrics;
  const periodMs = periodOf(policyMetrics) ?? nextPeriod(policyMetrics);
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
