import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Policy, remainingDeadlineMs } from '../../src/index.ts';
import { deadlineKits } from '../integrations/web/deadline-kits.ts';
import { type Deferred, deferred, hanging, testHub } from '../support.ts';

// The test says what time it is; servers and sockets work in their own.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date'] }));

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0).reverse()) await close();
});

const HEADER = 'x-request-timeout-ms';

describe.each(deadlineKits)('what was first made within a request of $name', ({ serve }) => {
  /** A handler that makes something that outlives it, as a connection that others use, and goes on as `then` says. */
  async function started(then: () => unknown, guarded?: Policy) {
    const made: Deferred<() => number> = deferred();
    const handler = (): unknown => {
      made.resolve(AsyncLocalStorage.bind(() => remainingDeadlineMs()));
      return then();
    };
    const { url, close } = await serve({
      trust: true,
      maxMs: 5_000,
      handler,
      ...(guarded === undefined ? {} : { guarded }),
    });
    closers.push(close);
    const client = new AbortController();
    const asked = fetch(url, {
      method: 'POST',
      headers: { [HEADER]: '1000' },
      signal: client.signal,
    });
    asked.catch(() => {});
    return { asked, client, leftThere: await made.promise };
  }

  it('is free of its deadline once it has answered in time', async () => {
    const { asked, leftThere } = await started(() => 1);
    expect((await asked).status).toBe(200);
    await vi.waitFor(() => expect(leftThere()).toBe(Number.POSITIVE_INFINITY));
  });

  it('is free of its deadline once it has answered late', async () => {
    const answer = deferred();
    const { asked, leftThere } = await started(() => answer.promise);
    expect(leftThere()).toBe(1_000);
    vi.advanceTimersByTime(1_500);
    expect(leftThere()).toBe(0);
    answer.resolve(1);
    expect((await asked).status).toBe(200);
    await vi.waitFor(() => expect(leftThere()).toBe(Number.POSITIVE_INFINITY));
  });

  it('is free of its deadline once a policy within has had it answered with 504', async () => {
    const policy = testHub().policy('database', { totalTimeoutMs: 10_000, attemptTimeoutMs: 5_000 });
    const { asked, leftThere } = await started(() => {
      vi.advanceTimersByTime(1_001);
      return policy.execute(hanging);
    });
    expect((await asked).status).toBe(504);
    await vi.waitFor(() => expect(leftThere()).toBe(Number.POSITIVE_INFINITY));
  });

  it.each([
    ['ran out of its own time, sooner than the deadline', 20],
    ['ran out of the deadline', 1_000],
  ])('is held for a while where the handler still runs behind a guard that %s', async (_which, timeMs) => {
    const guarded = testHub().policy('route', {
      attemptTimeoutMs: Math.min(timeMs, 5_000),
      totalTimeoutMs: 10_000,
    });
    const { asked, leftThere } = await started(hanging, guarded);
    vi.advanceTimersByTime(timeMs + 1);
    const { status } = await asked;
    expect(status).toBe(504);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(leftThere()).toBeLessThan(1_000);
    vi.advanceTimersByTime(1_000);
    expect(leftThere()).toBe(0);
    vi.advanceTimersByTime(5_000);
    expect(leftThere()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is held for a while where the client has gone and the handler still runs', async () => {
    const { client, leftThere } = await started(hanging);
    client.abort();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(leftThere()).toBe(1_000);
    vi.advanceTimersByTime(5_999);
    expect(leftThere()).toBe(0);
    vi.advanceTimersByTime(2);
    expect(leftThere()).toBe(Number.POSITIVE_INFINITY);
  });
});
