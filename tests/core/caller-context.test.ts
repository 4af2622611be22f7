import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PolicyOptions } from '../../src/index.ts';
import { deferred, failing, flush, follow, hanging, testHub } from '../support.ts';

/** As an application has it: whose request it is. */
const request = new AsyncLocalStorage<string>();

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A policy whose operations note whose request they find themselves in. */
function watched(options: PolicyOptions) {
  const policy = testHub().policy('dependency', { circuitBreaker: false, ...options });
  const seen: (string | undefined)[] = [];
  const note = () => void seen.push(request.getStore());
  return { policy, seen, note };
}

describe("what a call does later finds its own caller's asynchronous context", () => {
  test('a retry after an attempt that timed out', async () => {
    const { policy, seen, note } = watched({
      attemptTimeoutMs: 50,
      retry: { maxRetries: 1, baseDelayMs: 10, jitter: 'none' },
    });
    for (const name of ['a', 'b']) {
      request.run(name, () =>
        follow(
          policy.execute(() => {
            note();
            return hanging();
          }),
        ),
      );
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(seen).toEqual(['a', 'b', 'a', 'b']);
  });

  test('a hedge', async () => {
    const { policy, seen, note } = watched({ hedge: { delayMs: 10, maxExtraLoad: 1 } });
    request.run('a', () =>
      follow(
        policy.execute(() => {
          note();
          return hanging();
        }),
      ),
    );
    await vi.advanceTimersByTimeAsync(20);
    expect(seen).toEqual(['a', 'a']);
  });

  test('a failover from an endpoint that timed out', async () => {
    const { policy, seen, note } = watched({
      attemptTimeoutMs: 50,
      failover: { endpoints: ['x', 'y'].map((name) => ({ name, target: name })) },
    });
    request.run('a', () =>
      follow(
        policy.execute(() => {
          note();
          return hanging();
        }),
      ),
    );
    await vi.advanceTimersByTimeAsync(60);
    expect(seen).toEqual(['a', 'a']);
  });

  test("a call that waited for another's place", async () => {
    const { policy, seen, note } = watched({ bulkhead: { maxConcurrent: 1, maxQueue: 2 } });
    const first = deferred();
    request.run('a', () => follow(policy.execute(() => first.promise)));
    const second = request.run('b', () => follow(policy.execute(note)));
    request.run('a', () => first.resolve(1));
    await flush();
    expect(second.now.status).toBe('fulfilled');
    expect(seen).toEqual(['b']);
  });

  test('a call that waited for a token', async () => {
    const { policy, seen, note } = watched({ rateLimit: { ratePerSecond: 10, burst: 1, maxWaitMs: 1_000 } });
    for (const name of ['a', 'b', 'c']) request.run(name, () => follow(policy.execute(note)));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  test("a fallback in the place of what timed out, of one's own and of a shared run", async () => {
    const seen: unknown[] = [];
    const policy = testHub().policy('dependency', {
      circuitBreaker: false,
      totalTimeoutMs: 50,
      cacheFallback: { coalesce: true },
      fallback: () => void seen.push(request.getStore()),
    });
    for (const name of ['a', 'b'])
      request.run(name, () => follow(policy.execute(() => hanging(), { cacheKey: 'k' })));
    request.run('c', () => follow(policy.execute(() => hanging())));
    await vi.advanceTimersByTimeAsync(60);
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
  });

  test('a retry in the shared run of the caller that began it', async () => {
    const { policy, seen, note } = watched({
      attemptTimeoutMs: 50,
      retry: { maxRetries: 1, baseDelayMs: 10, jitter: 'none' },
      cacheFallback: { coalesce: true },
    });
    for (const name of ['a', 'b']) {
      const operation = () => {
        note();
        return hanging();
      };
      request.run(name, () => follow(policy.execute(operation, { cacheKey: 'k' })));
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(seen).toEqual(['a', 'a']);
  });

  test('listeners that are told that somebody gave up', async () => {
    const hub = testHub();
    const policy = hub.policy('dependency', { retry: {} });
    const seen: unknown[] = [];
    hub.on('call', () => seen.push(request.getStore()));
    const caller = new AbortController();
    for (const name of ['a', 'b'])
      request.run(name, () => follow(policy.execute(hanging, { signal: caller.signal })));
    request.run('somebody else', () => caller.abort());
    expect(seen).toEqual(['a', 'b']);
  });

  test('a rejection of one who was displaced is heard in his own', async () => {
    const hub = testHub();
    const policy = hub.policy('dependency', { bulkhead: { maxConcurrent: 1, maxQueue: 1 } });
    const seen: unknown[] = [];
    hub.on('rejection', () => seen.push(request.getStore()));
    follow(policy.execute(hanging));
    request.run('low', () => follow(policy.execute(failing(), { priority: 'low' })));
    request.run('high', () => follow(policy.execute(failing(), { priority: 'high' })));
    expect(seen).toEqual(['low']);
  });
});
