import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { prometheusRules, ruleGroups } from '../../../src/slo/rules/rules.ts';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { skipWithoutPrometheus } from '../../prometheus/support.ts';
import { complaints, promtoolWith } from './promtool-files.ts';
import { policySlo, querySlo, specOf } from './specs.ts';

/*
 * Rules against series and figures that were written down by hand, and not by the code that writes tests of rules.
 */

interface Example {
  readonly name: string;
  /** By series; a sample a minute. */
  readonly input: Readonly<Record<string, string>>;
  /** By expression, at a time: values by labels, or by `{}` a number. */
  readonly expected: readonly (readonly [
    time: string,
    expr: string,
    samples: Readonly<Record<string, number>>,
  ])[];
}

const events = (sli: string, result: string, instance = 'a') =>
  `breakwater_sli_events_total{job="shop", instance="${instance}", policy="database", sli="${sli}", result="${result}"}`;
const firing = 'count by (sli, severity) (ALERTS{alertname="SloErrorBudgetBurn", alertstate="firing"})';

const atRisk = 'count by (sli) (ALERTS{alertname="SloErrorBudgetAtRisk", alertstate="firing"})';
const pages =
  'count by (sli) (ALERTS{alertname="SloErrorBudgetBurn", alertstate="firing", slo_severity="page"})';
const missingData = 'count by (sli) (ALERTS{alertname="SloDataMissing", alertstate="firing"})';
const open = 'count by (policy) (ALERTS{alertname="BreakwaterCircuitOpen", alertstate="firing"})';
const rejections = 'breakwater_rejections_total{job="shop", policy="database", reason="circuit_open"}';

function circuit(state: string, instance: string): string {
  return `breakwater_circuit_state{job="shop", instance="${instance}", policy="database", state="${state}"}`;
}

function ratio(slo: string, window = '5m'): string {
  return `sum(round(slo:sli_error:ratio_rate${window}{slo="${slo}"}, 0.0001))`;
}

async function expectExamples(spec: SloSpec, examples: readonly Example[]): Promise<void> {
  const tests = {
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    group_eval_order: ruleGroups(spec).map(({ name }) => name),
    tests: examples.map(({ name, input, expected }) => ({
      name,
      interval: '1m',
      input_series: Object.entries(input).map(([series, values]) => ({ series, values })),
      promql_expr_test: expected.map(([eval_time, expr, samples]) => ({
        expr,
        eval_time,
        exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels, value })),
      })),
    })),
  };
  const files = { 'rules.yaml': prometheusRules(spec).text, 'test.yaml': stringify(tests) };
  expect(complaints(await promtoolWith(files, 'test', 'rules', 'test.yaml'))).toBe('');
}

describe('the rules of policies', () => {
  skipWithoutPrometheus();
  const spec = specOf([policySlo('database', 'availability', 0.99), policySlo('database', 'latency', 0.95)], {
    selector: { job: 'shop' },
  });

  it('count over all instances, by traffic, from series that are there', { timeout: 60_000 }, async () => {
    await expectExamples(spec, [
      {
        name: 'two instances with different traffic; 20 of 1000 are bad',
        input: {
          [events('availability', 'good', 'a')]: '0+90x60',
          [events('availability', 'bad', 'a')]: '0+10x60',
          [events('availability', 'good', 'b')]: '0+890x60',
          [events('availability', 'bad', 'b')]: '0+10x60',
          // Of another service.
          'breakwater_sli_events_total{job="other", policy="database", sli="availability", result="bad"}':
            '0+1000x60',
        },
        expected: [
          ['1h', ratio('database-availability'), { '{}': 0.02 }],
          ['1h', ratio('database-availability', '30d'), { '{}': 0.02 }],
          ['1h', 'sum(round(slo:burn_rate:ratio{window="30m"}, 0.001))', { '{}': 2 }],
          ['1h', 'sum(round(slo:period_error_budget_remaining:ratio, 0.001))', { '{}': -1 }],
          ['1h', 'sum(slo:sli_total:increase5m{slo="database-availability"})', { '{}': 5_000 }],
          ['1h', 'sum(slo:sli_good:increase5m{slo="database-availability"})', { '{}': 4_900 }],
          [
            '1h',
            'round(sli:availability:success_rate, 0.0001)',
            { '{policy="database", service="shop"}': 0.98 },
          ],
        ],
      },
      {
        name: 'no series for bad events yet',
        input: { [events('availability', 'good')]: '0+100x10' },
        expected: [
          ['10m', ratio('database-availability'), { '{}': 0 }],
          ['10m', 'sum(slo:period_error_budget_remaining:ratio)', { '{}': 1 }],
        ],
      },
      {
        name: 'no series for good events yet',
        input: { [events('availability', 'bad')]: '0+100x10' },
        expected: [
          ['10m', ratio('database-availability'), { '{}': 1 }],
          ['10m', 'sum(sli:availability:success_rate)', { '{}': 0 }],
        ],
      },
      {
        name: 'an instance that restarts, and one that has gone',
        input: {
          [events('availability', 'good', 'a')]: '0+100x9 0+100x10',
          [events('availability', 'bad', 'a')]: '0+0x9 0+0x10',
          [events('availability', 'good', 'b')]: '0+0x9 stale',
          [events('availability', 'bad', 'b')]: '0+100x9 stale',
        },
        expected: [
          ['9m', ratio('database-availability'), { '{}': 0.5 }],
          ['20m', ratio('database-availability'), { '{}': 0 }],
        ],
      },
      {
        name: 'idle: nothing that is a ratio, and nothing that is not a number',
        input: {
          [events('availability', 'good')]: '0+0x20',
          [events('availability', 'bad')]: '0+0x20',
          'breakwater_call_duration_seconds_bucket{job="shop", policy="database", le="0.1"}': '0+0x20',
          'breakwater_call_duration_seconds_bucket{job="shop", policy="database", le="+Inf"}': '0+0x20',
        },
        expected: [
          ['20m', 'sum(slo:sli_total:increase5m{slo="database-availability"})', { '{}': 0 }],
          ['20m', '{__name__=~"slo:sli_error:.*|slo:burn.*|slo:period_(burn|error).*|sli:.*"}', {}],
          ['20m', 'count(ALERTS{alertname="SloDataMissing", slo="database-availability"})', {}],
        ],
      },
      {
        name: 'no data at all',
        input: { 'up{job="shop"}': '1x20' },
        expected: [
          [
            '5m',
            'count by (alertstate) (ALERTS{alertname="SloDataMissing"})',
            { '{alertstate="pending"}': 2 },
          ],
          [
            '10m',
            'count by (alertstate) (ALERTS{alertname="SloDataMissing"})',
            { '{alertstate="firing"}': 2 },
          ],
        ],
      },
    ]);
  });

  it('alert above their factors, and hold latency back', { timeout: 60_000 }, async () => {
    await expectExamples(spec, [
      {
        name: 'everything fails: availability alone, up to the evaluation at which its page ends',
        input: {
          [events('availability', 'good')]: '0+0x60 100+100x60',
          [events('availability', 'bad')]: '0+100x60 6000+0x60',
          [events('latency', 'good')]: '0+0x120',
          [events('latency', 'bad')]: '0+100x120',
        },
        expected: [
          [
            '2m',
            firing,
            { '{sli="availability", severity="page"}': 1, '{sli="availability", severity="ticket"}': 1 },
          ],
          [
            '1h',
            firing,
            { '{sli="availability", severity="page"}': 1, '{sli="availability", severity="ticket"}': 1 },
          ],
          // The window of 30m has 28m of good events, and 2 of 30 are 6.7 times what may be bad; then 1 of 30.
          [
            '1h28m',
            firing,
            { '{sli="availability", severity="page"}': 1, '{sli="availability", severity="ticket"}': 1 },
          ],
          [
            '1h29m',
            firing,
            { '{sli="availability", severity="ticket"}': 1, '{sli="latency", severity="page"}': 1 },
          ],
        ],
      },
      {
        name: 'slow, but available: at once, with the first five',
        input: {
          [events('availability', 'good')]: '0+100x10',
          [events('availability', 'bad')]: '0+0x10',
          [events('latency', 'good')]: '0+0x10',
          [events('latency', 'bad')]: '0+2x10',
        },
        expected: [
          ['2m', firing, {}],
          ['3m', firing, { '{sli="latency", severity="page"}': 1, '{sli="latency", severity="ticket"}': 1 }],
        ],
      },
      {
        name: 'a budget that four failures of the night have overspent; then a fifth, which was slow too',
        input: {
          [events('availability', 'good')]: '0+1x20',
          [events('availability', 'bad')]: '0x10 4x8 5',
          [events('latency', 'good')]: '0x20',
          [events('latency', 'bad')]: '0x10 5x10',
        },
        expected: [
          ['15m', atRisk, { '{sli="latency"}': 1 }],
          ['15m', pages, { '{sli="latency"}': 1 }],
          ['20m', atRisk, { '{sli="availability"}': 1 }],
          ['20m', pages, { '{sli="availability"}': 1 }],
        ],
      },
      {
        name: 'a latency that the code does not measure',
        input: {
          [events('availability', 'good')]: '0+100x20',
          [events('latency', 'good')]: '0x20',
          [events('latency', 'bad')]: '0x20',
        },
        expected: [
          ['9m', missingData, {}],
          ['15m', missingData, { '{sli="latency"}': 1 }],
        ],
      },
      {
        name: 'two instances that are open by turns',
        input: {
          [circuit('open', 'a')]: '1x2 0x2 1x2 0x2 1x2 0x2 1x2 0x2',
          [circuit('open', 'b')]: '0x2 1x2 0x2 1x2 0x2 1x2 0x2 1x2',
          [rejections]: '0+1x30',
        },
        expected: [['20m', open, {}]],
      },
      {
        name: 'an instance that starts with its circuit open, as it was saved',
        input: { [circuit('open', 'a')]: '_x9 1x10', [rejections]: '0+1x30' },
        expected: [
          ['13m', open, {}],
          ['16m', open, { '{policy="database"}': 1 }],
        ],
      },
      {
        name: 'one of two instances that is open, and probes',
        input: {
          [circuit('open', 'a')]: '0x9 1 1 0 1 1 0 1 1 0 1 1',
          [circuit('half-open', 'a')]: '0x9 0 0 1 0 0 1 0 0 1 0 0',
          [circuit('open', 'b')]: '0x20',
          [rejections]: '0+1x30',
        },
        expected: [
          ['14m', open, {}],
          ['15m', open, { '{policy="database"}': 1 }],
        ],
      },
      {
        name: 'just below and just above 6 times what may be bad',
        input: {
          [events('availability', 'good')]: '0+9401x30 282030+9399x30',
          [events('availability', 'bad')]: '0+599x30 17970+601x30',
        },
        expected: [
          ['30m', firing, { '{sli="availability", severity="ticket"}': 1 }],
          // In 6h there are 30 minutes of each: 6 times exactly, which is not above.
          ['59m', firing, { '{sli="availability", severity="ticket"}': 1 }],
        ],
      },
    ]);
  });
});

describe('the rules of queries', () => {
  skipWithoutPrometheus();

  it('take what is not there for nothing, and what is no number for no data', {
    timeout: 60_000,
  }, async () => {
    const spec = specOf([
      querySlo('good', {
        kind: 'events',
        total: 'sum(rate(requests_total[{{.window}}]))',
        good: 'rate(requests_total{code!~"5.."}[{{.window}}])',
      }),
      querySlo('bad', {
        kind: 'events',
        total: 'rate(requests_total[{{.window}}])',
        bad: 'sum(rate(requests_total{code=~"5.."}[{{.window}}])) # if any',
      }),
      querySlo('ratio', {
        kind: 'ratio',
        badRatio:
          'sum(rate(requests_total{code=~"5.."}[{{.window}}])) / sum(rate(requests_total[{{.window}}]))',
      }),
      querySlo('scalar', { kind: 'ratio', badRatio: 'scalar(avg(avg_over_time(broken[{{.window}}])))' }),
    ]);
    const burning = 'count by (slo) (ALERTS{alertname="SloErrorBudgetBurn", alertstate="firing"})';
    const missing = 'count by (slo) (ALERTS{alertname="SloDataMissing", alertstate="firing"})';
    await expectExamples(spec, [
      {
        name: 'a tenth fails, in several series',
        input: {
          'requests_total{code="200"}': '0+60x20',
          'requests_total{code="404"}': '0+30x20',
          'requests_total{code="503"}': '0+10x20',
          broken: '0.25x20',
        },
        expected: [
          ['20m', ratio('good'), { '{}': 0.1 }],
          ['20m', ratio('bad'), { '{}': 0.1 }],
          ['20m', ratio('ratio'), { '{}': 0.1 }],
          ['20m', ratio('scalar'), { '{}': 0.25 }],
          ['20m', missing, {}],
        ],
      },
      {
        name: 'one failure at night, in little traffic; four more a while later',
        input: { 'requests_total{code="200"}': '0+1x40', 'requests_total{code="500"}': '0x10 1x19 5x10' },
        expected: [
          ['12m', burning, { '{slo="ratio"}': 2 }],
          ['32m', burning, { '{slo="good"}': 2, '{slo="bad"}': 2, '{slo="ratio"}': 2 }],
          [
            '32m',
            'sum by (slo) (round(slo:period_bad_events:increase))',
            { '{slo="good"}': 5, '{slo="bad"}': 5 },
          ],
        ],
      },
      {
        name: 'no failure has been counted',
        input: { 'requests_total{code="200"}': '0+60x20' },
        expected: [
          ['20m', ratio('good'), { '{}': 0 }],
          ['20m', ratio('bad'), { '{}': 0 }],
          ['20m', ratio('ratio'), {}],
        ],
      },
      {
        name: 'nothing but failures has been counted',
        input: { 'requests_total{code="500"}': '0+60x20' },
        expected: [
          ['20m', ratio('good'), { '{}': 1 }],
          ['20m', ratio('bad'), { '{}': 1 }],
          ['20m', ratio('ratio'), { '{}': 1 }],
        ],
      },
      {
        name: 'idle',
        input: { 'requests_total{code="200"}': '5x20', 'requests_total{code="500"}': '5x20' },
        expected: [
          ['20m', '{__name__=~"slo:sli_error:.*|slo:burn.*|slo:period_(burn|error).*", slo!="scalar"}', {}],
          ['20m', missing, { '{slo="scalar"}': 1 }],
        ],
      },
      {
        name: 'no data',
        input: { up: '1x20' },
        expected: [
          ['20m', missing, { '{slo="good"}': 1, '{slo="bad"}': 1, '{slo="ratio"}': 1, '{slo="scalar"}': 1 }],
        ],
      },
    ]);
  });
});
