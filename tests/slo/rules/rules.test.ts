import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { prometheusRules } from '../../../src/slo/rules/rules.ts';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { burnWindowNames, DAY_MS } from '../../../src/slo/windows.ts';
import { policySlo, querySlo, specOf } from './specs.ts';

const labels = z.record(z.string(), z.string());
const rule = z.strictObject({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels,
  annotations: labels.optional(),
});
const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({ name: z.string(), interval: z.string().optional(), rules: z.array(rule) }),
  ),
});

function groupsOf(spec: SloSpec) {
  return ruleFile.parse(parse(prometheusRules(spec).text)).groups;
}

function rulesOf(spec: SloSpec) {
  return groupsOf(spec).flatMap(({ rules }) => rules);
}

function expression(spec: SloSpec, record: string, slo?: string): string | undefined {
  return rulesOf(spec).find((own) => own.record === record && (slo === undefined || own.labels.slo === slo))
    ?.expr;
}

function alerts(spec: SloSpec) {
  return rulesOf(spec).filter(({ alert }) => alert !== undefined);
}

const database = policySlo('database', 'availability', 0.999);
const windows = [...burnWindowNames, '30d'];

describe('what is recorded', () => {
  it('records each window of an objective under its names, all with its labels', () => {
    const recorded = rulesOf(specOf([database], { breakers: false })).filter(({ labels: own }) => own.slo);
    expect(recorded.flatMap(({ record }) => record ?? []).sort()).toEqual(
      [
        'slo:objective:ratio',
        'slo:error_budget:ratio',
        'slo:time_period:days',
        'slo:period_burn_rate:ratio',
        'slo:period_error_budget_remaining:ratio',
        'slo:period_bad_events:increase',
        ...windows.flatMap((name) => [
          `slo:sli_good:increase${name}`,
          `slo:sli_total:increase${name}`,
          `slo:sli_error:ratio_rate${name}`,
        ]),
        ...burnWindowNames.map(() => 'slo:burn_rate:ratio'),
      ].sort(),
    );
    for (const { labels: own } of recorded) {
      expect(own).toMatchObject({
        service: 'shop',
        slo: 'database-availability',
        policy: 'database',
        sli: 'availability',
      });
    }
    expect(
      recorded.filter(({ record }) => record === 'slo:burn_rate:ratio').map(({ labels: own }) => own.window),
    ).toEqual(burnWindowNames);
  });

  it('evaluates the period by itself, as rarely as the spec says', () => {
    const groups = groupsOf(specOf([database], { periodEvaluationMs: 240_000 }));
    const period = groups.filter(({ interval }) => interval !== undefined);
    expect(period.map(({ name, interval }) => [name, interval])).toEqual([
      ['breakwater-period-policy-shop-database', '4m'],
    ]);
    expect(period[0]?.rules.map(({ record }) => record)).toEqual([
      'slo:sli_total:increase30d',
      'slo:sli_good:increase30d',
      'slo:sli_error:ratio_rate30d',
    ]);
  });

  it('records no window twice when the period is one of them', () => {
    const spec = specOf([{ ...database, periodMs: 3 * DAY_MS }]);
    const names = rulesOf(spec).flatMap(({ record }) => record ?? []);
    expect(names.filter((name) => name === 'slo:sli_error:ratio_rate3d')).toHaveLength(1);
    expect(groupsOf(spec).filter(({ interval }) => interval !== undefined)).toEqual([]);
    expect(expression(spec, 'slo:period_burn_rate:ratio')).toBe(
      'slo:sli_error:ratio_rate3d{service="shop", slo="database-availability"} / 0.001',
    );
  });

  it('puts the objectives of a policy in one group, its availability first, and each other in its own', () => {
    const spec = specOf([
      policySlo('database', 'latency', 0.99),
      database,
      policySlo('quotes', 'latency', 0.9),
      querySlo('checkout', { kind: 'ratio', badRatio: 'sum(rate(a[{{.window}}]))' }),
    ]);
    const groups = groupsOf(spec).filter(({ name }) => name.startsWith('breakwater-slo-'));
    expect(groups.map(({ name }) => name)).toEqual([
      'breakwater-slo-policy-shop-database',
      'breakwater-slo-policy-shop-quotes',
      'breakwater-slo-query-shop-checkout',
    ]);
    expect(new Set(groups[0]?.rules.map(({ labels: own }) => own.slo))).toEqual(
      new Set(['database-availability', 'database-latency']),
    );
    expect(groups[0]?.rules[0]?.labels.slo).toBe('database-availability');
  });

  it('counts by the counters of the service, and only its', () => {
    const spec = specOf([database], { selector: { job: 'a"b' } });
    expect(expression(spec, 'slo:sli_total:increase1h')).toBe(
      'sum(sum by (result) (increase(breakwater_sli_events_total{job="a\\"b", policy="database", sli="availability"}[1h])))',
    );
  });

  it('tells environments apart by the labels of the spec', () => {
    const spec = specOf([database], { labels: { env: 'live' } });
    expect(expression(spec, 'slo:period_error_budget_remaining:ratio')).toBe(
      '1 - slo:period_burn_rate:ratio{service="shop", slo="database-availability", env="live"}',
    );
  });

  it('lets no label of the user change what identifies an objective', () => {
    const own = { ...database, labels: { slo: 'other', policy: 'other', team: 'data', empty: '' } };
    const spec = specOf([own], { labels: { service: 'other', team: 'shop' } });
    for (const { labels: given, record } of rulesOf(spec)) {
      if (record === undefined || given.slo === undefined) continue;
      expect(given).toMatchObject({ service: 'shop', slo: own.name, policy: 'database', team: 'data' });
      expect(given).not.toHaveProperty('empty');
    }
  });

  it('writes numbers exactly', () => {
    const spec = specOf([{ ...database, periodMs: 28 * DAY_MS }]);
    expect(expression(spec, 'slo:error_budget:ratio')).toBe('vector(0.001)');
    const [page] = alerts(spec);
    expect(page?.expr).toContain('> 13.44');
    expect(page?.expr).toContain('> 5.6\n');
    expect(page?.annotations?.description).toContain('The objective is 99.9%.');
    expect(page?.annotations?.description).toContain(
      'above 13.44 over 1h and 5m, or above 5.6 over 6h and 30m',
    );
  });

  it('takes queries apart from what is put around them', () => {
    const spec = specOf([
      querySlo('checkout', {
        kind: 'events',
        total: 'sum(rate(a[{{ .window }}])) # all of them',
        bad: 'rate(b[{{.window}}])\n# bad ones',
      }),
      querySlo('ratio', { kind: 'ratio', badRatio: 'scalar(sum(rate(a[{{.window}}])))' }),
    ]);
    expect(expression(spec, 'slo:sli_total:increase2h', 'checkout')).toBe('sum(rate(a[2h]))');
    expect(expression(spec, 'slo:sli_good:increase2h', 'checkout')).toContain('sum(rate(b[2h]))');
    expect(expression(spec, 'slo:sli_error:ratio_rate2h', 'ratio')).toBe(
      'max(vector(scalar(sum(rate(a[2h]))))) >= 0',
    );
  });
});

describe('what alerts', () => {
  it('leaves out what can never fire, and says of which objective and why', () => {
    const spec = specOf([policySlo('database', 'availability', 0.93)]);
    const { warnings, text } = prometheusRules(spec);
    expect(warnings).toEqual([
      'database-availability (93% over 30d): the page on a burn rate above 14.4 over 1h and 5m: it can never fire: with an objective of 0.93 no burn rate is above 14.4',
    ]);
    expect(text).toContain(`# Left out: ${warnings[0]}`);
    expect(text).not.toContain('> 14.4');
    expect(text).toContain('> 6\n');
  });

  it('has no burn alert of a severity of which none can fire', () => {
    const spec = specOf([policySlo('database', 'availability', 0.5)], { breakers: false });
    expect(alerts(spec).map(({ alert, labels: own }) => [alert, own.severity])).toEqual([
      ['SloErrorBudgetBurn', 'ticket'],
      ['SloErrorBudgetAtRisk', 'ticket'],
      ['SloDataMissing', 'ticket'],
    ]);
    expect(prometheusRules(spec).warnings).toHaveLength(3);
  });

  it('leaves out what is silenced, without a warning', () => {
    const silenced = (...severities: ('page' | 'ticket')[]) =>
      specOf([{ ...policySlo('database', 'availability', 0.5), silenced: severities }], { breakers: false });
    expect(alerts(silenced('page')).map(({ alert }) => alert)).toContain('SloErrorBudgetBurn');
    expect(alerts(silenced('ticket')).map(({ alert }) => alert)).toEqual(['SloDataMissing']);
    expect(alerts(silenced('page', 'ticket')).map(({ alert }) => alert)).toEqual(['SloDataMissing']);
    expect(prometheusRules(silenced('page', 'ticket')).warnings).toEqual([]);
  });

  it('holds latency back by its availability, and by nothing that never fires', () => {
    const latency = policySlo('database', 'latency', 0.99);
    const held = (...slos: Parameters<typeof specOf>[0]) =>
      alerts(specOf(slos))
        .filter(({ labels: own, alert }) => alert === 'SloErrorBudgetBurn' && own.sli === 'latency')
        .map(({ expr }) =>
          [...expr.matchAll(/ALERTS\{.*, severity="(\w+)"/g)].map(([, severity]) => severity),
        );
    expect(held(database, latency)).toEqual([['page'], ['page', 'ticket']]);
    expect(held(latency)).toEqual([[], []]);
    expect(held(policySlo('quotes', 'availability', 0.999), latency)).toEqual([[], []]);
    expect(held({ ...database, silenced: ['page'] }, latency)).toEqual([[], ['ticket']]);
    expect(held(policySlo('database', 'availability', 0.5), latency)).toEqual([[], ['ticket']]);
  });

  it('counts bad events where the queries tell them, and says where not', () => {
    const total = 'rate(a[{{.window}}])';
    const spec = specOf([
      database,
      querySlo('rates', { kind: 'events', total, bad: 'rate(b[{{.window}}])' }),
      querySlo('mixed', { kind: 'events', total, bad: 'increase(b[{{.window}}])' }),
      querySlo('ratio', { kind: 'ratio', badRatio: 'sum(rate(b[{{.window}}])) / sum(rate(a[{{.window}}]))' }),
    ]);
    const counting = alerts({ ...spec, breakers: false }).filter(({ expr }) => expr.includes('>= 5'));
    expect(counting.map(({ labels: own, alert }) => `${own.slo} ${alert}`)).toEqual(
      ['database-availability', 'rates'].flatMap((slo) => [
        `${slo} SloErrorBudgetBurn`,
        `${slo} SloErrorBudgetBurn`,
        `${slo} SloErrorBudgetAtRisk`,
      ]),
    );
    const { warnings, text } = prometheusRules(spec);
    expect(warnings.map((warning) => warning.split(',')[0])).toEqual([
      'mixed: its queries do not tell how many events are bad',
      'ratio: its queries do not tell how many events are bad',
    ]);
    expect(text).toContain(`# Not counted: ${warnings[0]}`);
    expect(expression(spec, 'slo:sli_bad:increase1h', 'rates')).toMatch(/^\(slo:sli_total.* - .*\) \* 3600$/);
  });

  it('tells machines what is a page, and never labels pages and tickets alike', () => {
    const withLabels = (pageLabels: Record<string, string>, ticketLabels: Record<string, string>) => {
      const spec = specOf([database]);
      const own = { ...spec, alerts: { ...spec.alerts, pageLabels, ticketLabels } };
      return alerts(own)
        .filter(({ alert }) => alert === 'SloErrorBudgetBurn')
        .map(({ labels: given }) => `${given.severity} ${given.slo_severity ?? ''}`.trim());
    };
    expect(withLabels({ severity: 'critical' }, { severity: 'warning' })).toEqual([
      'critical page',
      'warning ticket',
    ]);
    expect(withLabels({}, { team: 'a' })).toEqual(['page page', 'ticket ticket']);
    expect(withLabels({ slo_severity: 'a' }, { slo_severity: 'a' })).toEqual(['page page', 'ticket ticket']);
    expect(withLabels({ severity: 'x' }, { severity: 'x' })).toEqual(['x page', 'x ticket']);
  });

  it('runs no template that stands in a text', () => {
    const spec = specOf([
      {
        ...database,
        name: '{{ .Value }}',
        description: 'a {{ template }} {',
        runbook: 'https://a.example/{{x}}',
      },
    ]);
    const [page] = alerts(spec);
    expect(page?.labels.slo).toBe('{{"{{"}} .Value }}');
    expect(page?.annotations?.description).toContain('a {{"{{"}} template }} {{"{"}}');
    expect(page?.annotations?.runbook_url).toBe('https://a.example/{{"{{"}}x}}');
    // What is recorded has no templates.
    expect(rulesOf(spec)[0]?.labels.slo).toBe('{{ .Value }}');
  });

  it('has no alerts on breakers that are not to be watched, or are none', () => {
    const names = (spec: SloSpec) => alerts(spec).flatMap(({ alert }) => alert ?? []);
    expect(names(specOf([database]))).toContain('BreakwaterCircuitOpen');
    expect(names(specOf([database], { breakers: false })).join()).not.toContain('Breakwater');
    const query = querySlo('checkout', { kind: 'ratio', badRatio: 'rate(a[{{.window}}])' });
    expect(names(specOf([query])).join()).not.toContain('Breakwater');
  });

  it('watches the breakers of exactly the policies that objectives name', () => {
    const spec = specOf([database, policySlo('a.b|c', 'latency', 0.9)]);
    const open = alerts(spec).find(({ alert }) => alert === 'BreakwaterCircuitOpen');
    expect(open?.expr).toContain('policy=~"database|a\\\\.b\\\\|c"');
  });
});
