import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { queriesOf } from '../../../examples/slo/dashboard-queries.ts';
import { grafanaDashboard } from '../../../src/slo/dashboard/dashboard.ts';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { DAY_MS } from '../../../src/slo/windows.ts';
import { slosOf, specOf } from './specs.ts';

const panel = z.object({
  id: z.number().int(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().optional(),
  datasource: z.unknown().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z
    .array(z.object({ refId: z.string(), datasource: z.unknown().optional(), expr: z.string() }))
    .default([]),
  fieldConfig: z
    .object({
      defaults: z.object({
        unit: z.string().optional(),
        noValue: z.string().optional(),
        thresholds: z.object({ steps: z.array(z.object({ value: z.number().nullable() })) }).optional(),
      }),
    })
    .optional(),
  options: z.object({ content: z.string().optional() }).optional(),
});
const model = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(panel),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), type: z.string(), datasource: z.unknown().optional() })),
  }),
  annotations: z.object({
    list: z.array(z.object({ name: z.string(), datasource: z.unknown().optional() })),
  }),
});

const twoPolicies = slosOf({
  database: { availability: 0.999, latency: 0.99, correctness: 0.9999, thresholdMs: 200 },
  quotes: { availability: 0.999, latency: 0.95, thresholdMs: 500 },
});
const spec = specOf(twoPolicies);

function parsed(of?: SloSpec) {
  return model.parse(JSON.parse(JSON.stringify(grafanaDashboard(of))));
}

/** The steps at which a panel has its thresholds, without the least. */
function thresholdsOf(of: SloSpec | undefined, title: string): readonly (number | null)[] {
  const found = parsed(of).panels.find((each) => each.title === title);
  return (found?.fieldConfig?.defaults.thresholds?.steps ?? []).slice(1).map(({ value }) => value);
}

function burnTitles(of?: SloSpec): readonly string[] {
  return parsed(of).panels.flatMap(({ title }) => (title.startsWith('Burn rate over') ? [title] : []));
}

describe.each([
  ['without a spec', undefined],
  ['with a spec', spec],
  ['with a spec of nothing', specOf([])],
])('a dashboard %s', (_, of) => {
  const { panels, templating, annotations } = parsed(of);

  it('has ids of its own for all panels', () => {
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lays panels on a grid of 24 columns, without overlaps', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x},${y}`), `${title} lies on another panel`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  it('asks the data source that is chosen, and names none', () => {
    const chosen = { type: 'prometheus', uid: '$datasource' };
    for (const { type, datasource, targets } of panels) {
      if (type !== 'row' && type !== 'text') expect(datasource).toEqual(chosen);
      for (const target of targets) expect(target.datasource).toEqual(chosen);
    }
    for (const annotation of annotations.list) expect(annotation.datasource).toEqual(chosen);
    for (const variable of templating.list) {
      if (variable.type === 'query') expect(variable.datasource).toEqual(chosen);
    }
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'service', 'policy']);
  });

  it('describes each panel, and says what no data means', () => {
    for (const { type, title, description, fieldConfig, targets } of panels) {
      if (type === 'row') continue;
      expect(description?.length, title).toBeGreaterThan(50);
      if (type !== 'text') expect(targets.length, title).toBeGreaterThan(0);
      if (type !== 'text' && type !== 'heatmap') expect(fieldConfig?.defaults.noValue, title).toBeTruthy();
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });

  it('is the same each time', () => {
    expect(JSON.stringify(grafanaDashboard(of))).toBe(JSON.stringify(grafanaDashboard(of)));
  });

  it('shows all that is asked of it', () => {
    const rows = panels.flatMap(({ type, title }) => (type === 'row' ? [title] : []));
    expect(rows).toEqual([
      'Objectives',
      'Error budgets',
      'Circuits',
      'Calls',
      'Attempts, retries and fallbacks',
      'Incidents',
      ...(of === undefined ? [] : ['What is promised']),
    ]);
    expect(new Set(panels.map(({ type }) => type))).toContain('heatmap');
    expect(new Set(panels.map(({ type }) => type))).toContain('state-timeline');
    expect(annotations.list.map(({ name }) => name)).toEqual(
      of === undefined ? ['Incidents', 'Circuits open'] : ['Incidents', 'Budget alerts', 'Circuits open'],
    );
  });
});

describe('thresholds', () => {
  it('are those of a budget of 30 days without a spec', () => {
    expect(burnTitles()).toEqual([
      'Burn rate over 1h and 5m: page above 14.4',
      'Burn rate over 6h and 30m: page above 6',
      'Burn rate over 1d and 2h: ticket above 3',
      'Burn rate over 3d and 6h: ticket above 1',
    ]);
    expect(thresholdsOf(undefined, burnTitles()[0] ?? '')).toEqual([14.4]);
    expect(thresholdsOf(undefined, 'Burn rate now, by window')).toEqual([1, 6]);
  });

  it('follow the period, each objective where it belongs, and leave out what can never fire', () => {
    const [first, ...others] = slosOf({ database: { availability: 0.999, latency: 0.9, thresholdMs: 1 } });
    if (first === undefined) throw new Error('no objective');
    const short = { ...first, name: 'short', periodMs: 7 * DAY_MS };
    const mixed = specOf([first, short, ...others]);
    const withSlos = queriesOf(grafanaDashboard(mixed), { service: 'shop', rateInterval: '1m' })
      .filter(({ where }) => where.includes('Burn rate over'))
      .map(({ where, expr }) => [where.slice(6, -3), /slo=~"([^"]+)"/.exec(expr)?.[1]]);
    expect(withSlos).toEqual([
      ['Burn rate over 1h and 5m: page above 14.4', 'database-availability'],
      ['Burn rate over 6h and 30m: page above 6', 'database-availability|database-latency'],
      ['Burn rate over 1d and 2h: ticket above 3', 'database-availability|database-latency'],
      // All of them, so none is named.
      ['Burn rate over 3d and 6h: ticket above 1', undefined],
      ['Burn rate over 1h and 5m: page above 3.36', 'short'],
      ['Burn rate over 6h and 30m: page above 1.4', 'short'],
      ['Burn rate over 1d and 2h: ticket above 1', 'short'],
    ]);
  });

  it('leave out what is silenced', () => {
    const silenced = twoPolicies.map((slo) => ({ ...slo, silenced: ['page'] as const }));
    expect(burnTitles(specOf(silenced)).filter((title) => title.includes('page'))).toEqual([]);
  });

  it('are the spec’s for budgets at risk and for slow calls', () => {
    const careful = specOf(twoPolicies, { alerts: { ...spec.alerts, atRiskRemaining: 0.25 } });
    expect(thresholdsOf(careful, 'Error budget left')).toEqual([0, 0.25]);
    expect(thresholdsOf(careful, 'Call duration: median and 99th percentile')).toEqual([0.2, 0.5]);
    expect(thresholdsOf(undefined, 'Call duration: median and 99th percentile')).toEqual([]);
  });
});

describe('text from outside', () => {
  const hostile = ['$policy [[service]] $', '{x} <script>alert(1)</script> | "q" \\ `c`\n**b**'].join('');
  const own = twoPolicies.map((slo) => ({ ...slo, policy: hostile, description: hostile }));

  function contentOf(of: SloSpec): string {
    return parsed(of).panels.find(({ type }) => type === 'text')?.options?.content ?? '';
  }

  it('is neither Markdown, nor HTML, nor a variable', () => {
    const lines = contentOf(specOf(own)).split('\n');
    expect(lines).toHaveLength(2 + own.length);
    for (const line of lines.slice(2)) expect(line).not.toMatch(/[$<>[\]`\\*{}"]/);
    expect(lines[2]).toContain('&#36;policy &#91;&#91;service&#93;&#93;');
  });

  it('leads to web addresses only', () => {
    const links = (runbook: string): string =>
      contentOf(specOf(twoPolicies.slice(0, 1).map((slo) => ({ ...slo, runbook }))));
    expect(links('https://runbooks.example.com/a?b=c#d')).toContain(
      '[Runbook](<https://runbooks.example.com/a?b=c#d>)',
    );
    expect(links('https://x.example.com/$policy/[[a]]>)](b')).toContain(
      '[Runbook](<https://x.example.com/%24policy/%5B%5Ba%5D%5D%3E)%5D(b>)',
    );
    expect(links('javascript:alert(1)')).not.toContain('](');
    expect(links('see the wiki')).toContain('| see the wiki |');
  });

  it('stays text in queries, and no variable', () => {
    const selective = specOf(twoPolicies, {
      service: hostile,
      selector: { job: hostile },
      labels: { env: hostile },
    });
    const inPromql = JSON.stringify(hostile).replaceAll('$', '\\u0024').replaceAll('[', '\\u005b');
    const dashboard = JSON.parse(JSON.stringify(grafanaDashboard(selective)));
    const queries = queriesOf(dashboard, { service: 'shop', rateInterval: '1m' });
    const selecting = queries.filter(({ expr }) => expr.includes(`job=${inPromql}`));
    const recorded = queries.filter(({ expr }) => expr.includes(`env=${inPromql}`));
    expect(selecting.length + recorded.length).toBe(queries.length);
    expect(parsed(selective).title).not.toMatch(/\$\w|\[\[/);
    expect(parsed(selective).uid).toMatch(/^breakwater-[0-9a-f]{16}$/);
    expect(parsed(specOf([], { service: 'shop' })).uid).toBe('breakwater-shop');
  });

  it('selects by labels that all objectives share', () => {
    const labels = { env: 'prod', team: 'a', policy: 'mine' };
    const slos = twoPolicies.map((slo, at) => (at === 0 ? { ...slo, labels: { team: 'b' } } : slo));
    const pageLabels = { severity: 'page', env: 'pager' };
    const of = specOf(slos, { labels, alerts: { ...spec.alerts, pageLabels } });
    const queries = queriesOf(grafanaDashboard(of), { service: 'shop', rateInterval: '1m' });
    const exprOf = (where: string): string | undefined =>
      queries.find((query) => query.where === where)?.expr;
    expect(exprOf('panel Error budget left, A')).toContain('{service="shop", env="prod", policy=~".*"}');
    expect(exprOf('annotation Budget alerts')).toContain('service="shop", policy=~".*"}');
  });
});
