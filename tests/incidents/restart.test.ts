import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Collector, Incident, IncidentOptions } from '../../src/incidents/index.ts';
import { readJournal } from '../../src/incidents/journal/read.ts';
import type { Breakwater } from '../../src/index.ts';
import { deferred, errorOf, testHub } from '../support.ts';
import { RecordingSink } from './fixtures.ts';
import { temporaryFolder } from './journal/support.ts';

/** Hubs on real journal files: what the parts promise alone, put together. */

const hubs: Breakwater[] = [];

afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close({ timeoutMs: 100 })));
});

interface Started {
  readonly hub: Breakwater;
  readonly sink: RecordingSink;
  readonly errors: unknown[];
}

/** An application that keeps its incidents in `directory`. */
function start(directory: string, options: IncidentOptions = {}): Started {
  const sink = new RecordingSink();
  const errors: unknown[] = [];
  const hub = testHub({ incidents: { directory, sinks: [sink], ...options } });
  hubs.push(hub);
  hub.on('internal-error', ({ error }) => {
    errors.push(error);
  });
  return { hub, sink, errors };
}

function withPolicy({ hub }: Started, name = 'database') {
  return hub.policy(name, { circuitBreaker: { consecutiveFailures: 1 }, attemptTimeoutMs: 1_000 });
}

/** Opens the circuit of a policy. */
async function outage({ hub }: Started, name = 'database'): Promise<Incident> {
  await errorOf(hub.get(name).execute(() => Promise.reject(new Error('down'))));
  const incident = hub.incidents.open().find(({ policy }) => policy === name);
  if (incident === undefined) throw new Error('there is no incident');
  return incident;
}

/** The journal's writers that look alive. */
function writers(directory: string): string[] {
  return readdirSync(join(directory, 'instances')).flatMap((name) => /^(.+)\.json$/.exec(name)?.[1] ?? []);
}

/** The hub is abandoned as a process is that was killed: its card names a process that is no more. */
function abandon(directory: string): void {
  for (const writer of writers(directory)) {
    const path = join(directory, 'instances', `${writer}.json`);
    const card = JSON.parse(readFileSync(path, 'utf8'));
    // Above the largest process id that Linux gives.
    writeFileSync(path, JSON.stringify({ ...card, pid: 2 ** 22 + 1 }));
  }
}

const onDisk = async (directory: string, incident: string) => {
  const { entries, problems } = await readJournal(directory);
  expect(problems).toEqual([]);
  return entries.flatMap((entry) =>
    'incident' in entry && entry.incident === incident ? [entry.change] : [],
  );
};

describe('a hub that is closed', () => {
  it('ends its collectors, and records what they came to, before the journal closes', async () => {
    const directory = temporaryFolder();
    const aborted = deferred<string>();
    const collector: Collector = {
      name: 'slow',
      file: 'slow.txt',
      timeoutMs: 600_000,
      collect: ({ signal, write }) => {
        write('the first line\n');
        return new Promise(() => {
          signal.addEventListener('abort', () => aborted.resolve(String(signal.reason)));
        });
      },
    };
    const started = start(directory, { collectors: { collectors: [collector] } });
    withPolicy(started);
    const { id } = await outage(started);
    await started.hub.incidents.flush();
    await started.hub.close({ timeoutMs: 5_000 });
    expect(await aborted.promise).toContain('the hub is closing');
    const changes = await onDisk(directory, id);
    expect(changes.filter(({ type }) => type === 'collected')).toMatchObject([
      { collector: 'slow', file: 'slow.txt', bytes: 15, error: 'the hub is closing' },
    ]);
    expect(readFileSync(join(directory, 'incidents', id, 'slow.txt'), 'utf8')).toBe('the first line\n');
    expect(started.errors).toEqual([]);
  });

  it('ends as many collectors as it may run at once, and Node takes that for no leak', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    const hanging = (n: number): Collector => ({
      name: `slow-${n}`,
      file: `slow-${n}.txt`,
      timeoutMs: 600_000,
      collect: () => new Promise(() => {}),
    });
    const collectors = Array.from({ length: 20 }, (_, n) => hanging(n));
    const started = start(temporaryFolder(), { collectors: { collectors, concurrency: 20 } });
    withPolicy(started);
    await outage(started);
    await started.hub.incidents.flush();
    await started.hub.close({ timeoutMs: 5_000 });
    expect(warned).not.toHaveBeenCalled();
  });

  it('ends what people do through it, and records that', async () => {
    const directory = temporaryFolder();
    const started = start(directory);
    withPolicy(started);
    const { id } = await outage(started);
    started.hub.incidents.recover(id, { control: 'force-closed', by: 'Ada', forMs: 600_000 });
    expect(started.hub.get('database').circuit.state).toBe('disabled');
    await started.hub.close({ timeoutMs: 5_000 });
    expect(started.hub.get('database').circuit.state).toBe('closed');
    const steered = (await onDisk(directory, id)).filter(({ type }) => type === 'steered');
    expect(steered).toMatchObject([
      { control: 'force-closed', by: 'Ada', ended: false },
      { control: 'force-closed', ended: true, text: expect.stringContaining('the hub is closing') },
    ]);
  });
});

describe('a hub that is started again', () => {
  it('lists changes that were told to the one before it', async () => {
    const directory = temporaryFolder();
    const first = start(directory);
    first.hub.incidents.change({ version: '2.4.0', what: 'released 2.4.0' });
    await first.hub.close();
    const second = start(directory);
    withPolicy(second);
    const incident = await outage(second);
    expect(incident.toJSON().situation?.changes).toMatchObject([
      { version: '2.4.0', what: 'released 2.4.0' },
    ]);
  });

  it('goes on with incidents that were open, tells nothing twice, and makes no id again', async () => {
    const directory = temporaryFolder();
    const first = start(directory);
    withPolicy(first);
    const { id } = await outage(first);
    first.hub.incidents.do(id, { do: 'note', by: 'Ada', text: 'The disk is full.' });
    await first.hub.close({ timeoutMs: 5_000 });
    expect(writers(directory)).toEqual([]);

    const second = start(directory);
    withPolicy(second);
    withPolicy(second, 'other');
    expect(second.hub.incidents.open()).toMatchObject([{ id, status: 'declared' }]);
    const other = await outage(second, 'other');
    expect(other.id).not.toBe(id);
    await outage(second);
    await second.hub.incidents.flush();
    expect(second.hub.incidents.open().map((incident) => incident.id)).toEqual([id, other.id]);
    expect(second.sink.got.filter(({ kind }) => kind === 'opened')).toMatchObject([
      { incident: { id: other.id } },
    ]);
    const notes = second.hub.incidents.get(id)?.toJSON().notes;
    expect(notes?.[0]).toMatchObject({ text: 'The disk is full.', by: 'Ada' });
    expect([...first.errors, ...second.errors]).toEqual([]);
  });

  it('offers and records ways out of an incident that began before it', async () => {
    const directory = temporaryFolder();
    const first = start(directory);
    withPolicy(first);
    const { id } = await outage(first);
    await first.hub.close({ timeoutMs: 5_000 });

    const { hub, errors } = start(directory);
    hub.policy('database', {
      runbook: { title: 'Database', steps: [{ text: 'Roll back.', check: 'Errors are gone.' }] },
    });
    expect(hub.incidents.recovery(id)).toMatchObject([
      { policy: 'database', runbook: { steps: [{ text: 'Roll back.' }] } },
    ]);
    hub.incidents.recover(id, { control: 'force-open', by: 'Ada', forMs: 600_000, reason: 'it needs air' });
    expect(hub.get('database').circuit.state).toBe('forced-open');
    hub.incidents.recover(id, { control: 'force-open', by: 'Bob', end: true });
    expect(hub.get('database').circuit.state).toBe('half-open');
    await hub.incidents.flush();
    const steered = (await onDisk(directory, id)).filter(({ type }) => type === 'steered');
    expect(steered).toMatchObject([
      { by: 'Ada', ended: false, text: expect.stringContaining('it needs air') },
      { by: 'Bob', ended: true },
    ]);
    expect(errors).toEqual([]);
  });
});

describe('a hub after one that was killed', () => {
  it('takes over what it left, and sends again what it may not have sent, with the same id', async () => {
    const directory = temporaryFolder();
    const hung = new RecordingSink('hung', () => new Promise(() => {}));
    const fine = new RecordingSink('fine');
    const first = start(directory, { sinks: [hung, fine] });
    withPolicy(first);
    const { id } = await outage(first);
    await first.hub.incidents.flush({ timeoutMs: 50 });
    expect([hung.tries.length, fine.got.length]).toEqual([1, 1]);

    const beside = start(directory);
    expect(beside.hub.incidents.list()).toEqual([]);
    await beside.hub.close();
    abandon(directory);
    const again = [new RecordingSink('hung'), new RecordingSink('fine')];
    const second = start(directory, { sinks: again });
    withPolicy(second);
    expect(second.hub.incidents.open()).toMatchObject([{ id }]);
    await second.hub.incidents.flush();
    expect(again.map(({ tries }) => tries.map((one) => one.id))).toEqual([[hung.tries[0]?.id], []]);
    expect(again[0]?.got).toMatchObject([{ kind: 'opened', incident: { id } }]);
    expect(
      second.hub.incidents
        .get(id)
        ?.timeline.map(({ text }) => text)
        .join(),
    ).toContain('goes on with it');
    const later = await outage(second);
    expect(later.id).toBe(id);
    expect(second.errors).toEqual([]);
  });
});

describe('a restart without the states of the circuits', () => {
  it('lets the incident know that no circuit is open any more', async () => {
    const directory = temporaryFolder();
    const options = {
      circuitBreaker: { consecutiveFailures: 1, perKey: () => 'tenant-7' },
      attemptTimeoutMs: 1_000,
    };
    const before = start(directory);
    before.hub.policy('database', options);
    const { id } = await outage(before);
    await before.hub.close({ timeoutMs: 100 });
    const after = start(directory, { reviewMs: 20, resolveAfterMs: 60_000 });
    after.hub.policy('database', options);
    await vi.waitFor(() => {
      const { circuit } = after.hub.incidents.get(id)?.toJSON().condition ?? {};
      expect(circuit).toMatchObject({ state: 'closed', allClosed: true });
    });
    const texts = after.hub.incidents.get(id)?.timeline.map(({ text }) => text);
    expect(texts).toContain('No circuit is open.');
  });
});
