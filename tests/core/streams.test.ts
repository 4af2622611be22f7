import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Policy, runWithDeadline } from '../../src/index.ts';
import { deferred, errorOf, flush, follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const until = 'end';

async function* numbers(count: number, closed?: () => void): AsyncGenerator<number> {
  try {
    for (let n = 1; n <= count; n += 1) yield n;
  } finally {
    closed?.();
  }
}

/** A source whose chunks the test gives. */
function manual() {
  let next = deferred<IteratorResult<number>>();
  const returned = vi.fn();
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => next.promise,
      return: async () => {
        returned();
        return { done: true, value: undefined };
      },
    }),
  };
  return {
    source,
    returned,
    give(value: number) {
      const { resolve } = next;
      next = deferred();
      resolve({ done: false, value });
    },
    fail: (error: unknown) => next.reject(error),
  };
}

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

function inFlight(policy: Policy): unknown {
  const { callsInFlight, attemptsInFlight } = policy.stats();
  return [callsInFlight, attemptsInFlight];
}

describe('a stream that is protected until its end', () => {
  it.each<[string, () => AsyncIterable<unknown>]>([
    ['an async generator', () => numbers(3)],
    ['a Readable of objects', () => Readable.from([1, 2, 3])],
    [
      'a web stream',
      () =>
        new ReadableStream({
          start(controller) {
            for (const n of [1, 2, 3]) controller.enqueue(n);
            controller.close();
          },
        }),
    ],
  ])('%s comes as the same kind of thing, in order, and is counted once at its end', async (_what, make) => {
    const hub = testHub();
    const policy = hub.policy('feed');
    const calls = vi.fn();
    const attempts = vi.fn();
    hub.on('call', calls);
    hub.on('attempt', attempts);
    const source = make();
    const stream = await policy.execute(() => source, { until });
    expect(stream).not.toBe(source);
    if (source instanceof Readable) expect(stream).toBeInstanceOf(Readable);
    if (source instanceof ReadableStream) expect(stream).toBeInstanceOf(ReadableStream);
    expect(inFlight(policy)).toEqual([1, 1]);
    expect(await all(stream)).toEqual([1, 2, 3]);
    expect(inFlight(policy)).toEqual([0, 0]);
    expect(policy.stats()).toMatchObject({
      calls: { success: 1 },
      attempts: { success: 1 },
      lateOutcomes: 0,
    });
    expect(calls).toHaveBeenCalledTimes(1);
    expect(attempts).toHaveBeenCalledTimes(1);
  });

  it('keeps bytes, strings and encodings', async () => {
    const policy = testHub().policy('feed');
    const bytes = await policy.execute(() => Readable.from([Buffer.from('sea')], { objectMode: false }), {
      until,
    });
    expect(await all(bytes)).toEqual([Buffer.from('sea')]);
    const text = await policy.execute(
      () => {
        const source = new PassThrough();
        source.setEncoding('utf8').end('sëa');
        return source;
      },
      { until },
    );
    expect(await all(text)).toEqual(['sëa']);
  });

  it('is the value of executeDetailed and of a wrap', async () => {
    const policy = testHub().policy('feed');
    const detailed = await policy.executeDetailed(() => numbers(1), { until });
    expect(detailed).toMatchObject({ source: 'live', attempts: 1, ageMs: 0 });
    expect(await all(detailed.value)).toEqual([1]);
    const rows = policy.wrap((count: number) => numbers(count), { until });
    expect(await all(await rows(2))).toEqual([1, 2]);
  });

  it('hands through what a generator is sent and what it returns', async () => {
    const policy = testHub().policy('feed');
    async function* echo(): AsyncGenerator<string, string, string> {
      const said = yield 'first';
      return `end after ${said}`;
    }
    const stream = await policy.execute(() => echo(), { until });
    expect(await stream.next()).toEqual({ done: false, value: 'first' });
    expect(await stream.next('word')).toEqual({ done: true, value: 'end after word' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('is any other value where it is no stream', async () => {
    const policy = testHub().policy('feed');
    expect(await policy.execute(() => 7, { until })).toBe(7);
    expect(await policy.execute(async () => new Response('x'), { until })).toBeInstanceOf(Response);
    expect(await policy.execute(() => null, { until })).toBe(null);
    expect(policy.stats()).toMatchObject({ calls: { success: 3 }, callsInFlight: 0 });
  });

  it('cannot be remembered or checked, and an idle time needs it', async () => {
    const policy = testHub().policy('feed');
    const wrong = await errorOf(policy.execute(() => 1, { until, cacheKey: 'a', check: () => true }));
    expect(wrong).toMatchObject({ problems: [{ path: 'cacheKey' }, { path: 'check' }] });
    expect(await errorOf(policy.execute(() => 1, { idleTimeoutMs: 5 }))).toMatchObject({
      problems: [{ path: 'idleTimeoutMs', message: "needs until: 'end'" }],
    });
    expect(() => policy.wrap(() => 1, { until, cacheKey: () => 'a' })).toThrow(/cacheKey: cannot be given/);
    expect(await errorOf(Reflect.apply(policy.execute, policy, [() => 1, { until: 'end!' }]))).toMatchObject({
      problems: [{ path: 'until' }],
    });
  });
});

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

  it('is a failure of a Readable that nobody reads yet', async () => {
    const policy = testHub().policy('feed');
    const source = new PassThrough();
    const stream = await policy.execute(() => source, { until });
    source.destroy(new Error('reset'));
    await flush();
    expect(policy.stats()).toMatchObject({ calls: { failure: 1 } });
    await expect(all(stream)).rejects.toThrow('reset');
  });
});

describe('a consumer that stops', () => {
  it('after a chunk has had what it wanted', async () => {
    const policy = testHub().policy('feed');
    const closed = vi.fn();
    for await (const n of await policy.execute(() => numbers(9, closed), { until })) if (n === 2) break;
    expect(closed).toHaveBeenCalledTimes(1);
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, lateOutcomes: 0 });
    for await (const n of await policy.execute(() => Readable.from(numbers(9)), { until }))
      if (n === 2) break;
    const reader = (await policy.execute(() => ReadableStream.from(numbers(9)), { until })).getReader();
    await reader.read();
    await reader.cancel();
    expect(policy.stats()).toMatchObject({ calls: { success: 3 }, callsInFlight: 0, attemptsInFlight: 0 });
  });

  it('before the first chunk, or with an error, says nothing', async () => {
    const policy = testHub().policy('feed');
    const closed = vi.fn();
    const unread = await policy.execute(() => numbers(9, closed), { until });
    expect(await unread.return(5)).toEqual({ done: true, value: 5 });
    const broken = await policy.execute(() => numbers(9), { until });
    await broken.next();
    await expect(broken.throw(new Error('mine'))).rejects.toThrow('mine');
    const source = Readable.from(numbers(9));
    const readable = await policy.execute(() => source, { until });
    const sink = new PassThrough({ objectMode: true });
    const piped = errorOf(pipeline(readable, sink));
    sink.destroy(new Error('the client has gone'));
    await piped;
    expect(source.destroyed).toBe(true);
    const web = await policy.execute(() => ReadableStream.from(numbers(9)), { until });
    await web.cancel(new Error('mine'));
    expect(policy.stats()).toMatchObject({ calls: { ignored: 4 }, callsInFlight: 0, attemptsInFlight: 0 });
  });

  it('while it waits is let go at once, and the signal tells the source', async () => {
    const policy = testHub().policy('feed');
    const gone = vi.fn();
    const stream = await policy.execute(
      ({ signal }) =>
        (async function* () {
          yield 1;
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        })(),
      { until },
    );
    await stream.next();
    const waiting = stream.next();
    const stopped = stream.return(undefined).then(gone);
    expect(await waiting).toEqual({ done: true, value: undefined });
    await stopped;
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, lateOutcomes: 1 });
    expect(inFlight(policy)).toEqual([0, 0]);
  });

  it('does not wait for a source that will not close for longer than its idle time', async () => {
    const policy = testHub().policy('feed');
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: () => new Promise(() => {}),
      }),
    };
    const stream = await policy.execute(() => source, { until, idleTimeoutMs: 100 });
    const stopped = follow(
      (async () => {
        for await (const _ of stream) break;
      })(),
    );
    await vi.advanceTimersByTimeAsync(90);
    expect(stopped.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(20);
    expect(stopped.now.status).toBe('fulfilled');
    // The operation still runs.
    expect(inFlight(policy)).toEqual([0, 1]);
  });

  it('hears nothing of a source that fails to close; the hub does', async () => {
    const hub = testHub();
    const inner = vi.fn();
    hub.on('internal-error', inner);
    const policy = hub.policy('feed');
    const stream = await policy.execute(
      async function* () {
        try {
          yield 1;
        } finally {
          await Promise.reject(new Error('cannot close'));
        }
      },
      { until },
    );
    for await (const _ of stream) break;
    expect(inner).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ component: 'stream' }));
    expect(policy.stats()).toMatchObject({ calls: { success: 1 } });
  });

  it('and drops the stream has it closed', async () => {
    setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('gc');
    vi.useRealTimers();
    const policy = testHub().policy('feed');
    const closed = vi.fn();
    await (async () => {
      const stream = await policy.execute(() => numbers(9, closed), { until });
      await stream.next();
    })();
    await vi.waitFor(() => {
      if (typeof gc === 'function') gc();
      expect(closed).toHaveBeenCalledTimes(1);
    });
    await vi.waitFor(() => expect(inFlight(policy)).toEqual([0, 0]));
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1 } });
  });
});

describe('a stream that nobody gets', () => {
  it('is closed when it comes late', async () => {
    const policy = testHub().policy('feed', { attemptTimeoutMs: 100 });
    const { promise, resolve } = deferred<Readable>();
    const call = follow(policy.execute(() => promise, { until }));
    await vi.advanceTimersByTimeAsync(110);
    expect(call.now.status).toBe('rejected');
    const source = new PassThrough();
    resolve(source);
    await flush();
    expect(source.destroyed).toBe(true);
    source.emit('error', new Error('late'));
    expect(policy.stats()).toMatchObject({ lateOutcomes: 1, attemptsInFlight: 0 });
  });

  it('is closed when a retry replaces it', async () => {
    const policy = testHub().policy('feed', { retry: { baseDelayMs: 1 } });
    const sources: Readable[] = [];
    const stream = await (async () => {
      const call = policy.execute(
        () => {
          sources.push(Readable.from([sources.length]));
          return sources.at(-1);
        },
        { until, classify: (result) => (result.ok && sources.length === 1 ? 'transient' : undefined) },
      );
      await vi.advanceTimersByTimeAsync(50);
      return call;
    })();
    expect(stream === undefined ? [] : await all(stream)).toEqual([1]);
    expect(sources[0]?.destroyed).toBe(true);
  });

  it('is closed when a hedge has begun another before it', async () => {
    const policy = testHub().policy('feed', { hedge: { delayMs: 50, maxExtraLoad: 1 } });
    const late = new PassThrough({ objectMode: true });
    const begins = [deferred<Readable>(), deferred<Readable>()];
    const call = follow(policy.execute(({ attempt }) => begins[attempt - 1]?.promise, { until }));
    await vi.advanceTimersByTimeAsync(60);
    begins[1]?.resolve(Readable.from(numbers(2)));
    await flush();
    expect(call.now.status).toBe('fulfilled');
    begins[0]?.resolve(late);
    await flush();
    expect(late.destroyed).toBe(true);
    if (call.now.status === 'fulfilled' && call.now.value instanceof Readable) {
      expect(await all(call.now.value)).toEqual([1, 2]);
    }
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, callsInFlight: 0, attemptsInFlight: 0 });
  });
});

describe('a deadline in force', () => {
  it('bounds the stream to its last chunk, whoever reads it where', async () => {
    const policy = testHub().policy('feed', { attemptTimeoutMs: 1_000 });
    const { source } = manual();
    const stream = await runWithDeadline(100, () => policy.execute(() => source, { until }));
    const next = follow(stream[Symbol.asyncIterator]().next());
    await vi.advanceTimersByTimeAsync(110);
    expect(next.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 100 } });
    expect(policy.stats()).toMatchObject({
      calls: { timeout: 1 },
      attempts: { ignored: 1 },
      callsInFlight: 0,
    });
  });
});
