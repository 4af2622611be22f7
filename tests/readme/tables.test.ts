import { existsSync, readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { attemptBudgetSchema } from '../../src/core/attempt-budget.ts';
import { layerFamilies } from '../../src/core/layer-metrics.ts';
import { incidentSchema } from '../../src/incidents/options.ts';
import { type Breakwater, createBreakwater } from '../../src/index.ts';
import { fetchSettings } from '../../src/integrations/fetch/options.ts';
import { resilientPoolSchema } from '../../src/integrations/pg/options.ts';
import { policySchema } from '../../src/policy-options.ts';
import { sloOptions } from '../../src/slo/live/options.ts';
import { adaptiveLimitSchema } from '../../src/strategies/adaptive-limit/options.ts';
import { bulkheadSchema } from '../../src/strategies/bulkhead/options.ts';
import { cacheFallbackSchema } from '../../src/strategies/cache-fallback/options.ts';
import { chaosSchema } from '../../src/strategies/chaos/options.ts';
import { circuitBreakerSchema } from '../../src/strategies/circuit-breaker/options.ts';
import { failoverSchema } from '../../src/strategies/failover/options.ts';
import { fallbackSchema } from '../../src/strategies/fallback/options.ts';
import { hedgeSchema } from '../../src/strategies/hedge/options.ts';
import { rateLimitSchema } from '../../src/strategies/rate-limit/options.ts';
import { retrySchema } from '../../src/strategies/retry/options.ts';
import { standardKeys } from '../../src/strategies/standard.ts';
import { throttleSchema } from '../../src/strategies/throttle/options.ts';
import { DEFAULT_ATTEMPT_TIMEOUT_MS, DEFAULT_TOTAL_TIMEOUT_MS } from '../../src/strategies/timeout/index.ts';
import { tableUnder } from './document.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const hubs: Breakwater[] = [];

function newHub(): Breakwater {
  const hub = createBreakwater({ registry: new Registry() });
  hubs.push(hub);
  return hub;
}

afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
});

/** Values by path, less those that no table can show: functions, lists, and what means "no limit". */
function flatten(value: object, prefix: string): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] => {
    const path = `${prefix}${key}`;
    if (typeof inner === 'object' && inner !== null)
      return Array.isArray(inner) ? [] : flatten(inner, `${path}.`);
    const isShown = typeof inner === 'string' || typeof inner === 'boolean' || Number.isFinite(inner);
    return isShown ? [[path, String(inner)]] : [];
  });
}

/** Defaults as the code has them. */
function actualDefaults(): [string, string][] {
  const { instance, ...incidents } = incidentSchema.parse({});
  const { policyOptions, ...ofFetch } = fetchSettings(newHub(), {});
  const { criticality, readiness, ...ofPool } = resilientPoolSchema.parse({ name: 'database' });
  const { name, ...pg } = ofPool;
  return [
    ['totalTimeoutMs', String(DEFAULT_TOTAL_TIMEOUT_MS)],
    ['attemptTimeoutMs', String(DEFAULT_ATTEMPT_TIMEOUT_MS)],
    ...flatten(policySchema.parse({}), ''),
    ...flatten(retrySchema.parse({}), 'retry.'),
    ...flatten(hedgeSchema.parse({ delayMs: 1 }), 'hedge.').filter(([path]) => path !== 'hedge.delayMs'),
    ...flatten(attemptBudgetSchema.parse({}), 'attemptBudget.'),
    ...flatten(failoverSchema.parse({ endpoints: [{ name: 'a', target: 1 }] }), 'failover.').filter(
      ([path]) => path !== 'failover.maxFailovers',
    ),
    ...flatten(throttleSchema.parse({}), 'throttle.'),
    ...flatten(rateLimitSchema.parse({ ratePerSecond: 1 }), 'rateLimit.').filter(
      ([path]) => !/ratePerSecond|burst/.test(path),
    ),
    ...flatten(adaptiveLimitSchema.parse({}), 'adaptiveLimit.'),
    ...flatten(bulkheadSchema.parse({}), 'bulkhead.'),
    ...flatten(chaosSchema.parse({ abort: { rate: 1 } }), 'chaos.').filter(
      ([path]) => path !== 'chaos.abort.rate',
    ),
    ...flatten(circuitBreakerSchema.parse({ probe: () => true }), 'circuitBreaker.'),
    ...flatten(cacheFallbackSchema.parse({}), 'cacheFallback.'),
    ...flatten(
      fallbackSchema.parse(() => 1),
      'fallback.',
    ),
    ...flatten(sloOptions.parse({}), 'slo.'),
    ...flatten(incidents, 'incidents.'),
    ...flatten(ofFetch, 'fetch.'),
    ...flatten(pg, 'pg.'),
  ];
}

describe('the tables of the README', () => {
  it('give each default as the code has it, and leave none out', () => {
    const rows = tableUnder('Defaults', readme).map(([option = '', value = '']): [string, string] => [
      option.replaceAll('`', ''),
      value.replaceAll('`', ''),
    ]);
    const documented = rows
      .filter(([, value]) => value !== 'on' && value !== 'off')
      .map(([option, value]): [string, string] => [
        option,
        /^[\d_.]+$/.test(value) ? value.replaceAll('_', '') : value,
      ]);
    expect(documented.length).toBeGreaterThan(30);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(actualDefaults()));
  });

  it('say which strategies are on', () => {
    const explained = newHub().policy('p').explain();
    const standing = tableUnder('Defaults', readme).filter(([, value]) => value === 'on' || value === 'off');
    expect(standing.map(([option, value]) => [option, value])).toEqual([
      ['`retry`', 'off'],
      ['`hedge`', 'off'],
      ['`failover`', 'off'],
      ['`throttle`', 'off'],
      ['`rateLimit`', 'off'],
      ['`adaptiveLimit`', 'off'],
      ['`bulkhead`', 'off'],
      ['`circuitBreaker`', 'on'],
      ['`chaos`', 'off'],
      ['`cacheFallback`', 'off'],
      ['`fallback`', 'off'],
    ]);
    expect(explained).toContain('circuit breaker:');
    expect(explained).not.toMatch(
      /(retry|hedge|failover|throttle|rate limit|adaptive limit|bulkhead|chaos|cache fallback|fallback):/,
    );
  });

  it('name each metric with its type and labels', async () => {
    const hub = newHub();
    const policy = hub.policy('p', {
      slo: { availability: 0.9, correctness: 0.9, latency: { objective: 0.9, thresholdMs: 1 } },
    });
    await policy.execute(() => 'fine');
    const metrics = await hub.registry.getMetricsAsJSON();
    const ofLayers = new Set(Object.values(layerFamilies).map(({ name }) => `breakwater_${name}`));
    const ofAll = metrics.filter(({ name }) => !ofLayers.has(name));
    const actual = ofAll.map(({ name, type, values = [] }) => {
      const labels = new Set(values.flatMap((value) => Object.keys(value.labels)));
      for (const implied of ['policy', 'le']) labels.delete(implied);
      return [name.replace('breakwater_', ''), String(type), [...labels].join(', ')];
    });
    const documented = tableUnder('Metrics', readme).map((cells) =>
      cells.slice(0, 3).map((cell) => cell.replaceAll('`', '')),
    );
    expect(documented).toEqual(actual);
  });

  it('name each metric of single layers', () => {
    const documented = tableUnder('Metrics of single layers', readme).map((cells) =>
      cells.slice(0, 3).map((cell) => cell.replaceAll('`', '')),
    );
    expect(documented).toEqual(
      Object.values(layerFamilies).map(({ name, type, labels }) => [name, type, labels.join(', ')]),
    );
  });

  it('have a row for each strategy, in the standard order, with a program that is there', () => {
    const rows = tableUnder('Strategies', readme).filter((cells) => cells.length === 5);
    const keys = rows.flatMap(([key = '']) => key.replaceAll('`', '').split(', '));
    expect([...keys].sort()).toEqual([...standardKeys].sort());
    for (const [, , , , programs = ''] of rows) {
      const paths = [...programs.matchAll(/\((examples\/[^)]+)\)/g)].map(([, path = '']) => path);
      expect(paths.length).toBeGreaterThan(0);
      for (const path of paths)
        expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
    }
  });

  it('leave out the label policy only where they say so', async () => {
    const hub = newHub();
    hub.policy('p');
    const metrics = await hub.registry.getMetricsAsJSON();
    const without = metrics
      .filter(({ values = [] }) => values.length > 0 && !values.some(({ labels }) => 'policy' in labels))
      .map(({ name }) => name.replace('breakwater_', ''));
    expect(readme).toContain('the label `policy` is on all but the last four');
    expect(
      tableUnder('Metrics', readme)
        .slice(-4)
        .map(([name = '']) => name.replaceAll('`', '')),
    ).toEqual(without);
  });
});
