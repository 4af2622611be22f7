import { describe, expect, it } from 'vitest';
import { decideRelease } from '../../../src/slo/gate/decision.ts';
import { type BudgetReading, type BudgetState, unknownBudget } from '../../../src/slo/gate/reading.ts';
import { fc } from '../../fast-check.ts';

const criteria = { minRemaining: 0.1, policies: [] };

function reading(budget: number | BudgetState, more: Partial<BudgetReading> = {}): BudgetReading {
  return {
    service: 'shop',
    policy: 'database',
    sli: 'availability',
    objective: 0.999,
    periodMs: 2_592_000_000,
    budget: typeof budget === 'number' ? { known: true, remaining: budget } : budget,
    pages: [],
    source: 'recorded',
    ...more,
  };
}

function decide(...readings: readonly BudgetReading[]) {
  const { release, why } = decideRelease({ readings, problems: [] }, criteria);
  return { release, why };
}

describe('a release', () => {
  it('may go out while enough of each budget is left', () => {
    expect(decide(reading(1), reading(0.1, { sli: 'latency' }))).toEqual({ release: 'yes', why: [] });
  });

  it.each([
    [0.0999999, '9.9% of the error budget is left, less than 10%'],
    [0, 'the error budget is used up'],
    [-0.2345, 'the error budget is overspent by 23.5%'],
    [-1e-8, 'the error budget is overspent by 0.1%'],
  ])('waits when %s of a budget is left', (remaining, why) => {
    expect(decide(reading(1), reading(remaining, { sli: 'latency' }))).toEqual({
      release: 'no',
      why: [`shop database latency: ${why}`],
    });
  });

  it('waits while a page fires, whatever is left', () => {
    expect(decide(reading(1, { pages: ['SloErrorBudgetBurn'] }))).toEqual({
      release: 'no',
      why: ['shop database availability: a page fires: SloErrorBudgetBurn'],
    });
  });

  it('waits when a budget is used up, though none has to be left', () => {
    const none = { minRemaining: 0, policies: [] };
    expect(decideRelease({ readings: [reading(0)], problems: [] }, none).release).toBe('no');
    expect(decideRelease({ readings: [reading(1e-6)], problems: [] }, none).release).toBe('yes');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5])(
    'cannot be told from a budget of %s',
    (remaining) => {
      expect(decide(reading(remaining)).release).toBe('unknown');
    },
  );

  it('cannot be told without any objective', () => {
    expect(decide()).toEqual({ release: 'unknown', why: ['there is no data on any objective'] });
  });

  it('cannot be told where an answer was incomplete', () => {
    const answer = { readings: [reading(1)], problems: ['one store did not answer'] };
    expect(decideRelease(answer, criteria)).toMatchObject({
      release: 'unknown',
      why: ['one store did not answer'],
    });
  });

  it('is decided by the policies and the service that were named', () => {
    const readings = [
      reading(1),
      reading(0, { policy: 'search' }),
      reading(0, { policy: 'database', service: 'billing' }),
    ];
    const of = (policies: readonly string[], service?: string) =>
      decideRelease({ readings, problems: [] }, { minRemaining: 0.1, policies, service });
    expect(of(['database'], 'shop').release).toBe('yes');
    expect(of(['database']).release).toBe('no');
    expect(of([], 'shop').release).toBe('no');
    expect(of(['databse'], 'shop')).toMatchObject({
      release: 'unknown',
      objectives: [],
      why: ["there is no data on the policy 'databse'; did you mean 'database'?"],
    });
    expect(of(['database', 'queue'], 'shop')).toMatchObject({
      release: 'unknown',
      why: ["there is no data on the policy 'queue'; there is data on 'database', 'search'"],
    });
    expect(of(['search', 'queue'], 'shop').release).toBe('no');
    expect(of([], 'shops').why).toEqual(["there is no data on the service 'shops'; did you mean 'shop'?"]);
  });
});

const remaining = fc.oneof(
  fc.double({ min: -2, max: 1, noNaN: true }),
  fc.constantFrom(0, 0.1, 1, Number.NaN, Number.POSITIVE_INFINITY, 7),
);
const budget = fc.oneof(
  remaining.map((value): BudgetState => ({ known: true, remaining: value })),
  fc.constant(unknownBudget('nobody knows')),
);
const anyReading = fc
  .record({ budget, pages: fc.constantFrom([], [], ['a page']), policy: fc.constantFrom('a', 'b', 'c') })
  .map(({ budget, ...more }) => reading(budget, more));
const anyReadings = fc.record({
  readings: fc.array(anyReading, { maxLength: 6 }),
  problems: fc.constantFrom<string[]>([], [], ['a problem']),
});
const anyCriteria = fc.record({
  minRemaining: fc.double({ min: 0, max: 1, noNaN: true }),
  policies: fc.subarray(['a', 'b', 'c', 'd']),
});

const severity = { yes: 0, unknown: 1, no: 2 };

describe('for any readings', () => {
  it('no counts before unknown, and unknown before yes', () => {
    fc.assert(
      fc.property(anyReadings, anyCriteria, (readings, criteria) => {
        const { release, objectives, why } = decideRelease(readings, criteria);
        const worst = Math.max(0, ...objectives.map((objective) => severity[objective.release]));
        expect(severity[release]).toBeGreaterThanOrEqual(worst);
        if (release === 'no') expect(worst).toBe(severity.no);
        if (release === 'yes') {
          expect(readings.problems).toEqual([]);
          expect(objectives.length).toBeGreaterThan(0);
          for (const { reading } of objectives) {
            expect(reading.pages).toEqual([]);
            expect(reading.budget.known && reading.budget.remaining > 0).toBe(true);
            expect(reading.budget.known && reading.budget.remaining >= criteria.minRemaining).toBe(true);
          }
          const found = objectives.map(({ reading }) => reading.policy);
          expect(criteria.policies.filter((policy) => !found.includes(policy))).toEqual([]);
        }
        // Whoever is held back is told why, and nobody else is.
        expect(why.length === 0).toBe(release === 'yes');
      }),
      { numRuns: 300 },
    );
  });

  it('one more reading never makes the answer better', () => {
    fc.assert(
      fc.property(anyReadings, anyReading, anyCriteria, ({ readings, problems }, more, { minRemaining }) => {
        const all = { minRemaining, policies: [] };
        fc.pre(readings.length > 0);
        const before = decideRelease({ readings, problems }, all).release;
        const after = decideRelease({ readings: [...readings, more], problems }, all).release;
        expect(severity[after]).toBeGreaterThanOrEqual(severity[before]);
      }),
      { numRuns: 200 },
    );
  });
});
