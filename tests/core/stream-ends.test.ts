import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flush, follow, testHub } from '../support.ts';
import { all, inFlight, manual, numbers } from './stream-support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const until = 'end';

describe('what ends it early', () => {
  it('is an error of the source, which the circuit counts and nothing repeats or replaces', async () => {
    const hub = testHub();
    const answer = vi.fn(() => 'fallback');
    const policy = hub.policy('feed', { retry: { baseDelayMs: 1 }, fallback: answer });
    const operation = vi.fn(async function* () {
      yield 1;
      throw new Error('cut off');
    });
    const stream = await policy.execute(operation, { until });
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await expect(stream.next()).rejects.toThrow('cut off');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(operation).toHaveBeenCalledTimes(1);
    expect(answer).not.toHaveBeenCalled();
    expect(policy.stats()).toMatchObject({ calls: { failure: 1 }, attempts: { failure: 1 } });
    expect(policy.circuit.window).toMatchObject({ attempts: 1, failures: 1 });
  });

  it('is judged by classify', async () => {
    const policy = testHub().policy('feed');
    const stream = await policy.execute(
      async function* () {
        yield 1;
        throw new Error('no such row');
      },
      { until, classify: (result) => (result.ok ? undefined : 'refused') },
    );
    await expect(all(stream)).rejects.toThrow('no such row');
    expect(policy.stats()).toMatchObject({ calls: { refused: 1 } });
  });

  it('is a stall while the consumer waits, and not a slow consumer', async () => {
    const policy = testHub().policy('feed', {
      totalTimeoutMs: 600_000,
      circuitBreaker: { minimumThroughput: 1 },
    });
    const { source, give, returned } = manual();
    const stream = await policy.execute(() => source, { until, idleTimeoutMs: 1_000 });
    const iterator = stream[Symbol.asyncIterator]();
    const first = iterator.next();
    await vi.advanceTimersByTimeAsync(990);
    give(1);
    expect(await first).toEqual({ done: false, value: 1 });
    // The consumer takes its time.
    await vi.advanceTimersByTimeAsync(60_000);
    const second = follow(iterator.next());
    await vi.advanceTimersByTimeAsync(999);
    expect(second.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(11);
    expect(second.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'body', timeoutMs: 1_000 } });
    expect(returned).toHaveBeenCalledTimes(1);
    expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, attempts: { timeout: 1 } });
    expect(inFlight(policy)).toEqual([0, 0]);
    expect(policy.circuit.state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
  });

  it('is not the attempt timeout, which bounds only how long it takes to begin', async () => {
    const policy = testHub().policy('feed', { attemptTimeoutMs: 100, totalTimeoutMs: 5_000 });
    const stream = await policy.execute(() => numbers(2), { until });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await all(stream)).toEqual([1, 2]);
    const late = follow(policy.execute(() => new Promise(() => {}), { until }));
    await vi.advanceTimersByTimeAsync(110);
    expect(late.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'attempt' } });
  });

  it.each([
    ['the total timeout', { totalTimeoutMs: 500 }, {}],
    ["the caller's own time", {}, { timeoutMs: 500 }],
  ])('is %s, which bounds it to its last chunk', async (_what, options, callOptions) => {
    const policy = testHub().policy('feed', { attemptTimeoutMs: 200, ...options });
    const { source, returned } = manual();
    let signal: AbortSignal | undefined;
    const stream = await policy.execute(
      (context) => {
        signal = context.signal;
        return source;
      },
      { until, ...callOptions },
    );
    const next = follow(stream[Symbol.asyncIterator]().next());
    await vi.advanceTimersByTimeAsync(515);
    expect(next.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 500 } });
    expect(signal?.aborted).toBe(true);
    expect(returned).toHaveBeenCalledTimes(1);
    expect(policy.stats()).toMatchObject({ calls: { timeout: 1 } });
    expect(policy.circuit.window.failures).toBe(1);
    expect(inFlight(policy)).toEqual([0, 0]);
  });

  it('blames nobody when the time runs out on a consumer that does not read', async () => {
    const policy = testHub().policy('feed', { totalTimeoutMs: 500 });
    const source = Readable.from(numbers(3));
    const stream = await policy.execute(() => source, { until });
    await vi.advanceTimersByTimeAsync(515);
    expect(source.destroyed).toBe(true);
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1 }, attempts: { ignored: 1 } });
    expect(policy.circuit.window.attempts).toBe(0);
    expect(inFlight(policy)).toEqual([0, 0]);
    // It hears of it when it reads.
    await expect(all(stream)).rejects.toMatchObject({ code: 'TIMEOUT', scope: 'total' });
  });

  it("is the caller's signal, with its reason", async () => {
    const policy = testHub().policy('feed');
    const controller = new AbortController();
    const stream = await policy.execute(() => Readable.from(numbers(9)), {
      until,
      signal: controller.signal,
    });
    const heard = vi.fn();
    stream.on('error', heard);
    const reason = new Error('the user has left');
    controller.abort(reason);
    await flush();
    expect(heard).toHaveBeenCalledExactlyOnceWith(reason);
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1 } });
    expect(inFlight(policy)).toEqual([0, 0]);
  });

  it.each<[string, () => { source: AsyncIterable<unknown>; fail?: () => void }, RegExp]>([
    [
      'a Readable that fails',
      () => {
        const source = new PassThrough();
        return { source, fail: () => source.destroy(new Error('reset')) };
      },
      /reset/,
    ],
    [
      'a Readable that closes without an error',
      () => {
        const source = new PassThrough();
        source.write('half');
        return { source, fail: () => source.destroy() };
      },
      /Premature close/,
    ],
    [
      'a Readable that had closed before it came',
      () => {
        const source = new PassThrough().destroy();
        return { source };
      },
      /Premature close/,
    ],
    [
      'a web stream that fails',
      () => {
        let fail: (() => void) | undefined;
        const source = new ReadableStream<string>({
          start(controller) {
            controller.enqueue('half');
            fail = () => controller.error(new Error('reset'));
          },
        });
        return { source, fail: () => fail?.() };
      },
      /reset/,
    ],
  ])('is %s while nobody reads', async (_what, make, message) => {
    const policy = testHub().policy('feed', { bulkhead: { maxConcurrent: 1, maxQueue: 0 } });
    const { source, fail } = make();
    const stream = await policy.execute(() => source, { until });
    fail?.();
    await flush();
    expect(policy.stats()).toMatchObject({ calls: { failure: 1 }, attempts: { failure: 1 } });
    expect(inFlight(policy)).toEqual([0, 0]);
    expect(await policy.execute(() => 'its place')).toBe('its place');
    await expect(all(stream)).rejects.toThrow(message);
  });

  it('is a defect where somebody else reads the web stream', async () => {
    const policy = testHub().policy('feed');
    const source = new ReadableStream<string>();
    source.getReader();
    const stream = await policy.execute(() => source, { until });
    await flush();
    expect(policy.stats()).toMatchObject({ calls: { defect: 1 }, callsInFlight: 0, attemptsInFlight: 0 });
    await expect(all(stream)).rejects.toThrow(/lock/i);
  });

  it.each<[string, () => AsyncIterable<unknown>]>([
    ['a Readable', () => Readable.from(['a', 'b'])],
    ['one side of a Duplex', () => new PassThrough({ allowHalfOpen: true, objectMode: true }).end('a')],
    [
      'a web stream',
      () =>
        new ReadableStream({
          start(controller) {
            controller.enqueue('a');
            controller.close();
          },
        }),
    ],
  ])('is no failure where %s has ended and is read later', async (_what, make) => {
    const policy = testHub().policy('feed');
    const stream = await policy.execute(make, { until });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(inFlight(policy)).toEqual([1, 1]);
    expect((await all(stream))[0]).toBe('a');
    await flush();
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, attempts: { success: 1, failure: 0 } });
  });
});
