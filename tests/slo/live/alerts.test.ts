import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Breakwater, PolicyOptions, SloEvent } from '../../../src/index.ts';
import type { Sli, SliCounts } from '../../../src/metrics/sli.ts';
import { AlertMachine } from '../../../src/slo/live/alert-machine.ts';
import type { FollowedObjective } from '../../../src/slo/live/standing.ts';
import { deferred, failing, notingTimers, repeat, testHub } from '../../support.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const hubs: Breakwater[] = [];

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
  vi.useRealTimers();
});

/** A hub, and all that it says of its budgets, in short. */
function newHub() {
  const hub = testHub();
  hubs.push(hub);
  const events: SloEvent[] = [];
  hub.on('slo', (event) => void events.push(event));
  const told = () => events.splice(0).map(inShort);
  const policy = (name: string, slo: NonNullable<PolicyOptions['slo']>) => {
    const made = hub.policy(name, { strategies: [], slo });
    return {
      good: (times: number) => repeat(times, () => made.execute(() => 1)),
      bad: (times: number) => repeat(times, () => made.execute(failing())),
    };
  };
  return { hub, events, told, policy };
}

function inShort(event: SloEvent): string {
  switch (event.status) {
    case 'burning':
      return `${event.policy} ${event.sli} burning: ${event.severity} over ${event.longWindow} and ${event.shortWindow}`;
    case 'recovered':
      return `${event.policy} ${event.sli} recovered: ${event.reason}`;
    case 'exhausted':
      return `${event.policy} ${event.sli} exhausted`;
    case 'frozen':
      return `${event.policy} frozen: ${event.slis.join(', ')}`;
    case 'thawed':
      return `${event.policy} thawed: ${event.reason}`;
  }
}

describe('a burst of failures and then silence', () => {
  test('pages within seconds, once, and recovers without a call', async () => {
    const { policy, told, hub } = newHub();
    const { good, bad } = policy('db', { availability: 0.999 });
    await good(1_000);
    expect(vi.getTimerCount()).toBe(0);
    await bad(20);
    expect(vi.getTimerCount()).toBe(1);
    expect(told()).toEqual([]);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(told()).toEqual([
      'db availability burning: page over 1h and 5m',
      'db availability exhausted',
      'db frozen: availability',
    ]);
    await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
    expect(told()).toEqual([]);
    await vi.advanceTimersByTimeAsync(25 * MINUTE_MS);
    // The page over 1h ends after 5 minutes; that over 6h holds on for half an hour; then the tickets, of 3 days.
    expect(told()).toEqual([]);
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(told()).toEqual(['db availability burning: ticket over 1d and 2h']);
    await vi.advanceTimersByTimeAsync(6 * HOUR_MS);
    expect(told()).toEqual(['db availability recovered: no-data']);
    expect(hub.slo.canRelease().answer).toBe('no');
  });

  test('thaws when its period is over, and then leaves no timer', async () => {
    const { policy, told, hub } = newHub();
    await policy('db', { availability: 0.999, periodMs: 2 * HOUR_MS }).bad(20);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(told()).toEqual([
      'db availability burning: page over 1h and 5m',
      'db availability exhausted',
      'db frozen: availability',
      'db availability recovered: no-data',
    ]);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(HOUR_MS + MINUTE_MS);
    expect(told()).toEqual(['db thawed: no-objection']);
    expect(hub.slo.canRelease().answer).toBe('unknown');
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('good calls that dilute the bad ones end the page, and then the ticket', async () => {
  const { policy, told } = newHub();
  const { good, bad } = policy('db', { availability: 0.99 });
  await good(30);
  await bad(10);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told()[0]).toBe('db availability burning: page over 1h and 5m');
  await good(600);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told()).toEqual(['db availability burning: ticket over 3d and 6h']);
  await good(450);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told()).toEqual(['db availability recovered: below-threshold']);
});

test('one failure at night, or a few, page nobody', async () => {
  const { policy, told, hub } = newHub();
  const { bad } = policy('db', { availability: 0.999, latency: { objective: 0.99, thresholdMs: 10 } });
  await bad(4);
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(told()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  expect(hub.slo.canRelease().answer).toBe('unknown');
  await bad(1);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  // Over the last days there are five now; the last hour has one.
  expect(told()).toEqual([
    'db availability burning: ticket over 3d and 6h',
    'db availability exhausted',
    'db latency exhausted',
    'db frozen: availability, latency',
  ]);
});

test('minimumBadEvents is each policy’s own', async () => {
  const { policy, told } = newHub();
  await policy('one', { availability: 0.999, minimumBadEvents: 1 }).bad(1);
  await policy('many', { availability: 0.999, minimumBadEvents: 50 }).bad(49);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told()).toEqual([
    'one availability burning: page over 1h and 5m',
    'one availability exhausted',
    'one frozen: availability',
  ]);
});

test('a ticket that becomes a page is told, and so is a page that becomes a ticket', async () => {
  const { policy, events, told } = newHub();
  const { good, bad } = policy('db', { availability: 0.99, freezeBelow: 0 });
  await good(2_000);
  await bad(50);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(events).toMatchObject([
    { status: 'burning', severity: 'ticket', previousSeverity: undefined, longWindow: '3d' },
    { status: 'exhausted' },
    { status: 'frozen' },
  ]);
  events.splice(0);
  await bad(2_000);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(events).toMatchObject([
    { status: 'burning', severity: 'page', previousSeverity: 'ticket', longWindow: '1h', factor: 14.4 },
  ]);
  told();
  await vi.advanceTimersByTimeAsync(31 * MINUTE_MS);
  expect(events).toMatchObject([{ status: 'burning', severity: 'ticket', previousSeverity: 'page' }]);
});

test('a failed call is bad in all three SLIs, and only the page on availability goes off', async () => {
  const { policy, told, hub } = newHub();
  const objectives = {
    availability: 0.999,
    latency: { objective: 0.99, thresholdMs: 100 },
    correctness: 0.9999,
  };
  const { good, bad } = policy('db', objectives);
  await good(500);
  await bad(200);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told().filter((line) => line.includes('burning'))).toEqual([
    'db availability burning: page over 1h and 5m',
  ]);
  const [report] = hub.slo.report('db');
  const firing = report?.objectives.map(({ sli, firing: on, heldBack }) => [sli, on.length, heldBack.length]);
  expect(firing).toEqual([
    ['availability', 4, 0],
    ['latency', 0, 4],
    ['correctness', 0, 4],
  ]);
  expect(report?.objectives[0]?.firing[0]).toEqual({
    severity: 'page',
    longWindow: '1h',
    shortWindow: '5m',
    factor: 14.4,
    longBurnRate: 2_000 / 7,
    shortBurnRate: 2_000 / 7,
  });
});

test('what availability does not say the others do', async () => {
  const { hub, told } = newHub();
  const policy = hub.policy('db', { strategies: [], slo: { availability: 0.9, correctness: 0.999 } });
  await repeat(50, () => policy.execute(() => 1, { check: () => false }));
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told()).toEqual([
    'db correctness burning: page over 1h and 5m',
    'db correctness exhausted',
    'db frozen: correctness',
  ]);
  // Now availability burns as well: it takes over what the other one said.
  await repeat(100, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told()).toEqual([
    'db availability burning: page over 6h and 30m',
    'db availability exhausted',
    'db correctness recovered: held-back',
  ]);
});

test('an alert that ends by itself was not held back, though another of the same objective is', () => {
  const settings = { policy: 'db', periodMs: 30 * DAY_MS, minimumBadEvents: 5, freezeBelow: 0 };
  const machine = new AlertMachine(settings);
  const look = (availability: Held, correctness: Held) => {
    const objectives = [
      followed('availability', 0.5, availability),
      followed('correctness', 0.999, correctness),
    ];
    const { changes } = machine.evaluate(objectives, 0);
    return changes.flatMap((change) => (change.status === 'recovered' ? [change.reason] : []));
  };
  const allGood: Held = { recent: { good: 100, bad: 0 }, days: { good: 1_000, bad: 0 } };
  const burning: Held = { recent: { good: 0, bad: 100 }, days: { good: 9_900, bad: 100 } };
  // At 50 % only a ticket can fire.
  const ticket: Held = { recent: { good: 0, bad: 10 }, days: { good: 0, bad: 10 } };
  const slower: Held = { recent: { good: 998, bad: 2 }, days: { good: 9_900, bad: 100 } };
  expect(look(allGood, burning)).toEqual([]);
  expect(look(ticket, slower)).toEqual(['below-threshold']);
  // Without the ticket on availability there is one on correctness, which that then takes over.
  expect(look(allGood, slower)).toEqual(['below-threshold']);
  expect(look(ticket, slower)).toEqual(['held-back']);
});

/** What windows up to 6 hours hold, and those of days. */
interface Held {
  readonly recent: SliCounts;
  readonly days: SliCounts;
}

function followed(sli: Sli, objective: number, { recent, days }: Held): FollowedObjective {
  return {
    sli,
    objective,
    periodMs: 30 * DAY_MS,
    counts: (window) => (window === '1d' || window === '3d' ? days : recent),
    periodCounts: () => days,
    observedMs: () => 30 * DAY_MS,
  };
}

test('a budget that is spent is told once until there is budget again', async () => {
  const { policy, told, hub } = newHub();
  // No alert fits a period so short: only the budget tells.
  const { good, bad } = policy('db', { availability: 0.5, periodMs: 30 * MINUTE_MS, freezeBelow: 0 });
  await bad(10);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  await bad(10);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(told()).toEqual(['db availability exhausted', 'db frozen: availability']);
  expect(hub.slo.report()[0]?.objectives[0]).toMatchObject({
    status: 'missed',
    budgetRemaining: -1,
    exhaustedInMs: 0,
  });
  await good(30);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(told()).toEqual(['db thawed: no-objection']);
  await bad(10);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  // Nothing is left, which is no less than the limit of none.
  expect(told()).toEqual(['db availability exhausted', 'db frozen: availability']);
});

test('a freeze and its end say what canRelease() says', async () => {
  const { policy, told, hub } = newHub();
  const { good, bad } = policy('db', { availability: 0.9, freezeBelow: 0.25 });
  const answer = () => hub.slo.canRelease({ policies: ['db'] }).answer;
  await good(92);
  await bad(7);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect([answer(), told()]).toEqual(['yes', []]);
  await bad(1);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect([answer(), told()]).toEqual(['no', ['db frozen: availability']]);
  await good(50);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect([answer(), told()]).toEqual(['yes', ['db thawed: no-objection']]);
});

test('a budget may run out when good events leave its period, though no bad one comes', async () => {
  const { policy, told } = newHub();
  const { good, bad } = policy('db', { availability: 0.99, periodMs: 30 * MINUTE_MS, freezeBelow: 0 });
  await good(2_000);
  await vi.advanceTimersByTimeAsync(26 * MINUTE_MS);
  await bad(10);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(told()).toEqual([]);
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(told()).toEqual(['db availability exhausted', 'db frozen: availability']);
});

describe('the timer', () => {
  test('is one for the hub, is not there while nothing is bad, and goes with the last pending policy', async () => {
    const { hub, policy } = newHub();
    const [one, two, three] = ['one', 'two', 'three'].map((name) => policy(name, { availability: 0.999 }));
    await one?.good(100);
    await two?.good(100);
    expect(vi.getTimerCount()).toBe(0);
    await one?.bad(6);
    await two?.bad(6);
    await three?.bad(6);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    hub.remove('one');
    hub.remove('two');
    expect(vi.getTimerCount()).toBe(1);
    hub.remove('three');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is there for no policy without objectives', async () => {
    const { hub } = newHub();
    const policy = hub.policy('db', { strategies: [] });
    await repeat(50, () => policy.execute(failing()));
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not keep the process alive', async () => {
    const { made, stop } = notingTimers();
    try {
      const { policy } = newHub();
      await policy('db', { availability: 0.999 }).bad(1);
    } finally {
      stop();
    }
    expect(vi.getTimerCount()).toBe(1);
    expect(made.filter((timer) => !timer.hasRef())).toHaveLength(1);
  });

  test('goes with close(), and calls that end afterwards make none', async () => {
    const { hub, told } = newHub();
    const policy = hub.policy('db', { strategies: [], slo: { availability: 0.999 } });
    await repeat(10, () => policy.execute(failing()));
    const answer = deferred();
    const late = policy.execute(() => answer.promise).catch(() => {});
    const closing = hub.close({ timeoutMs: 50 });
    await vi.advanceTimersByTimeAsync(100);
    await closing;
    answer.reject(new Error('late'));
    await late;
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(told()).toEqual([]);
  });

  test('is not armed by the calls that a removed policy still has in flight', async () => {
    const { hub } = newHub();
    const policy = hub.policy('db', { strategies: [], slo: { availability: 0.999 } });
    const answer = deferred();
    const late = policy.execute(() => answer.promise).catch(() => {});
    hub.remove('db');
    answer.reject(new Error('late'));
    await late;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('survives a clock that is replaced and set back', async () => {
    vi.useRealTimers();
    const { policy, told } = newHub();
    const { bad } = policy('db', { availability: 0.999, freezeBelow: 0 });
    await bad(10);
    vi.useFakeTimers({ now: 0 });
    await bad(1);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(told()[0]).toBe('db availability burning: page over 1h and 5m');
    vi.setSystemTime(0);
    await vi.advanceTimersByTimeAsync(7 * HOUR_MS);
    expect(told().at(-1)).toBe('db availability recovered: no-data');
  });
});

describe('listeners', () => {
  test('that throw harm nobody: others hear, and the next change is told', async () => {
    const { hub, policy, told } = newHub();
    const errors: unknown[] = [];
    hub.on('slo', () => {
      throw new Error('listener');
    });
    hub.on('internal-error', ({ component }) => void errors.push(component));
    const { bad } = policy('db', { availability: 0.999, freezeBelow: 0 });
    const other = policy('other', { availability: 0.999 });
    await bad(10);
    await other.bad(10);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(told()).toHaveLength(6);
    expect(errors).toEqual(Array.from({ length: 6 }, () => 'event-listener'));
    await vi.advanceTimersByTimeAsync(7 * HOUR_MS);
    expect(told().filter((line) => line.includes('recovered'))).toHaveLength(2);
  });

  test('that remove the policy hear the end of what they heard, and no more', async () => {
    const { hub, policy, told } = newHub();
    const heardFirst: string[] = [];
    hub.on('slo', (event) => void hub.remove(event.policy));
    hub.on('slo', (event) => void heardFirst.push(inShort(event)));
    await policy('one', { availability: 0.999 }).bad(10);
    await policy('two', { availability: 0.999 }).bad(10);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    const expected = [
      'one availability burning: page over 1h and 5m',
      'one availability recovered: removed',
      'two availability burning: page over 1h and 5m',
      'two availability recovered: removed',
    ];
    expect(told()).toEqual(expected);
    // Also whoever hears after the listener that removed it.
    expect(heardFirst).toEqual(expected);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('hear that what they heard of a policy ended with it, and nothing of what had ended', async () => {
    const { hub, policy, told, events } = newHub();
    const db = policy('db', { availability: 0.999, correctness: 0.9 });
    const calm = policy('calm', { availability: 0.5, freezeBelow: 0 });
    const over = policy('over', { availability: 0.99, freezeBelow: 0 });
    await db.good(10);
    await db.bad(10);
    await calm.bad(4);
    await over.bad(10);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    await over.good(5_000);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(told()).toEqual([
      'db availability burning: page over 1h and 5m',
      'db availability exhausted',
      'db correctness exhausted',
      'db frozen: availability, correctness',
      'over availability burning: page over 1h and 5m',
      'over availability exhausted',
      'over frozen: availability',
      'over availability recovered: below-threshold',
      'over thawed: no-objection',
    ]);
    for (const name of ['db', 'calm', 'over']) hub.remove(name);
    expect(events).toMatchObject([
      {
        status: 'recovered',
        reason: 'removed',
        severity: 'page',
        sli: 'availability',
        budgetRemaining: -499,
        summary: "The page on the availability budget of 'db' ended: the policy was removed.",
      },
      {
        status: 'thawed',
        reason: 'removed',
        summary: "Releases of 'db' need not wait any more: the policy was removed.",
      },
    ]);
  });

  test('hear nothing when the hub closes, nor of what is removed then', async () => {
    const closed = newHub();
    await closed.policy('db', { availability: 0.999 }).bad(10);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(closed.told()).toHaveLength(3);
    await closed.hub.close();
    closed.hub.remove('db');
    expect(closed.told()).toEqual([]);
  });

  test('that come late hear the next change, and a policy made anew starts anew', async () => {
    const { hub, policy, told } = newHub();
    const { bad } = policy('db', { availability: 0.999 });
    await bad(10);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(told()).toHaveLength(3);
    hub.remove('db');
    expect(told()).toEqual(['db availability recovered: removed', 'db thawed: removed']);
    await policy('db', { availability: 0.999 }).bad(10);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(told()).toHaveLength(3);
  });
});

test('an event has all that somebody who is woken up needs', async () => {
  const { policy, events } = newHub();
  const { good, bad } = policy('db', { availability: 0.999 });
  await good(80);
  await bad(20);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(events).toEqual([
    {
      policy: 'db',
      time: Date.now(),
      status: 'burning',
      sli: 'availability',
      objective: 0.999,
      severity: 'page',
      previousSeverity: undefined,
      longWindow: '1h',
      shortWindow: '5m',
      factor: 14.4,
      longBurnRate: 200,
      shortBurnRate: 200,
      budgetRemaining: -199,
      summary:
        "The availability budget of 'db' burns too fast: 200 times over 1h, 200 times over 5m, where more than 14.4 times is a page.",
    },
    {
      policy: 'db',
      time: Date.now(),
      status: 'exhausted',
      sli: 'availability',
      objective: 0.999,
      good: 80,
      bad: 20,
      budgetRemaining: -199,
      summary:
        "The availability budget of 'db' is spent: 20 of 100 events of its period were bad, over the 10 s since it began to count.",
    },
    {
      policy: 'db',
      time: Date.now(),
      status: 'frozen',
      slis: ['availability'],
      summary: "Releases of 'db' should wait: a page on its availability fires.",
    },
  ]);
});
