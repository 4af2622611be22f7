import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IncidentRecord } from '../../src/incidents/incident/record.ts';
import { Followed } from '../../src/incidents/manager/followed.ts';
import type { IncidentOptions } from '../../src/incidents/options.ts';
import { Harness, settle, sloEvent } from './fixtures.ts';
import { detected } from './incident/changes.ts';
import { NOON, pass } from './manager-harness.ts';
import { MemoryJournal } from './memory-journal.ts';

let disk: MemoryJournal;
let harnesses: Harness[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
  disk = new MemoryJournal();
});

afterEach(async () => {
  const closed = Promise.all(harnesses.map(({ manager }) => manager.close({ timeoutMs: 1 })));
  harnesses = [];
  await pass(30_000);
  await closed;
  vi.useRealTimers();
});

function start(suffix: string, options: IncidentOptions = {}): Harness {
  const harness = new Harness(options, { opened: disk.open(suffix), suffix });
  harnesses.push(harness);
  return harness;
}

function kill(harness: Harness, suffix: string): void {
  disk.kill(suffix);
  harness.events.clear();
}

function typesOf(id: string): string[] {
  return disk.entries.flatMap((entry) =>
    'incident' in entry && entry.incident === id ? [entry.change.type] : [],
  );
}

function messagesOf(harness: Harness): string[] {
  return harness.reports.map(({ error }) => (error instanceof Error ? error.message : ''));
}

describe('a change of an incident whose beginning is not known', () => {
  const stray = 'INC-20251201-001-deadbeef';
  const change = {
    type: 'action-moved',
    at: NOON - 5_000,
    action: 'a-1',
    to: 'done',
    by: 'Ada',
  } as const;

  it('makes no incident at the start, and is reported once', async () => {
    disk.write('cli-1', { incident: stray, change });
    const harness = start('bbbbbbbb');
    await pass(600_000);
    expect(harness.manager.list()).toEqual([]);
    expect(harness.sink.got).toEqual([]);
    expect(messagesOf(harness)).toEqual([
      `The journal has changes of incident ${stray}, by cli-1, but not its beginning; nobody tends it.`,
    ]);
  });

  it('makes none when it is heard, and is reported once', async () => {
    const harness = start('bbbbbbbb');
    for (let times = 0; times < 3; times += 1) disk.write('cli-1', { incident: stray, change });
    await pass(600_000);
    expect(harness.manager.list()).toEqual([]);
    expect(typesOf(stray)).not.toContain('adopted');
    expect(messagesOf(harness)).toHaveLength(1);
  });

  it('is part of the incident once its beginning comes', async () => {
    const harness = start('bbbbbbbb');
    harness.policy();
    disk.write('cccccccc', { incident: stray, change });
    disk.write('cccccccc', { incident: stray, change: { ...detected(), id: stray, at: NOON } });
    await pass(30_000);
    expect(harness.only().id).toBe(stray);
    expect(messagesOf(harness)).toEqual([]);
  });
});

describe('an incident that is not kept any more', () => {
  it('is tended again when a command reopens it', async () => {
    const harness = start('aaaaaaaa', { maxResolvedIncidents: 0, reopenWithinMs: 0 });
    const policy = harness.policy();
    policy.move('open');
    const { id, summary } = harness.only();
    policy.move('closed');
    await pass(61_000);
    expect(harness.manager.list()).toEqual([]);
    disk.write('cli-1', {
      incident: id,
      change: { type: 'reopened', at: Date.now(), by: 'Ada', reason: 'The data is wrong.' },
    });
    await settle();
    expect(harness.only()).toMatchObject({ id, summary, status: 'acknowledged' });
    await pass(600_000);
    expect(harness.only().status).toBe('acknowledged');
    expect(harness.reports).toEqual([]);
  });
});

describe('after a restart', () => {
  it.each([
    [90_000, 'declared'],
    [3_720_000, 'resolved'],
  ])('an error budget that burned holds for an hour unless it burns again: %i ms', async (ms, status) => {
    const before = start('aaaaaaaa');
    before.policy();
    before.events.emit('slo', sloEvent('burning'));
    await settle();
    kill(before, 'aaaaaaaa');
    const after = start('bbbbbbbb');
    after.policy();
    await pass(ms);
    expect(after.only().status).toBe(status);
  });

  it('what a person reopened stays open until somebody ends it', async () => {
    const before = start('aaaaaaaa');
    const policy = before.policy();
    policy.move('open');
    await settle();
    policy.move('closed');
    await pass(61_000);
    before.manager.do(before.only().id, { do: 'reopen', by: 'Ada', reason: 'The data is wrong.' });
    await settle();
    kill(before, 'aaaaaaaa');
    const after = start('bbbbbbbb');
    after.policy();
    await pass(7_200_000);
    expect(after.only().status).toBe('acknowledged');
  });

  it('rejections hold until it could be seen whether they go on', async () => {
    const before = start('aaaaaaaa');
    const id = 'INC-20260204-001-aaaaaaaa';
    disk.write('aaaaaaaa', {
      incident: id,
      change: { ...detected(), id, at: NOON, policy: 'database', trigger: 'rejections' },
    });
    kill(before, 'aaaaaaaa');
    const rejections = { minimum: 1, share: 0.01, windowMs: 120_000, windows: 2 };
    const after = start('bbbbbbbb', { rejections, resolveAfterMs: 10_000 });
    after.policy();
    await pass(300_000);
    expect(after.only().status).not.toBe('resolved');
    await pass(120_000);
    expect(after.only().status).toBe('resolved');
  });

  it('says once that nothing ends an incident whose policy is not there', async () => {
    const before = start('aaaaaaaa');
    before.policy('old-name').move('open');
    await settle();
    kill(before, 'aaaaaaaa');
    const after = start('bbbbbbbb');
    await pass(3_540_000);
    const told = (): number =>
      after.sink.got.filter(({ summary }) => summary.includes("no policy 'old-name'")).length;
    expect(told()).toBe(0);
    await pass(10 * 3_600_000);
    expect(told()).toBe(1);
  });
});

describe('entries of others', () => {
  it('ask once for a tender that lives, not once each', async () => {
    const opened = disk.open('bbbbbbbb');
    disk.open('aaaaaaaa');
    const adopt = vi.spyOn(opened.journal, 'adopt');
    const harness = new Harness({}, { opened, suffix: 'bbbbbbbb' });
    harnesses.push(harness);
    for (let at = 0; at < 50; at += 1) {
      const id = `INC-20260204-${100 + at}-aaaaaaaa`;
      disk.write('aaaaaaaa', { incident: id, change: { ...detected(), id, at: NOON } });
      disk.write('aaaaaaaa', { incident: id, change: { type: 'declared', at: NOON } });
    }
    expect(adopt).toHaveBeenCalledTimes(1);
    await pass(30_000);
    expect(adopt).toHaveBeenCalledTimes(2);
  });

  it('are followed within bounds, also where all of them are open', () => {
    const followed = new Followed({ maxTimelineEntries: 10, maxOpen: 3 });
    for (let seq = 1; seq <= 5; seq += 1)
      followed.take({ v: 1, writer: 'a', seq, incident: `INC-${seq}`, change: detected() });
    expect([...followed.open].map(({ record }) => record.id)).toEqual(['INC-3', 'INC-4', 'INC-5']);
    expect(followed.takeLeftOut()).toBe(2);
    expect(followed.takeLeftOut()).toBe(0);
  });
});

describe('what calls come to', () => {
  const measured = {
    type: 'measured',
    at: 1,
    during: { calls: 1, failed: 1, timedOut: 0, rejected: 0, retried: 0, servedStale: 0, servedFallback: 0 },
    latency: {},
    budget: [],
    errors: [],
    otherErrors: 0,
  } as const;

  it('is news where a figure changed, not where only the event loop was slower', () => {
    const record = new IncidentRecord('INC-1');
    record.apply(detected());
    expect(record.isNews({ ...measured, budget: [], errors: [] })).toBe(true);
    record.apply({ ...measured, budget: [], errors: [] });
    expect(record.isNews({ ...measured, at: 2, eventLoopDelayP99Ms: 40, budget: [], errors: [] })).toBe(
      false,
    );
    const during = { ...measured.during, calls: 2 };
    expect(record.isNews({ ...measured, during, budget: [], errors: [] })).toBe(true);
  });
});
