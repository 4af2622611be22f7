import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { type Breakwater, createBreakwater, type SloOptions } from '../../src/index.ts';
import { deferred, follow, repeat } from '../support.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The objectives of all policies. Those of `search` are so low that bad calls leave some of its budget. */
export const objectives = {
  database: { availability: 0.99, latency: 0.95, correctness: 0.9, thresholdMs: 100 },
  quotes: { availability: 0.99, latency: 0.95, correctness: 0.9, thresholdMs: 100 },
  search: { availability: 0.5, latency: 0.5, correctness: 0.5, thresholdMs: 100 },
} as const;

function sloOf(policy: keyof typeof objectives): SloOptions {
  const { availability, latency, correctness, thresholdMs } = objectives[policy];
  return { availability, latency: { objective: latency, thresholdMs }, correctness };
}

/** A service whose dependencies fail at the tests' word, with its `/metrics` on a free port. */
export interface Shop {
  readonly breakwater: Breakwater;
  readonly metricsUrl: string;
  /** Calls that go well. */
  beWell(): Promise<void>;
  /**
   * Something of each kind: `database` answers from the cache and retries, the circuit of `quotes` opens and an
   * incident begins, `search` finds that requests are wrong, fails, and
   * has a call in flight that does not end.
   */
  beIll(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the service. */
export async function startShop(): Promise<Shop> {
  const breakwater = createBreakwater({
    registry: new Registry(),
    logger: quiet,
    incidents: { service: 'shop' },
    defaults: { totalTimeoutMs: 60_000, attemptTimeoutMs: 60_000 },
  });
  const database = breakwater.policy('database', {
    slo: sloOf('database'),
    retry: { maxRetries: 1, baseDelayMs: 1 },
    circuitBreaker: { consecutiveFailures: 1_000, minimumThroughput: 1_000 },
    cacheFallback: { staleIfErrorMs: 60_000 },
  });
  const quotes = breakwater.policy('quotes', {
    slo: sloOf('quotes'),
    criticality: 'critical',
    circuitBreaker: { consecutiveFailures: 3, openMs: 60_000 },
  });
  const search = breakwater.policy('search', {
    slo: sloOf('search'),
    classify: (result) => (!result.ok && result.error instanceof RangeError ? 'refused' : undefined),
  });
  breakwater.on('retry', () => {
    throw new Error('a listener that fails');
  });
  const server = await listening(breakwater);
  /** What one call waits for until the end. */
  const held = deferred();
  const works = (): Promise<string> => Promise.resolve('answer');
  const fails = (): Promise<never> => Promise.reject(new Error('down'));
  return {
    breakwater,
    metricsUrl: urlOf(server),
    async beWell() {
      for (const policy of [database, quotes, search]) {
        await repeat(20, () => policy.execute(works, { cacheKey: 'known' }));
      }
    },
    async beIll() {
      await repeat(3, () => database.execute(fails, { cacheKey: 'known' }));
      await repeat(3, () => database.execute(fails, { cacheKey: 'unknown' }));
      await repeat(10, () => quotes.execute(fails));
      await repeat(3, () => search.execute(() => Promise.reject(new RangeError('wrong'))));
      await repeat(2, () => search.execute(fails));
      follow(search.execute(() => held.promise));
    },
    async close() {
      held.resolve('late');
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await breakwater.close({ timeoutMs: 1_000 });
    },
  };
}

async function listening({ registry }: Breakwater): Promise<Server> {
  const server = createServer(async (_request, response) => {
    const text = await registry.metrics();
    response.setHeader('content-type', registry.contentType).end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `http://127.0.0.1:${address.port}/metrics`;
}
