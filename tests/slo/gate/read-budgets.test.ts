import { describe, expect, it } from 'vitest';
import { decideRelease } from '../../../src/slo/gate/decision.ts';
import type { InstantSample, PromAnswer } from '../../../src/slo/gate/question.ts';
import { readBudgets } from '../../../src/slo/gate/read-budgets.ts';
import { prometheusRules, readSpec } from '../../../src/slo/index.ts';
import { fc } from '../../fast-check.ts';

const NOW = 1_800_000_000;
const options = { defaultPeriodMs: 2_592_000_000, maxAgeMs: 900_000 };

/** The figures of two healthy objectives: one that rules record, one of which there are only metrics. */
const figures = {
  remaining: 0.8,
  recordedAt: NOW - 30,
  objective: 0.999,
  scrapedAt: NOW - 5,
  periodMs: 2_592_000_000,
  good: 1_000_000,
  bad: 100,
  goodOfWindow: 1_000,
  badOfWindow: 0,
};

const recordedLabels = {
  service: 'shop',
  slo: 'database-availability',
  policy: 'database',
  sli: 'availability',
};
const rawLabels = { job: 'billing', policy: 'ledger', sli: 'availability' };

function answersOf(given: typeof figures, query: string): readonly InstantSample[] {
  const one = (labels: InstantSample['labels'], value: number): InstantSample => ({
    labels,
    value,
    timeSeconds: NOW,
  });
  const events = (good: number, bad: number) => [
    one({ ...rawLabels, result: 'good' }, good),
    one({ ...rawLabels, result: 'bad' }, bad),
  ];
  if (query === 'slo:period_error_budget_remaining:ratio') return [one(recordedLabels, given.remaining)];
  if (query.startsWith('timestamp(slo:')) return [one(recordedLabels, given.recordedAt)];
  if (query === 'slo:objective:ratio') return [one(recordedLabels, 0.999)];
  if (query === 'slo:time_period:days') return [one(recordedLabels, 30)];
  if (query.includes('timestamp(breakwater_slo_objective_ratio)')) return [one(rawLabels, given.scrapedAt)];
  if (query.includes('breakwater_slo_objective_ratio')) return [one(rawLabels, given.objective)];
  if (query.includes('breakwater_slo_period_seconds')) {
    return [one({ job: 'billing', policy: 'ledger' }, given.periodMs)];
  }
  if (query.includes('[2592000000ms]')) return events(given.good, given.bad);
  if (query.includes('breakwater_sli_events_total')) return events(given.goodOfWindow, given.badOfWindow);
  return [];
}

async function releaseBy(ask: (query: string) => PromAnswer) {
  const readings = await readBudgets(async (query) => ask(query), options);
  return decideRelease(readings, { minRemaining: 0.1, policies: [] }).release;
}

const answered = (samples: readonly InstantSample[]): PromAnswer => ({ ok: true, samples, warnings: [] });

/** All that is asked about healthy objectives. */
async function questions(): Promise<readonly string[]> {
  const asked: string[] = [];
  await releaseBy((query) => {
    asked.push(query);
    return answered(answersOf(figures, query));
  });
  return asked;
}

describe('a release', () => {
  it('goes out when all figures are good', async () => {
    expect(await releaseBy((query) => answered(answersOf(figures, query)))).toBe('yes');
  });

  it('never goes out when a question has no answer, or an incomplete one', async () => {
    const asked = await questions();
    expect(asked.length).toBeGreaterThan(8);
    for (const unlucky of asked) {
      const none = await releaseBy((query) =>
        query === unlucky ? { ok: false, problem: 'gone' } : answered(answersOf(figures, query)),
      );
      expect([unlucky, none]).toEqual([unlucky, 'unknown']);
      const partial = await releaseBy((query) => ({
        ok: true,
        samples: answersOf(figures, query),
        warnings: query === unlucky ? ['a store is gone'] : [],
      }));
      expect([unlucky, partial]).toEqual([unlucky, 'unknown']);
    }
  });

  it('never goes out on a figure that is no number', async () => {
    for (const name of [
      'remaining',
      'recordedAt',
      'objective',
      'scrapedAt',
      'periodMs',
      'good',
      'bad',
      'goodOfWindow',
      'badOfWindow',
    ] as const) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const spoilt = { ...figures, [name]: value };
        const release = await releaseBy((query) => answered(answersOf(spoilt, query)));
        expect([name, value, release]).not.toEqual([name, value, 'yes']);
      }
    }
  });

  it('goes out only when the figures allow it, whatever they are', async () => {
    // Most figures stay good, so that many releases go out.
    const any = fc.oneof(
      { weight: 12, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.double() },
      { weight: 1, arbitrary: fc.double({ min: -0.5, max: 1.5, noNaN: true }) },
      { weight: 1, arbitrary: fc.integer({ min: NOW - 2_000, max: NOW + 10 }) },
    );
    const spoilt = fc
      .record({
        remaining: any,
        recordedAt: any,
        objective: any,
        scrapedAt: any,
        good: any,
        bad: any,
        goodOfWindow: any,
        badOfWindow: any,
      })
      .map((given) => ({
        ...figures,
        ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      }));
    await fc.assert(
      fc.asyncProperty(spoilt, async (given) => {
        let countsAsked = [given.good, given.bad];
        const release = await releaseBy((query) => {
          // Objectives so low that nothing could page are not asked about in windows.
          if (query.includes('[300000ms]'))
            countsAsked = [...countsAsked, given.goodOfWindow, given.badOfWindow];
          return answered(answersOf(given, query));
        });
        if (release !== 'yes') return;
        const rest = 1 - given.bad / (given.good + given.bad) / (1 - given.objective);
        expect(given.remaining).toBeGreaterThanOrEqual(0.1);
        expect(rest).toBeGreaterThan(0.1 - 1e-6);
        for (const time of [given.recordedAt, given.scrapedAt]) {
          expect(NOW - time).toBeLessThanOrEqual(900);
          expect(NOW - time).toBeGreaterThanOrEqual(-1);
        }
        expect(given.objective).toBeLessThan(1);
        for (const count of countsAsked) {
          expect(count).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is asked about with the names that the rules use', async () => {
    const { text } = prometheusRules(
      readSpec('{ version: breakwater/v1, service: s, policies: { p: { availability: 99% } } }'),
    );
    const asked = (await questions()).join('\n');
    const names = [
      'slo:period_error_budget_remaining:ratio',
      'slo:objective:ratio',
      'slo:time_period:days',
      'SloErrorBudgetBurn',
      'SloDataMissing',
    ];
    for (const name of names) {
      expect(asked).toContain(name);
      expect(text).toContain(name);
    }
  });

  it("is told of by sloth's own labels too, each objective by itself", async () => {
    const labels = (slo: string) => ({ sloth_service: 'shop', sloth_slo: slo, sloth_id: `shop-${slo}` });
    const ask = async (query: string): Promise<PromAnswer> => {
      const one = (slo: string, value: number) => ({ labels: labels(slo), value, timeSeconds: NOW });
      if (query === 'slo:period_error_budget_remaining:ratio')
        return answered([one('a', 0.9), one('b', 0.01)]);
      if (query.startsWith('timestamp(slo:')) return answered([one('a', NOW), one('b', NOW)]);
      return answered([]);
    };
    const { readings } = await readBudgets(ask, options);
    expect(readings).toMatchObject([
      { service: 'shop', policy: 'a', budget: { remaining: 0.9 } },
      { service: 'shop', policy: 'b', budget: { remaining: 0.01 } },
    ]);
  });
});
