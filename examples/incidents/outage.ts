import { setTimeout as delay } from 'node:timers/promises';
import type { IncidentJson, Sink } from 'breakwater';
import { pino } from 'pino';
import { startApplication } from '../app/application.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { startDatabase } from '../support/database.ts';
import { PriceService } from '../upstream/price-service.ts';
import { OnCall } from './story.ts';

/** What an outage is played with. */
export interface OutageOptions {
  /** Where the incident is kept. */
  readonly directory: string;
  /** Is told how to stop what was started. */
  readonly cleanup: Cleanup;
  /** Is told what happens. */
  readonly tell: (what: string) => void;
}

/** What is left of it. */
export interface Outage {
  readonly incident: IncidentJson;
  /** What `/metrics` answered before the first failure, and after the last call. */
  readonly metrics: { readonly before: string; readonly after: string };
  /** What the pager was sent, oldest first. */
  readonly pages: readonly string[];
}

/** Quotes that are in the cache when it begins, and some that are not. */
const KNOWN = 20;
const ASKED = 30;

/** How long it takes at most until what must happen has happened. */
const PATIENCE_MS = 20_000;

/**
 * Plays one outage of the example application: the price service refuses, the breaker opens, people respond, it comes
 * back, the incident resolves by itself, and people close it.
 */
export async function playOutage({ directory, cleanup, tell }: OutageOptions): Promise<Outage> {
  const upstream = new PriceService();
  cleanup.add('the price service', () => upstream.stop());
  const [{ postgres }, upstreamUrl] = await Promise.all([startDatabase(cleanup), upstream.start()]);
  const pages: string[] = [];
  const pager: Sink = {
    name: 'pager',
    send({ kind, severity, summary }) {
      pages.push(`${kind} (${severity}): ${summary}`);
      return { detail: 'taken' };
    },
  };
  const application = await startApplication({
    databaseUrl: postgres.connectionString,
    upstreamUrl,
    logger: pino({ level: 'silent' }),
    incidents: { sinks: [pager], resolveAfterMs: 500, directory, instance: 'shop-1' },
  });
  cleanup.add('the application', () => application.stop());
  const { breakwater, expressUrl } = application;
  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`${expressUrl}${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return await response.text();
  };
  const askForQuotes = async (from: number, to: number): Promise<void> => {
    for (let id = from; id <= to; id += 1) await ask(`/quotes/${id}`);
  };

  await askForQuotes(1, KNOWN);
  for (let id = 1; id <= KNOWN; id += 1) await ask(`/users/${id}`);
  const before = await ask('/metrics');
  tell('all is well');

  breakwater.incidents.change({ version: '1.8.0', what: 'The front page shows quotes.' });
  upstream.overloaded = true;
  tell('the price service refuses');
  while (breakwater.incidents.open().length === 0) await askForQuotes(1, ASKED);
  const [incident] = breakwater.incidents.open();
  if (incident === undefined) throw new Error('There is no incident.');
  tell(`${incident.id} is declared as ${incident.severity}`);

  const onCall = new OnCall(breakwater.incidents, incident);
  onCall.respond();
  tell('people respond');
  upstream.overloaded = false;
  tell('the price service answers again');
  const { circuit } = breakwater.get('quotes');
  while (circuit.state !== 'closed') await askForQuotes(1, 1);
  const after = await ask('/metrics');
  tell('the breaker closed');
  const patience = AbortSignal.timeout(PATIENCE_MS);
  while (incident.status !== 'resolved') await delay(20, undefined, { signal: patience });
  tell(`it resolved after ${incident.durationMs} ms`);
  onCall.learn();
  await breakwater.incidents.flush();
  tell('people closed it');
  return { incident: incident.toJSON(), metrics: { before, after }, pages };
}
