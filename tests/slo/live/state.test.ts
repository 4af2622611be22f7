import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Breakwater,
  isBreakwaterError,
  type Policy,
  type PolicyOptions,
  type SloEvent,
  type SloState,
} from '../../../src/index.ts';
import { burnWindowNames } from '../../../src/slo/windows.ts';
import { parseExposition } from '../../metrics/exposition.ts';
import { failing, repeat, testHub } from '../../support.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const slo = {
  availability: 0.999,
  latency: { objective: 0.99, thresholdMs: 100 },
  correctness: 0.9999,
} satisfies PolicyOptions['slo'];

const hubs: Breakwater[] = [];

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
  vi.useRealTimers();
});

function newHub(): Breakwater {
  const hub = testHub();
  hubs.push(hub);
  return hub;
}

async function calls(policy: Policy, good: number, bad: number): Promise<void> {
  await repeat(good, () => policy.execute(() => 1));
  await repeat(bad, () => policy.execute(failing()));
}

/** A hub with a policy that had calls, 90 and 10 of them bad, over some hours; it is told what burns. */
async function usedHub(): Promise<{ readonly hub: Breakwater; readonly policy: Policy }> {
  const hub = newHub();
  const policy = hub.policy('db', { strategies: [], slo });
  await calls(policy, 50, 0);
  await vi.advanceTimersByTimeAsync(3 * HOUR_MS);
  await calls(policy, 30, 4);
  await vi.advanceTimersByTimeAsync(7 * MINUTE_MS);
  await calls(policy, 10, 6);
  return { hub, policy };
}

/** As it comes out of a file. */
function stored(hub: Breakwater): SloState {
  return JSON.parse(JSON.stringify(hub.slo));
}

const availability = (hub: Breakwater) => hub.slo.report('db')[0]?.objectives[0];

function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (!isBreakwaterError(error, 'INVALID_OPTIONS')) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  throw new Error('nothing was refused');
}

describe('a saved state', () => {
  test('is plain, small and says who saved it and when', async () => {
    const { hub } = await usedHub();
    const state = hub.slo.toJSON();
    expect(stored(hub)).toEqual(state);
    expect(state).toMatchObject({
      version: 1,
      savedAt: Date.now(),
      hub: expect.stringMatching(/^[\da-f-]{36}$/),
    });
    expect(state.objectives.map(({ policy, sli, thresholdMs }) => [policy, sli, thresholdMs])).toEqual([
      ['db', 'availability', undefined],
      ['db', 'latency', 100],
      ['db', 'correctness', undefined],
    ]);
    expect(state.objectives[0]?.windows).toEqual({
      '5m': [[0, 10, 6]],
      '30m': [
        [0, 10, 6],
        [4, 30, 4],
      ],
      '1h': [
        [0, 10, 6],
        [2, 30, 4],
      ],
      '2h': [
        [0, 10, 6],
        [1, 30, 4],
      ],
      '6h': [
        [0, 40, 10],
        [10, 50, 0],
      ],
      '1d': [
        [0, 40, 10],
        [2, 50, 0],
      ],
      '3d': [[0, 90, 10]],
      period: [[0, 90, 10]],
    });
  });

  test('of a hub without calls, or without objectives, holds none', () => {
    const hub = newHub();
    hub.policy('db', { slo });
    hub.policy('other');
    expect(hub.slo.toJSON().objectives).toEqual([]);
  });

  test('of a busy policy takes a few kilobytes', async () => {
    const hub = newHub();
    const policy = hub.policy('db', { strategies: [], slo: { availability: 0.999, periodMs: 4 * DAY_MS } });
    for (let minute = 0; minute < 4 * 24 * 6; minute += 1) {
      vi.advanceTimersByTime(10 * MINUTE_MS);
      await calls(policy, 2, 0);
    }
    expect(JSON.stringify(hub.slo).length).toBeLessThan(4_000);
  });

  test('taken after close() has the calls that ended meanwhile', async () => {
    const { hub, policy } = await usedHub();
    const last = policy.execute(() => new Promise((resolve) => setTimeout(resolve, 10)));
    const closing = hub.close();
    await vi.advanceTimersByTimeAsync(20);
    await Promise.all([last, closing]);
    expect(stored(hub).objectives[0]?.windows.period).toEqual([[0, 91, 10]]);
    expect(availability(hub)).toMatchObject({ good: 91, bad: 10 });
  });
});

describe('restored', () => {
  test.each(['before', 'after'])(
    '%s the policy is made, all figures are as if nothing had happened',
    async (when) => {
      const { hub } = await usedHub();
      const before = hub.slo.report();
      const state = stored(hub);
      const next = newHub();
      const result = () => next.slo.restore(state);
      const names = ['availability', 'latency', 'correctness'].map((sli) => ({ policy: 'db', sli }));
      if (when === 'before') {
        expect(result()).toEqual({ restored: [], waiting: names, dropped: [] });
        expect(next.slo.report()).toEqual([]);
        next.policy('db', { strategies: [], slo });
      } else {
        next.policy('db', { strategies: [], slo });
        expect(next.slo.report('db')[0]?.objectives[0]?.status).toBe('no-data');
        expect(result()).toEqual({ restored: names, waiting: [], dropped: [] });
      }
      expect(next.slo.report()).toEqual(before);
      expect(stored(next).objectives).toEqual(state.objectives);
    },
  );

  test('later, events have grown older, and what is too old is gone', async () => {
    const { hub } = await usedHub();
    const state = stored(hub);
    const held = async (passedMs: number) => {
      vi.setSystemTime(state.savedAt + passedMs);
      const next = newHub();
      next.slo.restore(state);
      next.policy('db', { strategies: [], slo });
      const report = availability(next);
      const rates = burnWindowNames.filter((window) => report?.burnRates[window] !== undefined);
      return {
        good: report?.good,
        bad: report?.bad,
        rates,
        status: report?.status,
        observed: report?.observedMs,
      };
    };
    const observed = 3 * HOUR_MS + 7 * MINUTE_MS;
    const all = { good: 90, bad: 10, status: 'missed' };
    expect(await held(0)).toEqual({ ...all, rates: [...burnWindowNames], observed });
    expect(await held(10 * MINUTE_MS)).toEqual({
      ...all,
      rates: ['30m', '1h', '2h', '6h', '1d', '3d'],
      observed: observed + 10 * MINUTE_MS,
    });
    expect(await held(2 * DAY_MS)).toEqual({ ...all, rates: ['3d'], observed: observed + 2 * DAY_MS });
    expect(await held(31 * DAY_MS)).toMatchObject({
      good: 0,
      bad: 0,
      rates: [],
      status: 'no-data',
      observed: 30 * DAY_MS,
    });
  });

  test('with a clock that went back, no time has passed', async () => {
    const { hub } = await usedHub();
    const before = hub.slo.report();
    const state = stored(hub);
    vi.setSystemTime(state.savedAt - DAY_MS);
    const next = newHub();
    next.slo.restore(state);
    next.policy('db', { strategies: [], slo });
    expect(next.slo.report()).toEqual(before);
  });

  test('events are no events of this process: the counters stay at zero', async () => {
    const { hub } = await usedHub();
    const next = newHub();
    next.policy('db', { strategies: [], slo });
    next.slo.restore(stored(hub));
    const { all, value } = parseExposition(await next.registry.metrics());
    expect(all('breakwater_sli_events_total').map((sample) => sample.value)).toEqual([0, 0, 0, 0, 0, 0]);
    const remaining = { policy: 'db', sli: 'availability' };
    expect(value('breakwater_error_budget_remaining_ratio', remaining)).toBe(-99);
  });

  test('beside events of its own, both count, each at its age', async () => {
    const { hub } = await usedHub();
    const state = stored(hub);
    vi.setSystemTime(state.savedAt + HOUR_MS);
    const next = newHub();
    const policy = next.policy('db', { strategies: [], slo });
    await calls(policy, 3, 2);
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    next.slo.restore(state);
    expect(availability(next)).toMatchObject({
      good: 93,
      bad: 12,
      observedMs: 4 * HOUR_MS + 9 * MINUTE_MS,
      burnRates: { '5m': 400, '30m': 400, '1h': 400 },
    });
    expect(availability(next)?.burnRates['6h']).toBeCloseTo((12 / 105) * 1_000, 9);
    // What was restored goes when its time has come, what is its own later.
    await vi.advanceTimersByTimeAsync(5 * HOUR_MS - 4 * MINUTE_MS);
    expect(availability(next)?.burnRates['6h']).toBeCloseTo(400, 9);
  });

  test('what burns is looked at and told, since this process has not told it', async () => {
    const { hub } = await usedHub();
    const state = stored(hub);
    const next = newHub();
    const events: SloEvent[] = [];
    next.on('slo', (event) => void events.push(event));
    next.slo.restore(state);
    expect(vi.getTimerCount()).toBe(1);
    next.policy('db', { strategies: [], slo });
    await hub.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(events.map(({ status }) => status)).toContain('burning');
    expect(next.slo.canRelease().answer).toBe('no');
  });

  test('under another objective or period, events are found all the same', async () => {
    const { hub } = await usedHub();
    const state = stored(hub);
    const next = newHub();
    next.slo.restore(state);
    next.policy('db', { strategies: [], slo: { availability: 0.5, periodMs: 2 * DAY_MS } });
    expect(availability(next)).toMatchObject({ objective: 0.5, good: 90, bad: 10, budgetSpent: 0.2 });
    expect(availability(next)?.burnRates).toMatchObject({ '5m': 0.75, '6h': 0.2 });
  });

  test('under another threshold, or without the objective, they are dropped', async () => {
    const { hub } = await usedHub();
    const state = stored(hub);
    const next = newHub();
    next.policy('db', {
      strategies: [],
      slo: { latency: { objective: 0.99, thresholdMs: 50 }, correctness: 0.9 },
    });
    expect(next.slo.restore(state)).toEqual({
      restored: [{ policy: 'db', sli: 'correctness' }],
      waiting: [],
      dropped: [
        { policy: 'db', sli: 'availability' },
        { policy: 'db', sli: 'latency' },
      ],
    });
    expect(next.slo.report()[0]?.objectives.map(({ sli, good }) => [sli, good])).toEqual([
      ['latency', 0],
      ['correctness', 90],
    ]);
  });

  test('what waits for its policy is kept over another restart, and grows old meanwhile', async () => {
    const { hub } = await usedHub();
    const first = stored(hub);
    const second = newHub();
    second.slo.restore(first);
    vi.setSystemTime(first.savedAt + 10 * MINUTE_MS);
    const again = stored(second);
    expect(again.hub).not.toBe(first.hub);
    expect(again.objectives).toHaveLength(3);
    expect(again.objectives[0]?.windows['5m']).toBeUndefined();
    const third = newHub();
    third.slo.restore(again);
    third.policy('db', { strategies: [], slo });
    expect(availability(third)).toMatchObject({ good: 90, bad: 10, burnRates: { '5m': undefined } });
    vi.setSystemTime(first.savedAt + 40 * DAY_MS);
    expect(stored(second).objectives).toEqual([]);
  });

  test('a policy that cannot be made takes nothing of it', async () => {
    const { hub } = await usedHub();
    const next = newHub();
    next.slo.restore(stored(hub));
    const broken = {
      kind: 'retry' as const,
      describe: () => 'broken',
      bind: () => {
        throw new Error('cannot be bound');
      },
    };
    expect(() => next.policy('db', { strategies: [broken], slo })).toThrow('cannot be bound');
    next.policy('db', { strategies: [], slo });
    expect(availability(next)).toMatchObject({ good: 90, bad: 10 });
  });
});

describe('nothing is counted twice', () => {
  test('a state is refused by the hub that saved it', async () => {
    const { hub } = await usedHub();
    const before = hub.slo.report();
    expect(problemsOf(() => hub.slo.restore(stored(hub)))).toEqual([
      'hub: is this hub itself: it counts the events of that state already',
    ]);
    expect(hub.slo.report()).toEqual(before);
  });

  test.each(['before', 'after'])(
    'a second state is refused for the same objectives, %s they are made',
    async (when) => {
      const { hub } = await usedHub();
      const state = stored(hub);
      const next = newHub();
      if (when === 'after') next.policy('db', { strategies: [], slo });
      next.slo.restore(state);
      const saved = next.slo.report();
      const problems = ['availability', 'latency', 'correctness'].map(
        (sli, at) => `objectives[${at}]: the ${sli} of 'db' was restored already`,
      );
      expect(problemsOf(() => next.slo.restore(state))).toEqual(problems);
      expect(problemsOf(() => next.slo.restore({ ...state, hub: 'another' }))).toEqual(problems);
      expect(next.slo.report()).toEqual(saved);
    },
  );

  test('of a state of which a part was restored, nothing is', async () => {
    const { hub } = await usedHub();
    const other = hub.policy('other', { strategies: [], slo: { availability: 0.9 } });
    await calls(other, 1, 1);
    const state = stored(hub);
    const next = newHub();
    next.policy('other', { strategies: [], slo: { availability: 0.9 } });
    next.slo.restore({ ...state, objectives: state.objectives.slice(0, 3) });
    expect(problemsOf(() => next.slo.restore(state))).toHaveLength(3);
    expect(next.slo.report('other')[0]?.objectives[0]?.status).toBe('no-data');
  });
});

describe('garbage', () => {
  const valid = {
    version: 1,
    savedAt: 1_700_000_000_000,
    hub: 'h',
    objectives: [
      {
        policy: 'db',
        sli: 'availability',
        periodMs: 1_000,
        elapsedMs: 5,
        observedMs: 5,
        windows: { '5m': [[0, 1, 1]] },
      },
    ],
  };
  const withObjective = (changed: object) => ({
    ...valid,
    objectives: [{ ...valid.objectives[0], ...changed }],
  });

  test('is told from what is valid', () => {
    const hub = newHub();
    expect(Reflect.apply(hub.slo.restore, hub.slo, [valid]).waiting).toHaveLength(1);
  });

  const garbage: readonly (readonly [given: unknown, problem: RegExp])[] = [
    [undefined, /^: must be an options object/],
    [null, /^: /],
    ['{}', /^: /],
    [[], /^: /],
    [7, /^: /],
    [{ ...valid, version: 2 }, /^version: must be 1, which this version writes, not 2/],
    [{ ...valid, version: '1' }, /^version: /],
    [{ ...valid, savedAt: '2026-01-01' }, /^savedAt: /],
    [{ ...valid, savedAt: Number.NaN }, /^savedAt: /],
    [{ ...valid, savedAt: -1 }, /^savedAt: /],
    [{ ...valid, savedAt: 1e300 }, /^savedAt: /],
    [{ ...valid, hub: 5 }, /^hub: /],
    [{ ...valid, extra: 1 }, /^extra: is not an option/],
    [{ ...valid, objectives: {} }, /^objectives: must be an array of objectives, not an object/],
    [{ ...valid, objectives: [null] }, /^objectives\[0\]: /],
    [
      { ...valid, objectives: [valid.objectives[0], valid.objectives[0]] },
      /^objectives\[1\]: is there twice/,
    ],
    [
      JSON.parse(`{"__proto__":{"version":1},"version":1,"savedAt":1,"hub":"h","objectives":[]}`),
      /^__proto__: /,
    ],
    [withObjective({ policy: 'line\nbreak' }), /^objectives\[0\]\.policy: /],
    [withObjective({ policy: '' }), /^objectives\[0\]\.policy: /],
    [withObjective({ sli: 'speed' }), /^objectives\[0\]\.sli: must be 'availability' or/],
    [withObjective({ sli: '__proto__' }), /^objectives\[0\]\.sli: /],
    [withObjective({ periodMs: 0 }), /^objectives\[0\]\.periodMs: /],
    [withObjective({ elapsedMs: -1 }), /^objectives\[0\]\.elapsedMs: /],
    [withObjective({ elapsedMs: 1e14 }), /^objectives\[0\]\.elapsedMs: /],
    [withObjective({ observedMs: null }), /^objectives\[0\]\.observedMs: /],
    [withObjective({ thresholdMs: -5 }), /^objectives\[0\]\.thresholdMs: /],
    [withObjective({ windows: null }), /^objectives\[0\]\.windows: /],
    [
      withObjective({ windows: { '4m': [] } }),
      /^objectives\[0\]\.windows\.4m: is not an option; did you mean/,
    ],
    [withObjective({ windows: JSON.parse('{"__proto__":[]}') }), /^objectives\[0\]\.windows\.__proto__: /],
    [withObjective({ windows: { '5m': {} } }), /^objectives\[0\]\.windows\.5m: must be an array of slots/],
    [withObjective({ windows: { '5m': [[0, 1]] } }), /^objectives\[0\]\.windows\.5m\[0\]/],
    [withObjective({ windows: { '5m': [[0, 1, 1, 1]] } }), /^objectives\[0\]\.windows\.5m\[0\]/],
    [withObjective({ windows: { '5m': [[0, -1, 1]] } }), /^objectives\[0\]\.windows\.5m\[0\]\[1\]: /],
    [withObjective({ windows: { '5m': [[0, 0.5, 1]] } }), /^objectives\[0\]\.windows\.5m\[0\]\[1\]: /],
    [withObjective({ windows: { '5m': [[0, 1, 1e13]] } }), /^objectives\[0\]\.windows\.5m\[0\]\[2\]: /],
    [withObjective({ windows: { '5m': [[-1, 1, 1]] } }), /^objectives\[0\]\.windows\.5m\[0\]\[0\]: /],
    [withObjective({ windows: { '5m': [[21, 1, 1]] } }), /^objectives\[0\]\.windows\.5m\[0\]\[0\]: /],
    [
      withObjective({ windows: { '5m': Array.from({ length: 22 }, () => [0, 1, 1]) } }),
      /^objectives\[0\]\.windows\.5m: must be at most 21 slots/,
    ],
  ];

  test.each(garbage.map(([given, problem], at) => [at, problem.source, given, problem] as const))(
    '%d is refused, and nothing is restored: %s',
    (_at, _source, given, problem) => {
      const hub = newHub();
      hub.policy('db', { slo });
      const problems = problemsOf(() => Reflect.apply(hub.slo.restore, hub.slo, [given]));
      expect(problems[0]).toMatch(problem);
      expect(availability(hub)).toMatchObject({ status: 'no-data', good: 0, bad: 0 });
      expect(hub.slo.toJSON().objectives).toEqual([]);
      expect(Reflect.get({}, 'version')).toBeUndefined();
    },
  );

  test('is refused whole, with all that is wrong, though some of it is right', () => {
    const hub = newHub();
    hub.policy('db', { slo });
    const given = {
      ...valid,
      savedAt: -1,
      objectives: [valid.objectives[0], { ...valid.objectives[0], sli: 'x', periodMs: -1 }],
    };
    expect(problemsOf(() => Reflect.apply(hub.slo.restore, hub.slo, [given]))).toHaveLength(3);
    expect(availability(hub)?.status).toBe('no-data');
  });

  test('the closed hub takes nothing', async () => {
    const hub = newHub();
    await hub.close();
    expect(() => Reflect.apply(hub.slo.restore, hub.slo, [valid])).toThrow(
      expect.objectContaining({ code: 'CLOSED' }),
    );
  });
});

test('a fresh process says "no data" and "unknown", never "met" or "yes"', () => {
  const hub = newHub();
  hub.policy('db', { slo });
  expect(hub.slo.report('db')[0]?.objectives.map(({ status }) => status)).toEqual([
    'no-data',
    'no-data',
    'no-data',
  ]);
  expect(hub.slo.canRelease().answer).toBe('unknown');
});
