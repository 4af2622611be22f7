import { type OpenMetricsContentType, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { type Breakwater, createBreakwater } from '../../../src/breakwater.ts';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { specFromMetrics, specTextFromMetrics } from '../../../src/slo/spec/from-metrics.ts';
import { SpecError } from '../../../src/slo/spec/problems.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { specDefaults } from '../../../src/slo/spec/schema.ts';

const DAY_MS = 86_400_000;

let hub: Breakwater | undefined;
afterEach(() => hub?.close());

/** The metrics of an application with `policies`. */
async function metricsOf(
  policies: Readonly<Record<string, Parameters<Breakwater['policy']>[1]>>,
  registry: Registry | Registry<OpenMetricsContentType> = new Registry(),
): Promise<string> {
  hub = createBreakwater({ registry, incidents: false });
  for (const [name, options] of Object.entries(policies)) hub.policy(name, options);
  return registry.metrics();
}

const slo = {
  availability: 0.999,
  latency: { objective: 0.99, thresholdMs: 250 },
  correctness: 0.9999,
  periodMs: 28 * DAY_MS,
};

const withShortPeriods = `breakwater_slo_objective_ratio{policy="database",sli="availability"} 0.999
breakwater_slo_period_seconds{policy="database"} 2419200
breakwater_slo_objective_ratio{policy="cache",sli="latency"} 0.9
breakwater_slo_period_seconds{policy="cache"} 90
breakwater_slo_latency_threshold_seconds{policy="cache"} 0.2
breakwater_slo_objective_ratio{policy="quotes",sli="availability"} 0.9
breakwater_slo_period_seconds{policy="quotes"} 7230
breakwater_slo_objective_ratio{policy="odd",sli="availability"} 0.9
breakwater_slo_period_seconds{policy="odd"} NaN
`;

function reportOf(metrics: string): string {
  try {
    specFromMetrics(metrics, { service: 'shop' });
  } catch (error) {
    if (error instanceof SpecError) return error.report('metrics');
    throw error;
  }
  return 'nothing is wrong';
}

describe('specFromMetrics()', () => {
  it('gives the objectives that the policies were made with', async () => {
    const metrics = await metricsOf({
      database: { slo },
      search: {},
      'a "b" \\ #c': { slo: { availability: 0.95 } },
    });
    const spec = specFromMetrics(metrics, { service: 'shop' });
    expect(spec).toEqual({
      service: 'shop',
      labels: {},
      selector: {},
      slos: [
        {
          name: 'database-availability',
          policy: 'database',
          sli: 'availability',
          objective: 0.999,
          periodMs: 28 * DAY_MS,
          indicator: { kind: 'policy', policy: 'database', sli: 'availability' },
          labels: {},
          silenced: [],
        },
        {
          name: 'database-latency',
          policy: 'database',
          sli: 'latency',
          objective: 0.99,
          periodMs: 28 * DAY_MS,
          thresholdMs: 250,
          indicator: { kind: 'policy', policy: 'database', sli: 'latency' },
          labels: {},
          silenced: [],
        },
        {
          name: 'database-correctness',
          policy: 'database',
          sli: 'correctness',
          objective: 0.9999,
          periodMs: 28 * DAY_MS,
          indicator: { kind: 'policy', policy: 'database', sli: 'correctness' },
          labels: {},
          silenced: [],
        },
        {
          name: 'a "b" \\ #c-availability',
          policy: 'a "b" \\ #c',
          sli: 'availability',
          objective: 0.95,
          periodMs: 30 * DAY_MS,
          indicator: { kind: 'policy', policy: 'a "b" \\ #c', sli: 'availability' },
          labels: {},
          silenced: [],
        },
      ],
      alerts: specDefaults.alerts,
      breakers: specDefaults.breakers,
      periodEvaluationMs: specDefaults.periodEvaluationMs,
    });
  });

  it('takes for the selector default labels that name the application, and no others', async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ app: 'shop', team: 'eu "1"', commit: '1f3c', release: '7', replica: 'b' });
    const metrics = await metricsOf({ database: { slo } }, registry);
    expect(metrics).toContain('commit="1f3c"');
    expect(specFromMetrics(metrics, { service: 'shop' }).selector).toEqual({ app: 'shop', team: 'eu "1"' });
    const text = specTextFromMetrics(metrics, { service: 'shop' });
    expect(text).toMatch(/^# All series have these labels too, .*: commit, release, replica$/m);
    expect(text).toContain(`\nselector: { app: shop, team: 'eu "1"' }\n`);
    expect(text).not.toContain('# selector');
  });

  it('leaves out a policy with a period that no spec can have, and notes it', () => {
    const spec = specFromMetrics(withShortPeriods, { service: 'shop' });
    expect(spec.slos.map(({ name, periodMs }) => [name, periodMs])).toEqual([
      ['database-availability', 28 * DAY_MS],
    ]);
    const range = 'that of a spec is a multiple of 1m, from 1h to 366d';
    expect(spec.notes).toEqual([
      { path: '', line: 4, column: 1, message: `the period of policy 'cache' is 90 s, and ${range}` },
      { path: '', line: 7, column: 1, message: `the period of policy 'quotes' is 7230 s, and ${range}` },
      { path: '', line: 9, column: 1, message: `the period of policy 'odd' is NaN s, and ${range}` },
    ]);
  });

  it('reads OpenMetrics', async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const metrics = await metricsOf({ database: { slo } }, registry);
    expect(metrics).toContain('# EOF');
    expect(specFromMetrics(metrics, { service: 'shop' }).slos.map(({ name }) => name)).toEqual([
      'database-availability',
      'database-latency',
      'database-correctness',
    ]);
  });

  it('takes the strictest where several processes differ', () => {
    const metrics = [
      'breakwater_slo_objective_ratio{policy="a",sli="latency",worker="1"} 0.99',
      'breakwater_slo_objective_ratio{policy="a",sli="latency",worker="2"} 0.999 1700000000000',
      'breakwater_slo_latency_threshold_seconds{policy="a",worker="1"} 0.3',
      'breakwater_slo_latency_threshold_seconds{policy="a",worker="2"} 0.29 # {trace_id="x"} 0.1 1.5',
    ].join('\n');
    const { slos, selector } = specFromMetrics(metrics, { service: 'shop' });
    expect(slos).toEqual([
      expect.objectContaining({ objective: 0.999, thresholdMs: 290, periodMs: 30 * DAY_MS }),
    ]);
    expect(selector).toEqual({});
  });

  it('passes over what it does not know', () => {
    const metrics = [
      '# HELP other_total A "help" { text',
      '',
      'other_total{a="b",} 1 1700000000000',
      '{"a name", "a label"="x"} 5',
      'with_nan NaN',
      'with_inf{le="+Inf"} +Inf',
      'breakwater_slo_objective_ratio{policy="a",sli="freshness"} 0.5',
      'breakwater_slo_objective_ratio { policy = "a" , sli = "availability" } 0.5',
      'breakwater_new_thing{policy="a"} 7',
    ].join('\r\n');
    expect(specFromMetrics(metrics, { service: 'shop' }).slos.map(({ name }) => name)).toEqual([
      'a-availability',
    ]);
  });

  it.each([
    [
      'a web page',
      '<!doctype html>\n<p>Not found</p>',
      '1:1 is no sample of a metric; is this a /metrics page?',
    ],
    [
      'a line that breaks off',
      'up 1\nup{a="b',
      '2:5 a label needs a value in double quotes; is this a /metrics page?',
    ],
    ['labels without a comma', 'up{a="b" c="d"} 1', '1:10 is no list of labels; is this a /metrics page?'],
    ['a label twice', 'up{a="b",a="c"} 1', '1:11 has the label a twice; is this a /metrics page?'],
    ['a value that is none', 'up{a="b"} one', '1:10 a sample needs a number; is this a /metrics page?'],
    [
      'an objective of 1',
      'breakwater_slo_objective_ratio{policy="a",sli="availability"} 1',
      '1:1 breakwater_slo_objective_ratio must be above 0 and below 1, not 1',
    ],
    [
      'a policy with a line break in its name',
      'breakwater_calls_total{policy="a\\nb"} 1',
      "1:1 breakwater_calls_total must be a name of 1 to 128 characters without control characters, not 'a\\u000ab'",
    ],
    [
      'a latency objective without a threshold',
      'breakwater_slo_objective_ratio{policy="a",sli="latency"} 0.9',
      "1:1 policy 'a' has an objective for latency, and no breakwater_slo_latency_threshold_seconds",
    ],
    [
      'nothing but a period that no spec can have',
      'breakwater_slo_objective_ratio{policy="a",sli="availability"} 0.9\nbreakwater_slo_period_seconds{policy="a"} 90',
      "2:1 the period of policy 'a' is 90 s, and that of a spec is a multiple of 1m, from 1h to 366d",
    ],
    [
      'no metrics of breakwater',
      'up 1',
      '1:1 there are no metrics of breakwater; is this the /metrics of the registry that createBreakwater() was given, or by default of prom-client?',
    ],
    [
      'no policies',
      'breakwater_build_info{version="1"} 1',
      '1:1 there are no policies; they are there as soon as the application has made them',
    ],
    [
      'policies without objectives',
      'breakwater_calls_total{policy="a",outcome="success"} 1',
      "1:1 no policy has an objective; give it one, as in policy('a', { slo: { availability: 0.999 } }); there are 'a'",
    ],
  ])('refuses %s', (_, metrics, problem) => {
    expect(reportOf(metrics)).toBe(`metrics:${problem}`);
  });

  it('refuses a service without a name', () => {
    expect(() => specFromMetrics('', { service: '' })).toThrow(InvalidOptionsError);
  });
});

describe('specTextFromMetrics()', () => {
  it('shows policies without objectives as comments', async () => {
    const metrics = await metricsOf({
      database: { slo: { availability: 0.999 } },
      'my search': {},
      quotes: {},
    });
    const text = specTextFromMetrics(metrics, { service: 'shop' });
    expect(text).toContain(`
policies:
  database:
    availability: 99.9%
  # Without an objective as yet; take away the # of those that are to have one.
  # "my search":
  #   availability: 99.9%
  # quotes:
  #   availability: 99.9%
`);
    expect(readSpec(text)).toEqual(specFromMetrics(metrics, { service: 'shop' }));
    const uncommented = text.replace(/^ {2}# (?=.*:)/gm, '  ');
    expect(readSpec(uncommented).slos.map(({ policy }) => policy)).toEqual([
      'database',
      'my search',
      'quotes',
    ]);
  });

  it('shows policies that it leaves out as comments that make a spec', () => {
    const text = specTextFromMetrics(withShortPeriods, { service: 'shop' });
    expect(text).toContain(`
  # Left out: the period of policy 'cache' is 90 s, and that of a spec is a multiple of 1m, from 1h to 366d.
  # cache:
  #   latency: { objective: 90%, threshold: 200ms }
  #   period: 1h
`);
    const { notes: _, ...spec } = specFromMetrics(withShortPeriods, { service: 'shop' });
    expect(readSpec(text)).toEqual(spec);
    const uncommented = text.replace(/^ {2}# (?!Left out)/gm, '  ');
    expect(readSpec(uncommented).slos.map(({ name, periodMs }) => [name, periodMs])).toEqual([
      ['database-availability', 28 * DAY_MS],
      ['cache-latency', DAY_MS / 24],
      ['quotes-availability', 7_260_000],
      ['odd-availability', 30 * DAY_MS],
    ]);
  });

  it('shows what selector to write where there is none', async () => {
    const text = specTextFromMetrics(await metricsOf({ database: { slo } }), { service: 'EU shop' });
    expect(text).toContain(`
# Without labels that only this service has, the rules count the same policies of other services too.
# selector: { job: "EU shop" }
`);
    const uncommented = text.replace('# selector', 'selector');
    expect(readSpec(uncommented).selector).toEqual({ job: 'EU shop' });
  });

  it('keeps labels of any name inside of a comment', () => {
    const metrics = 'breakwater_slo_objective_ratio{policy="a",sli="availability","x\\nslos: 1"="y"} 0.9';
    const text = specTextFromMetrics(metrics, { service: 'shop' });
    expect(text).toMatch(/^# All series have these labels too, .*: "x\\nslos: 1"$/m);
    expect(readSpec(text).slos).toHaveLength(1);
  });
});
