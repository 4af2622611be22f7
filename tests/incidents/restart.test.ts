import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
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
});
