import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorOf, follow, testHub } from '../support.ts';
import { inFlight, numbers } from './stream-support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const until = 'end';

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

  it.each<[string, (stream: ReadableStream<Uint8Array>) => ReadableStream<unknown>[]]>([
    ['tee()', (stream) => stream.tee()],
    [
      'tee() of what came of tee()',
      (stream) => {
        const [one, two] = stream.tee();
        return [one, ...two.tee()];
      },
    ],
    [
      'Response.clone()',
      (stream) => {
        const response = new Response(stream);
        return [response.clone(), response].flatMap(({ body }) => body ?? []);
      },
    ],
  ])('in all parts that %s made of it has had what it wanted too', async (_what, parts) => {
    const policy = testHub().policy('feed', {
      circuitBreaker: { consecutiveFailures: 1, openMs: 100, halfOpenProbes: 1 },
    });
    await errorOf(policy.execute(() => Promise.reject(new Error('down'))));
    await vi.advanceTimersByTimeAsync(200);
    const bytes = (): ReadableStream<Uint8Array> => ReadableStream.from([Buffer.from('a'), Buffer.from('b')]);
    const readers = parts(await policy.execute(bytes, { until })).map((part) => part.getReader());
    await Promise.all(readers.map((reader) => reader.read()));
    await Promise.all(readers.map((reader) => reader.cancel()));
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, callsInFlight: 0 });
    expect(policy.circuit.state).toBe('closed');
  });

  it('in one part because of a failure, and in the other without, says nothing', async () => {
    const policy = testHub().policy('feed');
    const [one, two] = (await policy.execute(() => ReadableStream.from(numbers(9)), { until })).tee();
    const readers = [one.getReader(), two.getReader()];
    await Promise.all(readers.map((reader) => reader.read()));
    await Promise.all([readers[0]?.cancel(new Error('mine')), readers[1]?.cancel()]);
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1 } });
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
