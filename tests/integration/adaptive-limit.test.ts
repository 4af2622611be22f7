import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Breakwater } from '../../src/index.ts';
import { loopDelay } from '../../src/strategies/adaptive-limit/loop-delay.ts';
import { sampleOf, testHub } from '../support.ts';

const WORKERS = 4;
const SERVICE_MS = 40;
/** A hundred a second. */
const CAPACITY = (WORKERS * 1_000) / SERVICE_MS;

let server: Server | undefined;
let hub: Breakwater | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await hub?.close({ timeoutMs: 1_000 });
});

/** A server that works at so many requests at once, and queues the others. */
async function startServer(): Promise<string> {
  const queue: ServerResponse[] = [];
  let busy = 0;
  const work = (): void => {
    const response = busy < WORKERS ? queue.shift() : undefined;
    if (response === undefined) return;
    busy += 1;
    setTimeout(() => {
      busy -= 1;
      response.end('done');
      work();
    }, SERVICE_MS);
  };
  const made = createServer((_request, response) => {
    queue.push(response);
    work();
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const address = made.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/`;
}

test('a server that is asked for three times what it can do is kept busy, and answers soon', async () => {
  const url = await startServer();
  hub = testHub();
  const policy = hub.policy('upstream', { circuitBreaker: false, adaptiveLimit: {} });
  const get = policy.wrap(async () => (await fetch(url)).text());
  const limit = () => sampleOf(policy, 'adaptive_limit') ?? 0;
  const calls: Promise<void>[] = [];
  const latencies: number[] = [];
  const timed = async (): Promise<void> => {
    const startedAt = performance.now();
    await get().then(
      () => void latencies.push(performance.now() - startedAt),
      () => {},
    );
  };
  // First as many as it can do, so that it is known how long that takes.
  for (let round = 0; round < 30; round += 1) await Promise.all(Array.from({ length: 3 }, timed));
  latencies.length = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < 2_000) {
    for (let call = 0; call < 6; call += 1) calls.push(timed());
    await sleep(20);
  }
  await Promise.all(calls);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { limit_reached: turnedAway } = policy.stats().rejections;
  expect(turnedAway).toBeGreaterThan(calls.length / 4);
  expect(latencies.length / seconds).toBeGreaterThan(CAPACITY * 0.5);
  // Without the limit, 400 would wait in the end: four seconds.
  const last = latencies.slice(-50);
  expect(last.reduce((sum, ms) => sum + ms, 0) / last.length).toBeLessThan(600);
  expect(limit()).toBeLessThan(40);
}, 20_000);

test('a blocked event loop is noticed by the real timers', async () => {
  const before = loopDelay.enter(performance.now());
  await sleep(30);
  const startedAt = performance.now();
  while (performance.now() - startedAt < 80);
  expect(loopDelay.blockedMs(performance.now()) - before).toBeGreaterThan(60);
  await sleep(30);
  expect(loopDelay.blockedMs(performance.now()) - before).toBeGreaterThan(60);
  loopDelay.leave();
  for (let tries = 0; tries < 100 && loopDelay.hasTimer; tries += 1) await sleep(5);
  expect(loopDelay.hasTimer).toBe(false);
});
