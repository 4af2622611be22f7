import { isBreakwaterError } from '../../../src/core/errors.ts';
import { Events } from '../../../src/core/events.ts';
import { gatherEvidence } from '../../../src/incidents/evidence/evidence.ts';
import { openJournal } from '../../../src/incidents/journal/journal.ts';
import { IncidentManager } from '../../../src/incidents/manager.ts';
import { incidentSchema } from '../../../src/incidents/options.ts';
import type { PolicyFacts } from '../../../src/incidents/ports.ts';
import { webhookSink } from '../../../src/incidents/sinks/webhook/sink.ts';
import { seeded } from '../../seeded.ts';
import { FakePolicy, RecordingLogger } from '../fixtures.ts';

/** What the program tells the test. */
export type FromChild =
  | { readonly type: 'ready' }
  /** The entries of this writer up to that number are on disk. */
  | { readonly type: 'acknowledged'; readonly seq: number }
  | { readonly type: 'report'; readonly text: string }
  | { readonly type: 'finished'; readonly open: number };

const [directory = '', url = '', writer = '', seed = ''] = process.argv.slice(2);
const random = seeded(Number(seed));
const tell = (message: FromChild): void => {
  process.send?.(message);
};
const report = (error: unknown): void => {
  tell({ type: 'report', text: error instanceof Error ? error.message : String(error) });
};

const { journal, ...found } = openJournal({ directory, writer, report });
let appended = 0;
const telling = {
  async append(bodies: Parameters<typeof journal.append>[0]): Promise<void> {
    appended += bodies.length;
    const seq = appended;
    await journal.append(bodies);
    if (!journal.degraded) tell({ type: 'acknowledged', seq });
  },
  listen: (onForeign: Parameters<typeof journal.listen>[0]) => journal.listen(onForeign),
  get degraded() {
    return journal.degraded;
  },
  folder: (incident: string) => journal.folder(incident),
  history: (incident: string) => journal.history(incident),
  adopt: (other: string) => journal.adopt(other),
  flush: () => journal.flush(),
  close: () => journal.close(),
};

const events = new Events((_policy, error) => report(error));
const policies = new Map(['db', 'cache', 'mail'].map((name) => [name, new FakePolicy(name, events)]));
const ports = {
  events,
  logger: new RecordingLogger(),
  counters: { incidentsChanged: () => {}, notified: () => {} },
  facts: (name: string): PolicyFacts | undefined => policies.get(name),
  dependants: () => [],
  report: (_policy: string, _component: string, error: unknown) => report(error),
};
const options = incidentSchema.parse({
  directory,
  sinks: [webhookSink({ url, secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` })],
  resolveAfterMs: 20,
  reviewMs: 15,
  reopenWithinMs: 0,
  deliveryBaseDelayMs: 5,
  deliveryMaxDelayMs: 20,
  maxDeliveryRetries: 50,
  maxQueuedNotifications: 10_000,
  maxResolvedIncidents: 10_000,
});
const evidence = gatherEvidence(ports);
const manager = new IncidentManager({
  ...ports,
  options,
  evidence,
  opened: { journal: telling, ...found },
  suffix: writer,
});

/** Something that may happen to an application, and to those who work on its incidents. */
function happen(): void {
  const [policy] = [...policies.values()].sort(() => random() - 0.5);
  const [incident] = manager.open();
  const kind = random();
  if (kind < 0.6) policy?.move(policy.circuits[0]?.state === 'closed' ? 'open' : 'closed');
  else if (kind < 0.7) manager.change({ version: '1.2.3', what: `release ${kind}` });
  else if (incident !== undefined && kind < 0.8) manager.acknowledge(incident.id, 'Ada');
  else if (incident !== undefined) manager.do(incident.id, { do: 'note', text: `note ${kind}`, by: 'Ada' });
}

function work(): void {
  try {
    happen();
  } catch (error) {
    // What speaks against a person's step, such as acknowledging twice, is no failure.
    if (!isBreakwaterError(error, 'INVALID_OPTIONS')) throw error;
  }
  worker = setTimeout(work, random() * 8);
}
let worker = setTimeout(work, 0);

process.on('message', async () => {
  clearTimeout(worker);
  for (const policy of policies.values()) if (policy.circuits[0]?.state === 'open') policy.move('closed');
  for (let waited = 0; manager.open().length > 0 && waited < 3_000; waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await manager.flush({ timeoutMs: 60_000 });
  const open = manager.open().length;
  await manager.close({ timeoutMs: 60_000 });
  tell({ type: 'finished', open });
  process.disconnect?.();
});
tell({ type: 'ready' });
