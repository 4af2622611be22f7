import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Policy, PolicyOptions } from '../../src/index.ts';
import { testHub } from '../support.ts';

const FAST_MS = 5;
const SLOW_MS = 800;
/** One request of so many is slow, by no fault of its own. */
const SLOW_EVERY = 50;
const CALLS = 600;
const CONCURRENCY = 10;

/** What a server saw. */
interface Seen {
  requests: number;
  slow: number;
  /** Requests whose connection was closed before they were answered. */
  cut: number;
}

let server: Server;
let url = '';
let seen: Seen = { requests: 0, slow: 0, cut: 0 };

beforeEach(async () => {
  seen = { requests: 0, slow: 0, cut: 0 };
  server = createServer((_request, response) => {
    seen.requests += 1;
    const isSlow = seen.requests % SLOW_EVERY === SLOW_EVERY / 2;
    if (isSlow) seen.slow += 1;
    const timer = setTimeout(() => response.end('answer'), isSlow ? SLOW_MS : FAST_MS);
    response.once('close', () => {
      clearTimeout(timer);
      if (!response.writableFinished) seen.cut += 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/` : '';
});

afterEach(async () => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
});

/** How long each of many calls took, ascending, in milliseconds. */
async function latenciesOf(policy: Policy): Promise<number[]> {
  const latencies: number[] = [];
  let left = CALLS;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const since = performance.now();
      const body = await policy.execute(({ signal }) =>
        fetch(url, { signal }).then((answer) => answer.text()),
      );
      expect(body).toBe('answer');
      latencies.push(performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, caller));
  return latencies.sort((a, b) => a - b);
}

const p99 = (sorted: readonly number[]) => sorted[Math.ceil(0.99 * sorted.length) - 1] ?? Number.NaN;

async function run(
  options: PolicyOptions,
): Promise<{ p99Ms: number; seen: Seen; won: number; policy: Policy }> {
  seen = { requests: 0, slow: 0, cut: 0 };
  const hub = testHub();
  const policy = hub.policy('upstream', options);
  const p99Ms = p99(await latenciesOf(policy));
  const metrics = await hub.registry.metrics();
  const won = Number(/hedges_total\{policy="upstream",result="won"\} (\d+)/.exec(metrics)?.[1] ?? 0);
  return { p99Ms, seen, won, policy };
}

test('over HTTP, hedging cuts p99 by at least half, at no more than 5 % extra requests, and lets go of the losers', async () => {
  const without = await run({});
  expect(without.seen).toMatchObject({ requests: CALLS, cut: 0 });
  expect(without.p99Ms).toBeGreaterThanOrEqual(SLOW_MS);

  // Far above what a busy machine adds to a fast answer, and far below a slow one.
  const hedged = await run({ hedge: { percentile: 95, minDelayMs: 120 } });
  expect(hedged.p99Ms).toBeLessThanOrEqual(without.p99Ms / 2);
  expect(hedged.seen.requests).toBeLessThanOrEqual(CALLS * 1.05);
  expect(hedged.won).toBeGreaterThanOrEqual(5);
  await vi.waitFor(() => {
    expect(hedged.seen.cut).toBeGreaterThanOrEqual(hedged.won);
    expect(hedged.policy.stats()).toMatchObject({ attemptsInFlight: 0, calls: { success: CALLS } });
  });
});
