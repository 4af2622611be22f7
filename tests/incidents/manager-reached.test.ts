import { describe, expect, it } from 'vitest';
import type { IncidentOptions } from '../../src/incidents/options.ts';
import { notingTimers } from '../support.ts';
import { Harness, type RecordingSink, resolveByHand, settle, sloEvent } from './fixtures.ts';
import { pass, sinksNamed, useHarnesses } from './manager-harness.ts';
import { MemoryJournal } from './memory-journal.ts';

const start = useHarnesses();
const MINUTES = 60_000;

/** Kinds of what a sink got, by policy. */
function byPolicy({ got }: RecordingSink): Record<string, string[]> {
  const kinds: Record<string, string[]> = {};
  for (const { kind, incident } of got) kinds[incident.policy] = [...(kinds[incident.policy] ?? []), kind];
  return kinds;
}

/** Timers that are set while so much time passes. */
async function timersSetWithin(ms: number): Promise<number> {
  const { made, stop } = notingTimers();
  await pass(ms);
  stop();
  return made.length;
}

describe('a severity that puts an incident under another route', () => {
  function withRoutes(options: IncidentOptions = {}) {
    const sinks = sinksNamed('desk', 'ada', 'bob', 'eve');
    const harness = start({
      sinks,
      contacts: ['ada', 'bob', 'eve'].map((name) => ({ name, sinks: [name] })),
      escalateAfterMs: MINUTES,
      routes: [
        { severities: ['Critical'], contacts: [['bob'], ['eve']] },
        { severities: ['Low'], sinks: ['desk'], contacts: [['ada']] },
        { sinks: ['desk'], contacts: [['ada'], ['ada']] },
      ],
      ...options,
    });
    const told = () => Object.fromEntries(sinks.map((sink) => [sink.name, sink.kinds()]));
    return { harness, policy: harness.policy(), told };
  }
  const worse = { do: 'severity', by: 'Ada', severity: 'Critical', why: 'no order gets through' } as const;

  it('pages the first level there, and begins to escalate anew', async () => {
    const { harness, policy, told } = withRoutes();
    policy.move('open');
    await pass(MINUTES / 2);
    harness.manager.do(harness.only().id, worse);
    await pass(MINUTES - 1);
    expect(told()).toMatchObject({ desk: ['opened', 'updated'], bob: ['opened'], eve: [] });
    await pass(1);
    expect(told().eve).toEqual(['opened']);
    const levels = harness
      .only()
      .toJSON()
      .escalations.map(({ contact, level }) => [contact, level]);
    expect(levels).toEqual([
      ['ada', 1],
      ['bob', 1],
      ['eve', 2],
    ]);
  });

  it('does so where the rule raised it', async () => {
    const { policy, told } = withRoutes({
      severity: ({ ageMs }) => ({ severity: ageMs > MINUTES ? 'Critical' : 'Medium', why: 'age' }),
    });
    policy.move('open');
    await pass(10 * MINUTES);
    expect(told()).toMatchObject({ bob: ['opened'], eve: ['opened'] });
  });

  it('pages for worse also what somebody works on, though without going on, and for less nobody', async () => {
    const { harness, policy, told } = withRoutes();
    policy.move('open');
    const { id } = harness.only();
    harness.manager.acknowledge(id, 'Ada');
    harness.manager.do(id, { ...worse, severity: 'Low' });
    await settle();
    expect(harness.only().toJSON().escalations).toHaveLength(1);
    harness.manager.do(id, worse);
    await pass(10 * MINUTES);
    expect(told()).toMatchObject({ bob: ['opened'], eve: [] });
  });
});

describe('a digest', () => {
  it('tells each of their own, and of nothing that is silenced', async () => {
    const sinks = sinksNamed('a', 'b');
    const [a, b] = sinks;
    const harness = start({
      sinks,
      digest: { after: 1, withinMs: 30_000 },
      routes: [
        { policies: ['a*'], sinks: ['a'] },
        { policies: ['b*'], sinks: ['b'] },
      ],
    });
    const policies = ['a0', 'a1', 'a2', 'a3', 'b1', 'b2'].map((name) => harness.policy(name));
    const critical = policies[1];
    if (critical !== undefined) critical.criticality = 'critical';
    for (const policy of policies) policy.move('open');
    harness.manager.silence({ policies: ['a1'], forMs: 10 * MINUTES, by: 'Ada', reason: 'known' });
    await pass(30_000);
    expect(a?.got.map(({ incident }) => incident.policy)).toEqual(['a0', 'a2']);
    expect(b?.got.map(({ incident }) => incident.policy)).toEqual(['b1']);
    expect(a?.got[1]?.digest?.map(({ policy }) => policy)).toEqual(['a3']);
    expect(b?.got[0]?.digest?.map(({ policy }) => policy)).toEqual(['b2']);
    const silenced = harness.manager.open().find(({ policy }) => policy === 'a1');
    expect(silenced?.status).toBe('detected');
    await pass(10 * MINUTES);
    expect(a?.got.at(-1)).toMatchObject({ kind: 'opened', incident: { policy: 'a1' } });
  });

  it('has those opened that outlast what stood for them', async () => {
    const harness = start({ digest: { after: 1, withinMs: 30_000 } });
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => harness.policy(name));
    if (b !== undefined) b.criticality = 'critical';
    for (const policy of [a, b, c, d, e]) policy?.move('open');
    await pass(31_000);
    expect(byPolicy(harness.sink)).toEqual({ a: ['opened'], b: ['opened'] });
    for (const policy of [a, b, e]) policy?.move('closed');
    await pass(MINUTES);
    expect(byPolicy(harness.sink).b).toEqual(['opened', 'resolved']);
    expect(byPolicy(harness.sink).c).toEqual(['opened']);
    await pass(MINUTES);
    // Those that were about to end ended, without having been opened.
    expect(byPolicy(harness.sink).e).toEqual(['resolved']);
    const open = byPolicy(harness.sink);
    expect([open.c?.[0], open.d?.[0]]).toEqual(['opened', 'opened']);
    for (const policy of [c, d]) policy?.move('closed');
    await pass(MINUTES);
    expect(byPolicy(harness.sink)).toMatchObject({
      c: ['opened', 'resolved'],
      d: ['opened', 'resolved'],
    });
  });
});

describe('the timer', () => {
  it('rests while a dependant waits, and once somebody works on it', async () => {
    const harness = start();
    const [database, shop] = [harness.policy('database'), harness.policy('shop')];
    shop.dependsOn = ['database'];
    database.move('open');
    shop.move('open');
    database.move('closed');
    await pass(MINUTES + 15_000 + 100);
    expect(await timersSetWithin(10_000)).toBeLessThan(5);
    const dependant = harness.manager.open().find(({ policy }) => policy === 'shop');
    harness.manager.acknowledge(dependant?.id ?? '', 'Ada');
    await pass(5 * MINUTES);
    expect(await timersSetWithin(10_000)).toBeLessThan(5);
  });

  it('rests after a status update that is due of an incident that is over', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.move('open');
    policy.move('closed');
    await pass(MINUTES);
    const { id } = harness.only();
    harness.manager.do(id, { do: 'update', by: 'Ada', text: 'All is well.', nextUpdateMs: MINUTES });
    await pass(MINUTES);
    expect(await timersSetWithin(10_000)).toBe(0);
  });
});

describe('a dependant', () => {
  it('waits for nothing that is less severe, or whose circuit is not open', async () => {
    const harness = start();
    const [cache, queue] = [harness.policy('cache'), harness.policy('queue')];
    const [payments, mail] = [harness.policy('payments'), harness.policy('mail')];
    cache.criticality = 'low';
    payments.criticality = 'critical';
    payments.dependsOn = ['cache'];
    mail.dependsOn = ['queue'];
    cache.move('open');
    harness.events.emit('slo', sloEvent('burning', { policy: 'queue' }));
    payments.move('open');
    mail.move('open');
    await settle();
    expect(queue.circuits[0]?.state).toBe('closed');
    expect(byPolicy(harness.sink)).toMatchObject({ payments: ['opened'], mail: ['opened'] });
  });

  it('waits no longer once it is worse, or only something else keeps the upstream open', async () => {
    const harness = start();
    const [database, shop, mail] = ['database', 'shop', 'mail'].map((name) => harness.policy(name));
    for (const policy of [shop, mail]) if (policy !== undefined) policy.dependsOn = ['database'];
    for (const policy of [database, shop, mail]) policy?.move('open');
    await settle();
    expect(byPolicy(harness.sink)).toEqual({ database: ['opened', 'updated', 'updated'] });
    if (shop !== undefined) shop.criticality = 'critical';
    harness.events.emit('slo', sloEvent('burning'));
    database?.move('closed');
    await pass(15_000);
    expect(byPolicy(harness.sink).shop?.[0]).toBe('opened');
    expect(byPolicy(harness.sink).mail).toBeUndefined();
    await pass(MINUTES);
    expect(byPolicy(harness.sink).mail?.[0]).toBe('opened');
  });

  it('that is critical is told of though it was over first', async () => {
    const harness = start();
    const [database, shop] = [harness.policy('database'), harness.policy('shop')];
    for (const policy of [database, shop]) policy.criticality = 'critical';
    shop.dependsOn = ['database'];
    database.move('open');
    shop.move('open');
    shop.move('closed');
    await pass(MINUTES);
    expect(byPolicy(harness.sink).shop).toEqual(['opened', 'resolved']);
  });
});

describe('a critical incident that was over while it was silenced', () => {
  const silence = { policies: ['*'], forMs: 60 * MINUTES, by: 'Ada', reason: 'noise' };

  async function overUnderSilence(harness: Harness): Promise<void> {
    const policy = harness.policy();
    policy.criticality = 'critical';
    harness.manager.silence(silence);
    policy.move('open');
    policy.move('closed');
    await pass(2 * MINUTES);
  }

  it('is told of by the next process', async () => {
    const disk = new MemoryJournal();
    const first = new Harness({}, { opened: disk.open('aaaaaaaa'), suffix: 'aaaaaaaa' });
    await overUnderSilence(first);
    await first.manager.close({ timeoutMs: 1 });
    const second = new Harness({}, { opened: disk.open('bbbbbbbb'), suffix: 'bbbbbbbb' });
    await pass(57 * MINUTES);
    expect(second.sink.got).toEqual([]);
    await pass(MINUTES);
    expect(second.sink.kinds()).toEqual(['opened', 'resolved']);
    await second.manager.close({ timeoutMs: 1 });
    const third = new Harness({}, { opened: disk.open('cccccccc'), suffix: 'cccccccc' });
    await pass(MINUTES);
    expect([first, third].flatMap(({ sink }) => sink.got)).toEqual([]);
    await third.manager.close({ timeoutMs: 1 });
  });

  it('is told of though no incident is kept that is over, and to contacts', async () => {
    const [pager] = sinksNamed('pager');
    const harness = new Harness({
      sinks: pager === undefined ? [] : [pager],
      maxResolvedIncidents: 0,
      contacts: [{ name: 'oncall', sinks: ['pager'] }],
      routes: [{ contacts: [['oncall']] }],
    });
    await overUnderSilence(harness);
    await pass(60 * MINUTES);
    expect(pager?.got.map(({ kind, incident }) => [kind, incident.status])).toEqual([
      ['opened', 'declared'],
      ['resolved', 'resolved'],
    ]);
    await harness.manager.close();
  });
});

describe('a severity that a person lowered', () => {
  it('stands until the rule decides for worse than it had by then', async () => {
    let ruled: 'Medium' | 'High' | 'Critical' = 'High';
    const harness = start({ severity: () => ({ severity: ruled, why: 'the rule' }) });
    harness.policy().move('open');
    harness.manager.do(harness.only().id, { do: 'severity', by: 'Ada', severity: 'Low', why: 'a test host' });
    await pass(MINUTES);
    ruled = 'Medium';
    await pass(MINUTES);
    ruled = 'High';
    await pass(MINUTES);
    expect(harness.only()).toMatchObject({ severity: 'Low', why: 'a test host' });
    ruled = 'Critical';
    await pass(MINUTES);
    expect(harness.only().severity).toBe('Critical');
  });

  it('stands after a restart', async () => {
    const disk = new MemoryJournal();
    const first = new Harness({}, { opened: disk.open('aaaaaaaa'), suffix: 'aaaaaaaa' });
    first.policy().move('open');
    await settle();
    first.manager.do(first.only().id, { do: 'severity', by: 'Ada', severity: 'Low', why: 'a test host' });
    await settle();
    disk.kill('aaaaaaaa');
    await first.manager.close({ timeoutMs: 1 });
    const second = new Harness({}, { opened: disk.open('bbbbbbbb'), suffix: 'bbbbbbbb' });
    second.policy().move('open');
    await pass(MINUTES);
    expect(second.only().severity).toBe('Low');
    await second.manager.close({ timeoutMs: 1 });
  });
});

describe('a circuit that opens every two minutes', () => {
  it('is told to flap the third time that it is back, and is open until it stays closed', async () => {
    const harness = start();
    const policy = harness.policy();
    for (let turn = 0; turn < 12; turn += 1) {
      policy.move('open');
      await pass(5_000);
      policy.move('closed');
      await pass(2 * MINUTES);
    }
    const turns = Array.from({ length: 3 }, () => ['opened', 'resolved']).flat();
    expect(harness.sink.kinds()).toEqual([...turns, 'opened']);
    expect(harness.sink.got.at(-1)?.summary).toContain('It flaps slowly: it was back 3 times');
    await pass(8 * MINUTES - 1);
    expect(harness.manager.open()).toHaveLength(1);
    await pass(1);
    expect(harness.sink.kinds()).toEqual([...turns, 'opened', 'resolved']);
  });
});

describe('an incident that was mitigated', () => {
  it('pages again when the circuit opens again, until somebody acknowledges', async () => {
    const sinks = sinksNamed('desk', 'ada');
    const [desk, ada] = sinks;
    const harness = start({
      sinks,
      contacts: [{ name: 'ada', sinks: ['ada'] }],
      routes: [{ contacts: [['ada']] }],
    });
    const policy = harness.policy();
    policy.move('open');
    const { id } = harness.only();
    const waive = harness
      .only()
      .toJSON()
      .checklists.flatMap(({ items }) => items.filter(({ gates }) => gates === 'mitigated'))
      .map((item) => item.id);
    const reason = 'restarted';
    harness.manager.do(id, { do: 'mitigated', by: 'Ada', reason, waive, waiveReason: 'not in this test' });
    policy.move('half-open');
    policy.move('open');
    await settle();
    expect(harness.only().status).toBe('mitigated');
    policy.move('closed');
    await pass(30_000);
    const before = [...(desk?.kinds() ?? [])];
    policy.move('open');
    await settle();
    expect(harness.only().status).toBe('declared');
    expect(desk?.kinds()).toEqual([...before, 'updated']);
    expect(desk?.got.at(-1)?.summary).toContain('It was mitigated, and its circuit opened again');
    const told = ada?.got.length ?? 0;
    await pass(15 * MINUTES);
    expect(ada?.got.length).toBe(told + 1);
    harness.manager.acknowledge(id, 'Ada');
    expect(harness.only().status).toBe('acknowledged');
  });
});

describe('a level that is off duty', () => {
  it('is told once it is on duty', async () => {
    const sinks = sinksNamed('one', 'two');
    const harness = start({
      sinks,
      contacts: [
        { name: 'one', sinks: ['one'] },
        { name: 'two', sinks: ['two'], hours: { from: '13:00', to: '20:00' } },
      ],
      routes: [{ contacts: [['one'], ['two']] }],
    });
    harness.policy().move('open');
    await pass(60 * MINUTES - 1);
    expect(sinks[1]?.got).toEqual([]);
    await pass(1);
    expect(sinks[1]?.kinds()).toEqual(['opened']);
    resolveByHand(harness.manager, harness.only().id);
  });
});
