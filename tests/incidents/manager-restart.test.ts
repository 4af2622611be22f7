import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IncidentCommand } from '../../src/incidents/commands/command.ts';
import { decide } from '../../src/incidents/commands/decide.ts';
import type { IncidentChange } from '../../src/incidents/incident/changes/change.ts';
import { IncidentRecord } from '../../src/incidents/incident/record.ts';
import type { IncidentOptions } from '../../src/incidents/options.ts';
import { SinkError } from '../../src/incidents/sink.ts';
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
  const reports = harnesses.flatMap((harness) => [
    ...harness.reports.filter(({ error }) => !(error instanceof SinkError)),
    ...harness.listenerErrors,
  ]);
  const closed = Promise.all(harnesses.map(({ manager }) => manager.close({ timeoutMs: 1 })));
  harnesses = [];
  await pass(30_000);
  await closed;
  vi.useRealTimers();
  expect(reports).toEqual([]);
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

  it('repeats to each sink what it was told last, also to one that was down or left out since', async () => {
    const options = (isUp: boolean) => {
      const answer = () => {
        if (!isUp) throw new Error('down');
        return { detail: 'ok' };
      };
      const alerts = Object.assign(new RecordingSink('alerts', answer), { repeatMs: 60_000 });
      const steady = Object.assign(new RecordingSink('steady'), { repeatMs: 60_000 });
      return {
        alerts,
        steady,
        maxDeliveryRetries: 0,
        sinks: [alerts, steady, ...sinksNamed('ada', 'bob')],
        contacts: ['ada', 'bob'].map((name) => ({ name, sinks: [name] })),
        routes: [{ contacts: [['ada'], ['bob']] }],
      };
    };
    const { alerts: down, steady: before, ...given } = options(false);
    const first = start('aaaaaaaa', given);
    first.policy().move('open');
    const { id } = first.only();
    await pass(901_000);
    expect(first.only().toJSON().notifications.at(-1)?.sinks).toMatchObject([{ sink: 'bob' }]);
    kill(first, 'aaaaaaaa');
    const told = [down, before].map(({ tries }) => tries.at(-1)?.id);
    await first.manager.close({ timeoutMs: 1 });

    const { alerts, steady, ...again } = options(true);
    const second = start('bbbbbbbb', again);
    await pass(1);
    expect(alerts.got).toMatchObject([{ id: told[0], incident: { id } }]);
    expect(steady.got).toMatchObject([{ id: told[1], incident: { id } }]);
    await pass(120_000);
    expect([alerts, steady].map(({ got }) => got.length)).toEqual([3, 3]);
    expect(again.sinks.slice(2).map(({ tries }) => tries.length)).toEqual([0, 0]);
    second.policy().move('closed');
    await pass(75_000);
    expect(second.only().status).toBe('resolved');
    const kinds = alerts.kinds();
    expect(kinds.at(-1)).toBe('resolved');
    await pass(600_000);
    expect(alerts.kinds()).toEqual(kinds);
  });

  it('does not repeat that an incident is resolved which is open again', async () => {
    const alerts = () => Object.assign(new RecordingSink('alerts'), { repeatMs: 60_000 });
    const first = start('aaaaaaaa', { sinks: [alerts()] });
    const policy = first.policy();
    policy.move('open');
    policy.move('closed');
    await pass(75_000);
    const { id } = first.only();
    first.manager.silence({ policies: ['database'], forMs: 3_600_000, by: 'Ada', reason: 'known' });
    await settle();
    kill(first, 'aaaaaaaa');
    command(id, { do: 'reopen', by: 'Ada', reason: 'it is not over' });
    const again = alerts();
    const second = start('bbbbbbbb', { sinks: [again] });
    await pass(300_000);
    expect(second.only().status).toBe('acknowledged');
    expect(again.kinds()).toEqual([]);
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

  it('take an incident over, and nothing is repeated here any more', async () => {
    let arrive = (): void => {};
    const alerts = Object.assign(new RecordingSink('alerts'), { repeatMs: 60_000 });
    const slow = Object.assign(
      new RecordingSink('slow', () => new Promise((resolve) => (arrive = () => resolve({ detail: 'ok' })))),
      { repeatMs: 60_000 },
    );
    const harness = start('aaaaaaaa', { sinks: [alerts, slow], deliveryTimeoutMs: 300_000 });
    harness.policy().move('open');
    const { id } = harness.only();
    await pass(1_000);
    const change = { type: 'adopted', at: NOON, instance: 'pod-2', text: 'pod-2 tends it.' } as const;
    disk.write('bbbbbbbb', { incident: id, change });
    expect(harness.manager.list()).toEqual([]);
    await pass(120_000);
    expect(alerts.tries).toHaveLength(1);
    arrive();
    await pass(300_000);
    expect([alerts, slow].map(({ tries }) => tries.length)).toEqual([1, 1]);
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

  it('end the alert that instances share, once it resolved itself here', async () => {
    const harness = start('aaaaaaaa', { dedupScope: 'service', service: 'shop' });
    const policy = harness.policy();
    policy.move('open');
    await settle();
    policy.move('closed');
    await pass(61_000);
    const { id } = harness.only();
    command(id, { do: 'resolve', by: 'Ada' });
    await settle();
    expect(harness.sink.kinds()).toEqual(['opened', 'updated', 'resolved']);
    expect(() => command(id, { do: 'resolve', by: 'Grace' })).toThrow('cannot be done');
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

describe('what another process left', () => {
  it('is sent though the incident is over, also where that process looked alive at first', async () => {
    const lost = new RecordingSink('lost', never);
    const first = start('aaaaaaaa', { sinks: [lost], deliveryTimeoutMs: 300_000 });
    const policy = first.policy();
    policy.move('open');
    policy.move('closed');
    await pass(75_000);
    expect(first.only().status).toBe('resolved');
    const again = new RecordingSink('lost');
    const second = start('bbbbbbbb', { sinks: [again] });
    await pass(60_000);
    expect(again.tries).toEqual([]);
    kill(first, 'aaaaaaaa');
    await pass(30_000);
    expect(again.kinds()).toEqual(['opened', 'resolved']);
    await pass(300_000);
    expect(
      second
        .only()
        .toJSON()
        .notifications.flatMap(({ sinks }) => sinks.map(({ result }) => result)),
    ).toEqual(['delivered', 'delivered']);
    expect(again.tries).toHaveLength(2);
  });

  it('is taken over as far as it is open, unsent or kept, and no further', async () => {
    for (const writer of ['aaaaaaaa', 'bbbbbbbb', 'cccccccc']) {
      const harness = start(writer, { reopenWithinMs: 0 });
      const policy = harness.policy();
      policy.move('open');
      policy.move('closed');
      await pass(75_000);
      kill(harness, writer);
    }
    const opened = disk.open('dddddddd');
    const adopt = vi.spyOn(opened.journal, 'adopt');
    harnesses.push(new Harness({ maxResolvedIncidents: 1 }, { opened, suffix: 'dddddddd' }));
    expect(adopt.mock.calls).toEqual([['cccccccc']]);
    expect(harnesses.at(-1)?.manager.list()).toHaveLength(1);
  });

  it('is no more in force, and the document says so', async () => {
    const first = start('aaaaaaaa');
    first.policy().move('open');
    const { id } = first.only();
    const begun = {
      type: 'steered',
      at: NOON,
      control: 'force-open',
      text: 'All is turned away.',
      by: 'Ada',
    } as const;
    first.manager.recordChanges(id, [{ ...begun, until: NOON + 3_600_000, ended: false }]);
    await settle();
    kill(first, 'aaaaaaaa');
    const second = start('bbbbbbbb');
    expect(second.only().toJSON().controls).toMatchObject([{ control: 'force-open', ended: true }]);
    expect(second.texts().join('\n')).toContain('the process that did it is no more');
  });

  it('was told late, and is told nobody where it has no effect', async () => {
    const harness = start('aaaaaaaa');
    harness.policy();
    const { id } = harness.manager.declare({ policy: 'database', summary: 'down', by: 'Ada' });
    harness.manager.acknowledge(id, 'Ada');
    await settle();
    const told = harness.sink.kinds();
    const late: IncidentChange = { type: 'acknowledged', at: NOON, by: 'late' };
    disk.write('cli-00000001', { incident: id, change: late });
    await pass(60_000);
    expect(harness.sink.kinds()).toEqual(told);
    expect(harness.texts().some((text) => text.startsWith('Without effect: '))).toBe(true);
  });
});
