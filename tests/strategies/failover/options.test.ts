import { describe, expect, it } from 'vitest';
import { failover, isBreakwaterError, type OptionsProblem } from '../../../src/index.ts';
import { testHub } from '../../support.ts';

/** What is wrong with options that may be anything, as those of JavaScript. */
function problems(given: unknown): readonly OptionsProblem[] {
  try {
    Reflect.apply(failover, undefined, [given]);
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) return error.problems;
    throw error;
  }
  return [];
}

const two = [
  { name: 'a', target: 1 },
  { name: 'b', target: 2 },
];

describe('wrong options', () => {
  it('are all told at once, by path', () => {
    const found = problems({
      endpoints: [{ name: '', target: 1 }, { name: 'b' }, { name: 'b', target: 0, weight: 0, pool: 1 }],
      balance: 'random',
      maxFailovers: -1,
      ejection: { consecutiveFailures: 0, maxEjectedPercent: 101, successRate: { minimumEndpoints: 2 } },
    });
    expect(found.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'endpoints[0].name',
        'endpoints[1].target',
        'endpoints[2].weight',
        'endpoints[2].pool',
        'balance',
        'maxFailovers',
        'ejection.consecutiveFailures',
        'ejection.maxEjectedPercent',
        'ejection.successRate.minimumEndpoints',
      ]),
    );
  });

  it.each([
    [undefined, '', /must be an options object/],
    [{}, 'endpoints', /must be an array of endpoints/],
    [{ endpoints: [] }, 'endpoints', /must have an endpoint/],
    [
      { endpoints: Array.from({ length: 101 }, (_, at) => ({ name: `e${at}`, target: at })) },
      'endpoints',
      /100/,
    ],
    [{ endpoints: [...two, { name: 'a', target: 3 }] }, 'endpoints[2].name', /the name of another endpoint/],
    [{ endpoints: [{ name: 'a' }] }, 'endpoints[0].target', /must be given/],
    [{ endpoints: two, ejection: 5 }, 'ejection', /must be an options object, or false/],
    [
      { endpoints: two, ejection: { baseEjectionMs: 2, maxEjectionMs: 1 } },
      'ejection.maxEjectionMs',
      /at least/,
    ],
    [{ endpoints: two, maxFailover: 1 }, 'maxFailover', /did you mean 'maxFailovers'/],
  ])('%j: %s', (given, path, message) => {
    expect(problems(given)).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  it('of a policy have the path of its key', () => {
    const make = () => testHub().policy('db', { failover: { endpoints: [] } });
    expect(make).toThrow(/failover\.endpoints/);
  });

  it('are two failovers in one policy', () => {
    const make = () =>
      testHub().policy('db', { strategies: [failover({ endpoints: two }), failover({ endpoints: two })] });
    expect(make).toThrow(/must not have failover twice/);
  });
});

describe('what is not given', () => {
  it('has its default', () => {
    expect(failover({ endpoints: two }).adjustable).toMatchObject({
      current: {
        endpoints: [
          { name: 'a', target: 1, weight: 1, priority: 0 },
          { name: 'b', target: 2, weight: 1, priority: 0 },
        ],
        balance: 'in-order',
        maxFailovers: 1,
        ejection: {
          consecutiveFailures: 5,
          baseEjectionMs: 30_000,
          maxEjectionMs: 300_000,
          maxEjectedPercent: 10,
          successRate: { intervalMs: 10_000, minimumRuns: 100, minimumEndpoints: 5, stdevFactor: 1.9 },
        },
      },
    });
    expect(problems({ endpoints: two, ejection: { baseEjectionMs: 400_000 } })).toEqual([]);
    expect(problems({ endpoints: two, ejection: { successRate: false } })).toEqual([]);
    expect(problems({ endpoints: two, ejection: false })).toEqual([]);
  });
});

describe('options that change while it runs', () => {
  const adjustable = (given: Parameters<typeof failover>[0]) => {
    const { adjustable: live } = failover(given);
    if (live === undefined) throw new Error('It cannot be changed.');
    return live;
  };

  it('are all but the names and targets of its endpoints', () => {
    const live = adjustable({ endpoints: two });
    const [a, b] = two;
    const weighted = [
      { ...a, weight: 3 },
      { ...b, priority: 1 },
    ];
    live.prepare({ endpoints: weighted, balance: 'balanced', ejection: false })();
    expect(live.current).toMatchObject({ endpoints: weighted, balance: 'balanced', ejection: false });
    for (const endpoints of [[a], [b, a], [a, { ...b, target: 3 }], [...two, { name: 'c', target: 3 }]]) {
      expect(() => live.prepare({ endpoints })).toThrow(/names and targets that it was made with/);
    }
    expect(() => live.prepare({ endpoints: two, balance: 'random' })).toThrow(/balance/);
    expect(live.current).toMatchObject({ balance: 'balanced' });
  });
});
