import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Breakwater, PolicyOptions } from '../../../src/index.ts';
import { isBreakwaterError } from '../../../src/index.ts';
import { failing, repeat, testHub } from '../../support.ts';

const hubs: Breakwater[] = [];

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
  vi.useRealTimers();
});

function newHub(): Breakwater {
  const hub = testHub();
  hubs.push(hub);
  return hub;
}

/** A policy that had calls. At 50 % no alert can fire, so that only the budget decides. */
async function used(
  hub: Breakwater,
  name: string,
  good: number,
  bad: number,
  slo: NonNullable<PolicyOptions['slo']> = { availability: 0.5 },
): Promise<void> {
  const policy = hub.policy(name, { strategies: [], slo });
  await repeat(good, () => policy.execute(() => 1));
  await repeat(bad, () => policy.execute(failing()));
}

describe('a release', () => {
  test('of what has budget may go', async () => {
    const hub = newHub();
    await used(hub, 'db', 95, 5);
    expect(hub.slo.canRelease()).toEqual({
      answer: 'yes',
      why: "'db': 90 % of its availability budget is left, over the 1 s since it began to count.",
      objectives: [
        {
          policy: 'db',
          sli: 'availability',
          answer: 'yes',
          why: '90 % of its availability budget is left, over the 1 s since it began to count',
          budgetRemaining: 0.9,
        },
      ],
    });
  });

  test('waits where the budget is below the limit, and not where it is at it', async () => {
    const hub = newHub();
    await used(hub, 'db', 55, 45);
    expect(hub.slo.canRelease().answer).toBe('yes');
    expect(hub.slo.canRelease({ minRemaining: 0.100001 })).toMatchObject({
      answer: 'no',
      why: "'db': 10 % of its availability budget is left, less than 10.0001 %, over the 1 s since it began to count.",
    });
    await used(hub, 'spent', 1, 9);
    expect(hub.slo.canRelease()).toMatchObject({
      answer: 'no',
      why: "'spent': -80 % of its availability budget is left, less than 10 %, over the 1 s since it began to count.",
      objectives: [{ answer: 'yes' }, { answer: 'no', budgetRemaining: -0.8 }],
    });
  });

  test('waits while a page fires, however much budget is left', async () => {
    const hub = newHub();
    const policy = hub.policy('db', { strategies: [], slo: { availability: 0.99 } });
    await repeat(1_500, () => policy.execute(() => 1));
    await vi.advanceTimersByTimeAsync(4 * 24 * 3_600_000);
    await repeat(8, () => policy.execute(failing()));
    expect(hub.slo.canRelease()).toMatchObject({
      answer: 'no',
      why: "'db': a page on its availability fires.",
      objectives: [{ budgetRemaining: 708 / 1_508 }],
    });
  });

  test('is told how far back the figures reach, until they fill the period', async () => {
    const hub = newHub();
    const periodMs = 20 * 3_600_000;
    await used(hub, 'db', 95, 5, { availability: 0.5, periodMs });
    const why = () => hub.slo.canRelease().why;
    const left = "'db': 90 % of its availability budget is left";
    await vi.advanceTimersByTimeAsync(10_900);
    expect(why()).toBe(`${left}, over the 10 s since it began to count.`);
    await vi.advanceTimersByTimeAsync(3 * 60_000);
    expect(why()).toBe(`${left}, over the 3 min since it began to count.`);
    await vi.advanceTimersByTimeAsync(19 * 3_600_000);
    expect(why()).toBe(`${left}, over the 19 h since it began to count.`);
    await repeat(100, () => hub.get('db').execute(() => 1));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(why()).toBe("'db': 100 % of its availability budget is left.");
  });

  test('waits for a budget of which nothing is left, whatever the limit', async () => {
    const hub = newHub();
    await used(hub, 'db', 5, 5, { availability: 0.5, freezeBelow: 0 });
    const spent = {
      answer: 'no',
      why: "'db': 0 % of its availability budget is left, it is spent, over the 1 s since it began to count.",
    };
    expect(hub.slo.canRelease()).toMatchObject(spent);
    expect(hub.slo.canRelease({ minRemaining: 0 })).toMatchObject(spent);
    await used(hub, 'few', 4, 4, { availability: 0.5, freezeBelow: 0 });
    expect(hub.slo.canRelease({ policies: ['few'] }).answer).toBe('unknown');
  });

  test('is not held up by a few bad events, but nobody says yes either', async () => {
    const hub = newHub();
    await used(hub, 'db', 96, 4, { availability: 0.999 });
    expect(hub.slo.canRelease()).toMatchObject({
      answer: 'unknown',
      why: expect.stringContaining('but after only 4 bad events'),
    });
  });

  test('of what is hardly called, or never, is unknown', async () => {
    const hub = newHub();
    await used(hub, 'idle', 0, 0);
    expect(hub.slo.canRelease()).toMatchObject({
      answer: 'unknown',
      why: "'idle': there is no data on its availability.",
      objectives: [{ budgetRemaining: undefined }],
    });
    await used(hub, 'rare', 4, 0);
    expect(hub.slo.canRelease({ policies: ['rare'] })).toMatchObject({
      answer: 'unknown',
      why: "'rare': there are only 4 events of its availability, over the 1 s since it began to count.",
    });
  });

  test('without objectives is unknown', () => {
    const hub = newHub();
    expect(hub.slo.canRelease()).toEqual({
      answer: 'unknown',
      why: 'there are no objectives.',
      objectives: [],
    });
    hub.policy('db', { slo: {} });
    hub.policy('other');
    expect(hub.slo.canRelease().answer).toBe('unknown');
  });

  test('no beats unknown beats yes, and the policies named decide', async () => {
    const hub = newHub();
    await used(hub, 'fine', 100, 0);
    await used(hub, 'idle', 0, 0);
    await used(hub, 'spent', 0, 10);
    const answer = (...policies: string[]) => hub.slo.canRelease({ policies }).answer;
    expect(answer('fine')).toBe('yes');
    expect(answer('fine', 'idle')).toBe('unknown');
    expect(answer('fine', 'spent')).toBe('no');
    expect(answer('idle', 'spent')).toBe('no');
    expect(hub.slo.canRelease().answer).toBe('no');
    expect(hub.slo.canRelease({ policies: ['fine', 'fien'] })).toMatchObject({
      answer: 'unknown',
      why: "'fien': it has no objectives.",
    });
  });

  test('is asked about with the limit of each policy, or with one for all', async () => {
    const hub = newHub();
    await used(hub, 'careful', 80, 20, { availability: 0.5, freezeBelow: 0.7 });
    await used(hub, 'bold', 80, 20, { availability: 0.5, freezeBelow: 0 });
    const answers = (minRemaining?: number) =>
      hub.slo.canRelease({ minRemaining }).objectives.map(({ answer }) => answer);
    expect(answers()).toEqual(['no', 'yes']);
    expect(answers(0.5)).toEqual(['yes', 'yes']);
    expect(answers(1)).toEqual(['no', 'no']);
  });

  test.each([
    [{ policies: [] }, 'policies'],
    [{ policies: 'db' }, 'policies'],
    [{ policies: [''] }, 'policies[0]'],
    [{ minRemaining: 1.1 }, 'minRemaining'],
    [{ minRemaining: -0.1 }, 'minRemaining'],
    [{ minRemaining: Number.NaN }, 'minRemaining'],
    [{ minRemaning: 0.1 }, 'minRemaning'],
  ])('is refused an answer to %j', (question, path) => {
    const { slo } = newHub();
    try {
      Reflect.apply(slo.canRelease, slo, [question]);
    } catch (error) {
      expect(
        isBreakwaterError(error, 'INVALID_OPTIONS') && error.problems.map((problem) => problem.path),
      ).toEqual([path]);
      return;
    }
    throw new Error('it was answered');
  });
});
