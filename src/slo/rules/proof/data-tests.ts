import type { Slo, SloSpec } from '../../spec/model.ts';
import { burnWindowNames, burnWindows } from '../../windows.ts';
import { holders } from '../burn.ts';
import {
  alertLabels,
  BUDGET_REMAINING,
  labelsOf,
  MISSING_DATA_ALERT,
  periodWindow,
  SloSeries,
} from '../identity.ts';
import { LATENCY_P99, SUCCESS_RATE } from '../policy-slis.ts';
import { mayBeUncounted, missingDataAnnotations } from '../slo-alerts.ts';
import { durationText, series } from '../text.ts';
import { expanded } from '../wording.ts';
import { Traffic } from './events.ts';
import { type FiringAlert, firingTests, nothing, ratioTest } from './expectations.ts';
import { errorRatio } from './judgement.ts';
import { Load } from './load.ts';
import type { Stage } from './stage.ts';
import type { ExpressionTest, InputSeries, RuleTest } from './test-file.ts';

const MINUTE_MS = 60_000;
/** The 99th percentile of the latencies that `latencyInput` gives: rank 99 of 100, nine tenths into its bucket. */
const P99_SECONDS = 0.235;

/** Latencies of a policy, 90 of 100 within 100 ms and all within 250 ms; or none while it is idle. */
export function latencyInput(
  { selector }: SloSpec,
  policy: string,
  samples: number,
  idle: boolean,
): readonly InputSeries[] {
  const buckets = [
    ['0.1', 90],
    ['0.25', 100],
    ['+Inf', 100],
  ] as const;
  return buckets.map(([le, perSample]) => ({
    series: series('breakwater_call_duration_seconds_bucket', { ...selector, policy, le }),
    values: `0+${idle ? 0 : perSample}x${samples}`,
  }));
}

/** What is recorded of a policy's latency while there is traffic, and that nothing is while there is none. */
export function latencyTests(spec: SloSpec, policy: string, time: string, idle: boolean): ExpressionTest {
  const labels = labelsOf({ service: spec.service, policy }, spec.labels);
  const expr = series(LATENCY_P99, { service: spec.service, policy });
  return idle ? nothing(expr, time) : ratioTest(expr, P99_SECONDS, time, series('', labels));
}

/** While nothing happens, nothing that is a ratio is recorded, but that nothing happens is. */
export function idleTests(
  spec: SloSpec,
  slos: readonly Slo[],
  time: string,
  fromTheStart: boolean,
): readonly ExpressionTest[] {
  return [
    ...slos.flatMap((slo) => {
      const own = new SloSeries(spec, slo);
      return [
        nothing(own.errorRatio('5m'), time),
        nothing(own.burnRate('1h'), time),
        {
          expr: own.total('5m'),
          eval_time: time,
          exp_samples: [{ labels: series('slo:sli_total:increase5m', own.labels), value: 0 }],
        },
      ];
    }),
    {
      // Comparing with NaN gives 0.
      expr: 'sum({__name__=~"slo:.+|sli:.+"}) >= bool -Inf',
      eval_time: time,
      exp_samples: [{ labels: '{}', value: 1 }],
    },
    nothing(series(SUCCESS_RATE, { service: spec.service }), time),
    ...(fromTheStart
      ? slos.flatMap((slo) => {
          const own = new SloSeries(spec, slo);
          return [nothing(own.errorRatio('3d'), time), nothing(own.select(BUDGET_REMAINING), time)];
        })
      : []),
  ];
}

/** The alerts on missing data of these objectives, and of no others. */
export function missingDataTests(
  stage: Stage,
  slos: readonly Slo[],
  missing: readonly Slo[],
  time: string,
): Partial<RuleTest> {
  const { spec } = stage;
  const firing = missing.map((slo) => missingData(spec, slo, 1));
  return firingTests(spec, time, MISSING_DATA_ALERT, slos, firing, stage.closed);
}

/** @param value 1 where there is no data, 0 where none is of the objective */
function missingData(spec: SloSpec, slo: Slo, value: 0 | 1): FiringAlert {
  return {
    slo,
    labels: alertLabels(spec, slo, 'ticket'),
    annotations: missingDataAnnotations(spec, slo, expanded(value, slo.policy)),
    clear: true,
  };
}

/** A policy has calls, of which some objectives count none, as where its code does not set them. */
export function uncountedTest(stage: Stage): RuleTest | undefined {
  const { spec, stepMs } = stage;
  const uncounted = stage.slos.filter(
    (slo) => mayBeUncounted(slo) && holders(spec, slo).some((holder) => stage.slos.includes(holder)),
  );
  if (uncounted.length === 0) return undefined;
  const waitSteps = Math.max(1, Math.ceil(spec.alerts.missingDataMs / stepMs));
  const step = stepMs / MINUTE_MS;
  const samples = (1 + waitSteps) * step;
  const idle = new Traffic([{ samples, good: 0, bad: 0 }]);
  const cast = new Map<Slo, Traffic>([
    ...uncounted.flatMap((slo) =>
      holders(spec, slo).map(
        (holder) => [holder, new Traffic([new Load(spec, holder).phase(samples, 0)])] as const,
      ),
    ),
    ...uncounted.map((slo) => [slo, idle] as const),
  ]);
  const told = uncounted.map((slo) => missingData(spec, slo, 0));
  const time = durationText((1 + waitSteps) * stepMs);
  const tests = [firingTests(spec, time, MISSING_DATA_ALERT, [...cast.keys()], told, false)];
  return stage.test('calls that an objective does not count', stage.input(cast, samples), tests);
}

/** Series that end: what is missing for long enough is told of, for each objective of the spec. */
export function noDataTest(stage: Stage, others: readonly Slo[]): RuleTest {
  const { spec, stepMs, slos } = stage;
  const step = stepMs / MINUTE_MS;
  const cast = new Map(slos.map((slo) => [slo, new Traffic([new Load(spec, slo).phase(step, 0)])]));
  const waitSteps = Math.ceil(spec.alerts.missingDataMs / stepMs);
  const told = 2 + waitSteps;
  const all = [...slos, ...others];
  return stage.test('no data', stage.input(cast, step), [
    // Those whose queries find nothing have been without data from the start.
    missingDataTests(stage, all, waitSteps <= 1 ? others : [], durationText(stepMs)),
    missingDataTests(stage, all, waitSteps <= 2 ? others : [], durationText(2 * stepMs)),
    missingDataTests(stage, all, all, durationText(told * stepMs)),
  ]);
}

/** Traffic that differs with each window: each sees its own share of bad events, by traffic. */
export function windowsTest(stage: Stage): RuleTest | undefined {
  const { spec, stepMs } = stage;
  const cast = stage.slos.filter((slo) => new Load(spec, slo).fine);
  if (cast.length === 0) return undefined;
  const lengths = burnWindowNames.map((name) => burnWindows[name] / MINUTE_MS);
  const step = stepMs / MINUTE_MS;
  const at = Math.ceil(((lengths.at(-1) ?? 0) + step / 2) / step) * step;
  // The latest first: 2 of 5 are bad, then half as many, and so on.
  const bands = [...lengths, at].map((end, index) => {
    const events = index % 2 === 0 ? 30_000 : 10_000;
    const bad = Math.round((0.4 * events) / 2 ** index);
    return { samples: end - (lengths[index - 1] ?? 0), good: events - bad, bad };
  });
  const traffic = new Traffic(bands.reverse());
  const time = durationText(at * MINUTE_MS);
  const tests = cast.flatMap((slo) => {
    const own = new SloSeries(spec, slo);
    return burnWindowNames.flatMap((name) => {
      const ratio = errorRatio(traffic, at, burnWindows[name] / MINUTE_MS);
      return ratio === undefined
        ? []
        : [ratioTest(own.errorRatio(name), ratio, time, series('', own.labels), 0.1)];
    });
  });
  const latest = errorRatio(traffic, at, burnWindows['5m'] / MINUTE_MS) ?? 0;
  for (const { indicator } of cast) {
    if (indicator.kind !== 'policy' || indicator.sli !== 'availability') continue;
    const { policy } = indicator;
    const labels = labelsOf({ service: spec.service, policy }, spec.labels);
    const expr = series(SUCCESS_RATE, { service: spec.service, policy });
    tests.push(ratioTest(expr, 1 - latest, time, series('', labels), 0.1));
  }
  const input = stage.input(new Map(cast.map((slo) => [slo, traffic])), at);
  return stage.test('each window by its traffic', input, [{ promql_expr_test: tests }]);
}

/**
 * A failure that is as old as the period, and one that is older. The longest periods would make the test slow, and
 * are left out.
 *
 * @param maxSteps evaluations that it may take
 */
export function periodTest(stage: Stage, maxSteps: number): RuleTest | undefined {
  const { spec, stepMs } = stage;
  const sampleMs = stepMs / 6;
  const slos = stage.slos.filter((slo) => !periodWindow(slo).burn && slo.periodMs > 2 * stepMs);
  const cast = slos.filter(({ periodMs }) => periodMs <= maxSteps * stepMs);
  if (cast.length === 0) return undefined;
  const ends = cast.map(({ periodMs }) => Math.floor(periodMs / stepMs) + 2);
  const samples = Math.max(...ends) * 6;
  const traffic = new Traffic([
    { samples: 1, good: 0, bad: 1_000 },
    { samples: samples - 1, good: 1_000, bad: 0 },
  ]);
  const tests = cast.flatMap((slo, index) => {
    const own = new SloSeries(spec, slo);
    const labels = series('', own.labels);
    const after = ends[index] ?? 0;
    const within = after - 2;
    const ratio = errorRatio(traffic, within * 6, within * 6) ?? 0;
    return [
      ratioTest(own.errorRatio(periodWindow(slo).name), ratio, durationText(within * stepMs), labels, 0.1),
      {
        expr: own.select(BUDGET_REMAINING),
        eval_time: durationText(after * stepMs),
        exp_samples: [{ labels: series(BUDGET_REMAINING, own.labels), value: 1 }],
      },
    ];
  });
  const input = stage.input(new Map(cast.map((slo) => [slo, traffic])), samples);
  return stage.test('the whole period', input, [{ promql_expr_test: tests }], sampleMs);
}
