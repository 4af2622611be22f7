import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IncidentCommand } from '../../src/incidents/commands/command.ts';
import { decide } from '../../src/incidents/commands/decide.ts';
import type { IncidentChange } from '../../src/incidents/incident/changes/change.ts';
import { IncidentRecord } from '../../src/incidents/incident/record.ts';
import type { IncidentOptions } from '../../src/incidents/options.ts';
import { Harness, RecordingSink, settle } from './fixtures.ts';
import { NOON, pass, sinksNamed } from './manager-harness.ts';
import { MemoryJournal } from './memory-journal.ts';

const never = (): Promise<never> => new Promise(() => {});

let disk: MemoryJournal;
let harnesses: Harness[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
  disk = new MemoryJournal();
});

afterEach(async () => {
  const reports = harnesses.flatMap((harness) => [...harness.reports, ...harness.listenerErrors]);
  const closed = Promise.all(harnesses.map(({ manager }) => manager.close({ timeoutMs: 1 })));
  harnesses = [];
  await pass(30_000);
  await closed;
  vi.useRealTimers();
  expect(reports.filter((report) => !String(report).includes('SinkError'))).toEqual([]);
});

/** A process that keeps its incidents in the shared journal. */
function start(suffix: string, options: IncidentOptions = {}): Harness {
  const harness = new Harness(options, { opened: disk.open(suffix), suffix });
  harnesses.push(harness);
  return harness;
}

/** The process ends at once: it hears and sends nothing any more. */
function kill(harness: Harness, suffix: string): void {
  disk.kill(suffix);
  harness.events.clear();
}

/** What the command does, on the journal. */
function command(id: string, given: IncidentCommand): void {
  const record = new IncidentRecord(id);
  for (const entry of disk.entries) {
    if ('incident' in entry && entry.incident === id) record.apply(entry.change);
  }
  const context = { at: Date.now(), newPartId: (letter: string) => `${letter}-cli` };
  for (const change of decide(record.toJSON(), given, context))
    disk.write('cli-00000001', { incident: id, change });
}

describe('with a journal', () => {
  it('begins no delivery before the notification is on disk', async () => {
    let synced = (): void => {};
    disk.disk = () => new Promise((resolve) => (synced = resolve));
    const harness = start('aaaaaaaa');
    harness.policy().move('open');
    await settle();
    expect(harness.sink.tries).toEqual([]);
    disk.disk = () => Promise.resolve();
    synced();
    await settle();
    expect(harness.sink.kinds()).toEqual(['opened']);
    const types = disk.entries.map((entry) => ('change' in entry ? entry.change.type : ''));
    expect(types.indexOf('notifying')).toBeGreaterThan(-1);
  });

  it('holds all that there is to know: folding it gives the same document', async () => {
    const harness = start('aaaaaaaa');
    const policy = harness.policy();
    policy.move('open');
    harness.manager.acknowledge(harness.only().id, 'Ada');
    policy.move('closed');
    await pass(120_000);
    const record = new IncidentRecord(harness.only().id, 200);
    for (const entry of disk.entries) if ('change' in entry) record.apply(entry.change);
    expect(record.toJSON()).toEqual(harness.only().toJSON());
  });
});

describe('after a crash', () => {
  it('goes on with the open incident, and repeats no id', async () => {
    const first = start('aaaaaaaa');
    first.policy().move('open');
    const { id } = first.only();
    await settle();
    kill(first, 'aaaaaaaa');

    const second = start('bbbbbbbb');
    await pass(300_000);
    expect(second.only()).toMatchObject({ id, status: 'declared' });
    expect(second.gauge).toEqual(new Map([['Medium declared', 1]]));
    expect(second.sink.got).toEqual([]);
    const policy = second.policy();
    second.policy('other').move('open');
    await pass(15_000);
    policy.move('open');
    policy.move('closed');
    await pass(60_000);
    expect(second.manager.get(id)).toMatchObject({ status: 'resolved', durationMs: 375_000 });
    expect(second.sink.got.filter(({ incident }) => incident.id === id)).toMatchObject([
      { kind: 'resolved', dedupKey: `breakwater/${id}` },
    ]);
    expect(second.manager.list().map((incident) => incident.id)).toEqual([id, 'INC-20260204-001-bbbbbbbb']);
  });

  it('sends again what may not have been sent, with the same id', async () => {
    const [lost, fine] = [new RecordingSink('lost', never), new RecordingSink('fine')];
    const first = start('aaaaaaaa', { sinks: [lost, fine] });
    first.policy().move('open');
    await settle();
    kill(first, 'aaaaaaaa');

    const again = sinksNamed('lost', 'fine');
    const second = start('bbbbbbbb', { sinks: again });
    await settle();
    expect(again.map((sink) => sink.tries.length)).toEqual([1, 0]);
    expect(again[0]?.got[0]).toMatchObject({ id: lost.tries[0]?.id, kind: 'opened' });
    expect(
      second
        .only()
        .toJSON()
        .notifications[0]?.sinks.map(({ result }) => result),
    ).toEqual(['delivered', 'delivered']);
  });

  it('tells what the process before could tell nobody any more', async () => {
    const first = start('aaaaaaaa');
    const detected: IncidentChange = {
      type: 'detected',
      at: NOON,
      id: 'INC-1',
      policy: 'database',
      instance: 'gone',
      dedupKey: 'breakwater/INC-1',
      drill: false,
      trigger: 'circuit',
      summary: 'It opened.',
      severity: 'High',
      why: 'So.',
      startedAt: NOON,
      dependants: [],
      usedBy: [],
    };
    disk.write('aaaaaaaa', { incident: 'INC-1', change: detected });
    kill(first, 'aaaaaaaa');
    const second = start('bbbbbbbb');
    await settle();
    expect(second.sink.got).toMatchObject([{ kind: 'opened', summary: 'It opened.' }]);
    expect(second.only().status).toBe('declared');
  });

  it('goes on with escalation, silences and reminders', async () => {
    const options = () => ({
      sinks: sinksNamed('log', 'ada', 'bob'),
      contacts: ['ada', 'bob'].map((name) => ({ name, sinks: [name] })),
      routes: [{ contacts: [['ada'], ['bob']] }],
    });
    const first = start('aaaaaaaa', options());
    first.policy().move('open');
    const { id } = first.only();
    first.manager.do(id, { do: 'update', by: 'Ada', text: 'Looking.', nextUpdateMs: 600_000 });
    first.manager.silence({ policies: ['other'], forMs: 3_600_000, by: 'Ada', reason: 'known' });
    await pass(300_000);
    kill(first, 'aaaaaaaa');

    const given = options();
    const second = start('bbbbbbbb', given);
    expect(second.manager.silences()).toMatchObject([{ by: 'Ada', policies: ['other'] }]);
    await pass(599_999);
    expect(given.sinks[2]?.got).toEqual([]);
    await pass(1);
    expect(given.sinks[2]?.kinds()).toEqual(['opened']);
    expect(given.sinks[1]?.got.map(({ summary }) => summary)).toEqual(['A status update is due.']);
  });

  it('reopens what was resolved before it', async () => {
    const first = start('aaaaaaaa');
    const before = first.policy();
    before.move('open');
    before.move('closed');
    await pass(60_000);
    const { id } = first.only();
    kill(first, 'aaaaaaaa');
    const second = start('bbbbbbbb');
    const policy = second.policy();
    await pass(300_000);
    policy.move('open');
    expect(second.only()).toMatchObject({ id, status: 'declared' });
  });
});

describe('other processes', () => {
  it('leave incidents of one that lives alone, and take them over when it is gone', async () => {
    const first = start('aaaaaaaa');
    first.policy().move('open');
    await settle();
    const second = start('bbbbbbbb');
    const third = start('cccccccc');
    expect([...second.manager.list(), ...third.manager.list()]).toEqual([]);
    kill(first, 'aaaaaaaa');
    await pass(30_000);
    expect([...second.manager.list(), ...third.manager.list()]).toHaveLength(1);
  });

  it('acknowledge, and escalation ends', async () => {
    const sinks = sinksNamed('log', 'bob');
    const harness = start('aaaaaaaa', {
      sinks,
      contacts: [{ name: 'bob', sinks: ['bob'] }],
      routes: [{ contacts: [['bob'], ['bob']] }],
    });
    harness.policy().move('open');
    const { id } = harness.only();
    await settle();
    command(id, { do: 'acknowledge', by: 'Ada' });
    await pass(3_600_000);
    expect(harness.only().status).toBe('acknowledged');
    expect(sinks[0]?.got.map(({ summary }) => summary).slice(1)).toEqual(['Ada works on it.']);
    expect(harness.only().toJSON().escalations).toHaveLength(1);
  });

  it('resolve and reopen, which people are told', async () => {
    const harness = start('aaaaaaaa');
    harness.policy().move('open');
    const { id } = harness.only();
    await settle();
    const waive = harness
      .only()
      .toJSON()
      .checklists.flatMap(({ items }) =>
        items.filter(({ state }) => state === 'open').map((item) => item.id),
      );
    command(id, { do: 'resolve', by: 'Ada', waive, waiveReason: 'a test' });
    await settle();
    expect(harness.manager.open()).toEqual([]);
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved']);
    command(id, { do: 'reopen', by: 'Ada', reason: 'it is not' });
    await settle();
    expect(harness.manager.open()).toHaveLength(1);
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved', 'opened']);
    expect([...harness.gauge].filter(([, count]) => count !== 0)).toEqual([['Medium acknowledged', 1]]);
  });

  it('declare an incident, which the process that has the policy takes over', async () => {
    const without = start('aaaaaaaa');
    const harness = start('bbbbbbbb');
    harness.policy();
    const change: IncidentChange = {
      type: 'detected',
      at: NOON,
      id: 'INC-20260204-001-00000001',
      policy: 'database',
      instance: 'cli',
      dedupKey: 'breakwater/INC-20260204-001-00000001',
      drill: false,
      trigger: 'person',
      summary: 'Customers call.',
      severity: 'High',
      why: 'Set by Ada.',
      by: 'Ada',
      startedAt: NOON,
      dependants: [],
      usedBy: [],
    };
    disk.write('cli-00000001', { incident: change.id, change });
    await pass(600_000);
    expect(without.manager.list()).toEqual([]);
    expect(harness.only()).toMatchObject({ status: 'declared', trigger: 'person', severity: 'High' });
    expect(harness.sink.kinds()).toEqual(['opened']);
  });
});
