import { describe, expect, it, vi } from 'vitest';
import { wallNow } from '../../src/core/clock.ts';
import type { RejectionReason } from '../../src/core/outcome.ts';
import { type Harness, resolveByHand, settle, sloEvent } from './fixtures.ts';
import { pass, useHarnesses } from './manager-harness.ts';

const start = useHarnesses();

function reject(
  harness: Harness,
  times: number,
  reason: RejectionReason = 'rate_limited',
  shadow = false,
): void {
  for (let n = 0; n < times; n += 1) {
    const calls = harness.policies.get('database')?.calls;
    if (calls !== undefined) calls.rejected = (calls.rejected ?? 0) + 1;
    harness.events.emit('rejection', { policy: 'database', time: wallNow(), reason, shadow });
  }
}

describe('a burn alert', () => {
  it('begins an incident, and ends it once it has been over for long enough', async () => {
    const harness = start();
    harness.policy();
    harness.events.emit('slo', sloEvent('burning'));
    expect(harness.only()).toMatchObject({ trigger: 'slo', severity: 'Medium', status: 'declared' });
    expect(harness.only().why).toContain('200 times the rate that it can bear');
    await pass(600_000);
    expect(harness.manager.open()).toHaveLength(1);
    harness.events.emit('slo', sloEvent('recovered'));
    await pass(59_999);
    expect(harness.manager.open()).toHaveLength(1);
    await pass(1);
    expect(harness.manager.open()).toEqual([]);
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved']);
    expect(harness.only().toJSON().condition.burning).toEqual([]);
  });

  it('begins nothing and keeps nothing open where sloIncidents is false, and is noted on what is open', async () => {
    const harness = start({ sloIncidents: false });
    const policy = harness.policy();
    harness.events.emit('slo', sloEvent('burning'));
    harness.events.emit('slo', sloEvent('exhausted'));
    expect(harness.manager.list()).toEqual([]);
    policy.move('open');
    harness.events.emit('slo', sloEvent('exhausted'));
    expect(harness.only().timeline.filter(({ kind }) => kind === 'slo')).toHaveLength(1);
    policy.move('closed');
    await pass(60_000);
    expect(harness.only().status).toBe('resolved');
  });

  it('joins the open incident, which then ends when both are over', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.move('open');
    harness.events.emit('slo', sloEvent('burning'));
    policy.move('closed');
    await pass(300_000);
    expect(harness.only()).toMatchObject({ trigger: 'circuit', status: 'declared' });
    expect(harness.sink.kinds()).toEqual(['opened', 'updated']);
    harness.events.emit('slo', sloEvent('recovered'));
    await pass(60_000);
    expect(harness.only().status).toBe('resolved');
  });

  it('is one step less severe where only a ticket burns', () => {
    const harness = start();
    harness.policy().criticality = 'critical';
    const event = sloEvent('burning');
    if (event.status !== 'burning') throw new Error('not burning');
    harness.events.emit('slo', { ...event, severity: 'ticket', longBurnRate: 1.24 });
    expect(harness.only()).toMatchObject({ severity: 'High' });
    expect(harness.only().why).toContain('slowly, at 1.2 times');
    harness.events.emit('slo', { ...event, previousSeverity: 'ticket' });
    expect(harness.only()).toMatchObject({ severity: 'Critical' });
  });
});

describe('a spent error budget', () => {
  it('begins an incident that ends when nothing is spent any more, and is announced no more', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.hasFallback = true;
    harness.events.emit('slo', sloEvent('burning'));
    harness.events.emit('slo', sloEvent('exhausted'));
    expect(harness.only().why).toContain('an error budget is spent');
    harness.events.emit('slo', sloEvent('recovered'));
    await pass(60_000);
    expect(harness.only().status).toBe('resolved');
    await pass(600_000);
    harness.events.emit('slo', sloEvent('exhausted'));
    expect(harness.manager.list().map(({ trigger }) => trigger)).toEqual(['slo', 'budget']);
  });
});

describe('rejections by a limit', () => {
  it('begin an incident when they last, and end it when they are over', async () => {
    const harness = start();
    harness.policy();
    for (let window = 0; window < 3; window += 1) {
      expect(harness.manager.list()).toEqual([]);
      reject(harness, 20);
      await pass(10_000);
    }
    expect(harness.only()).toMatchObject({ trigger: 'rejections' });
    expect(harness.only().summary).toContain('(rate_limited) since 30 s, of late 20 of 20');
    await pass(10_000 + 59_999);
    expect(harness.manager.open()).toHaveLength(1);
    await pass(1);
    expect(harness.manager.open()).toEqual([]);
  });

  it.each([
    ['are too few', 19, 0, 'rate_limited', false],
    ['are a small share of the calls', 20, 181, 'rate_limited', false],
    ['are those of an open circuit', 100, 0, 'circuit_open', false],
    ['are only watched', 100, 0, 'throttled', true],
  ] as const)('begin none when they %s', async (_, times, others, reason, shadow) => {
    const harness = start();
    const policy = harness.policy();
    for (let window = 0; window < 5; window += 1) {
      policy.calls.success = (policy.calls.success ?? 0) + others;
      reject(harness, times, reason, shadow);
      await pass(10_000);
    }
    expect(harness.manager.list()).toEqual([]);
    await pass(10_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('begin none when a window between is calm, and are not heard at all when told so', async () => {
    const harness = start();
    harness.policy();
    for (const times of [50, 50, 1, 50, 50]) {
      reject(harness, times);
      await pass(10_000);
    }
    expect(harness.manager.list()).toEqual([]);
    await pass(20_000);
    expect(start({ rejections: false }).events.heard.rejection).toBe(false);
  });
});

describe('trouble that goes on after a person resolved its incident', () => {
  it('is another incident where limits go on turning calls away', async () => {
    const harness = start();
    harness.policy();
    const rejectFor = async (windows: number): Promise<void> => {
      for (let window = 0; window < windows; window += 1) {
        reject(harness, 20);
        await pass(10_000);
      }
    };
    await rejectFor(5);
    resolveByHand(harness.manager, harness.only().id);
    await rejectFor(2);
    expect(harness.manager.open()).toEqual([]);
    await rejectFor(1);
    expect(harness.manager.open()).toMatchObject([{ trigger: 'rejections' }]);
    expect(harness.manager.list()).toHaveLength(2);
    await pass(10_000 + 60_000);
    expect(harness.manager.open()).toEqual([]);
  });

  it('is another incident where a budget still burns once the short window has passed', async () => {
    const harness = start();
    harness.policy();
    harness.events.emit('slo', sloEvent('burning'));
    resolveByHand(harness.manager, harness.only().id);
    await pass(299_999);
    expect(harness.manager.open()).toEqual([]);
    await pass(1);
    const [again] = harness.manager.open();
    expect(again).toMatchObject({ trigger: 'slo', startedAt: wallNow() });
    harness.events.emit('slo', sloEvent('recovered'));
    await pass(60_000);
    expect(harness.manager.open()).toEqual([]);
    expect(harness.manager.list()).toHaveLength(2);
  });

  it('is none where the budget recovers meanwhile, or the policy is removed', async () => {
    for (const end of ['recovers', 'is removed']) {
      const harness = start();
      harness.policy();
      harness.events.emit('slo', sloEvent('burning'));
      resolveByHand(harness.manager, harness.only().id);
      if (end === 'recovers') harness.events.emit('slo', sloEvent('recovered'));
      else {
        harness.policies.delete('database');
        harness.manager.policyRemoved('database');
      }
      await pass(86_400_000);
      expect(harness.manager.list()).toHaveLength(1);
    }
  });
});

describe('an incident that is back', () => {
  it('is reopened within the time for that, and a new one begins after it', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.move('open');
    const { id } = harness.only();
    policy.move('closed');
    await pass(60_000 + 599_999);
    policy.move('open');
    expect(harness.only()).toMatchObject({ id, status: 'declared' });
    expect(harness.only().toJSON().steps.at(-1)).toMatchObject({ reopening: true, status: 'declared' });
    await settle();
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved', 'opened']);
    expect(harness.sink.got[2]?.summary).toContain('It is back');
    policy.move('closed');
    await pass(60_000 + 600_000);
    policy.move('open');
    expect(harness.manager.list()).toHaveLength(2);
    expect([...harness.gauge].filter(([, count]) => count !== 0)).toEqual([
      ['Medium declared', 1],
      ['Medium resolved', 1],
    ]);
  });

  it('is not when a person resolved it, and none begins by closing', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.move('open');
    resolveByHand(harness.manager, harness.only().id);
    policy.move('half-open');
    policy.move('closed');
    expect(harness.manager.list()).toHaveLength(1);
    policy.move('open');
    expect(harness.manager.list()).toHaveLength(2);
  });

  it('can be reopened by a person, and then only a person ends it', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.move('open');
    const { id } = harness.only();
    policy.move('closed');
    await pass(60_000);
    harness.manager.do(id, { do: 'reopen', by: 'Ada', reason: 'orders are missing' });
    expect(harness.only()).toMatchObject({ status: 'acknowledged' });
    await pass(3_600_000);
    expect(harness.manager.open()).toHaveLength(1);
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved', 'opened']);
    resolveByHand(harness.manager, id, 'Grace');
    expect(harness.manager.open()).toEqual([]);
  });
});

describe('a drill', () => {
  const drill = { policy: 'database', summary: 'game day', by: 'Ada', notify: true };

  it('counts nowhere, and neither joins a real incident nor is joined', async () => {
    const harness = start();
    const policy = harness.policy();
    const played = harness.manager.declareDrill(drill);
    expect(harness.gauge).toEqual(new Map());
    policy.move('open');
    expect(harness.manager.open().map((incident) => incident.drill)).toEqual([true, false]);
    await settle();
    expect(harness.sink.got.map(({ summary }) => summary)).toEqual([
      'DRILL: game day',
      "The circuit of 'database' opened: 5 failures in a row",
    ]);
    policy.move('closed');
    await pass(600_000);
    expect(harness.manager.open()).toEqual([played]);
    harness.manager.finishDrill(played.id, 'the drill is over');
    harness.manager.finishDrill(played.id, 'again');
    expect(played.status).toBe('closed');
    await settle();
    expect(harness.sink.got.at(-1)?.summary).toMatch(/^DRILL: /);
    expect([...harness.gauge.keys()]).toEqual(['Medium detected', 'Medium declared', 'Medium resolved']);
    const real = harness.sink.got.filter(({ incident }) => !incident.drill);
    expect(harness.notified).toHaveLength(real.length);
    for (const event of harness.incidentEvents) expect(event.drill).toBe(event.id === played.id);
    policy.move('open');
    expect(harness.manager.open().map((incident) => incident.drill)).toEqual([false]);
  });

  it('tells nobody where it is played in silence', async () => {
    const harness = start();
    harness.policy();
    const { id } = harness.manager.declareDrill({ ...drill, notify: false });
    await pass(120_000);
    harness.manager.acknowledge(id, 'Bob');
    harness.manager.finishDrill(id, 'over');
    await settle();
    expect(harness.sink.got).toEqual([]);
    expect(harness.manager.why(id).join('\n')).toContain('without telling the sinks');
  });
});

describe('severity over time', () => {
  it('rises one step after half an hour in which callers are hurt, and says so', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.move('open');
    for (let look = 0; look < 119; look += 1) {
      policy.calls.failure = (policy.calls.failure ?? 0) + 5;
      await pass(15_000);
    }
    expect(harness.only().severity).toBe('Medium');
    policy.calls.failure = (policy.calls.failure ?? 0) + 5;
    await pass(15_000);
    expect(harness.only()).toMatchObject({ severity: 'High' });
    expect(harness.only().why).toContain('callers are still hurt after 30 min');
    await settle();
    expect(harness.sink.kinds()).toEqual(['opened', 'updated']);
  });
});
