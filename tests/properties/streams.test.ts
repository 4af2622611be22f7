import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fc } from '../fast-check.ts';
import { follow, testHub } from '../support.ts';

const unhandled = vi.fn();
beforeAll(() => void process.on('unhandledRejection', unhandled));
afterAll(() => void process.off('unhandledRejection', unhandled));
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Source = AsyncIterable<number> | Readable | ReadableStream<number>;

/** A source that the test feeds. */
interface Fed {
  readonly source: Source;
  give(chunk: number): void;
  end(): void;
  fail(error: unknown): void;
  /** Whether it holds nothing any more. */
  isClosed(): boolean;
}

interface Consumer {
  read(): Promise<IteratorResult<unknown>>;
  stop(error: Error | undefined): void;
}

function fedIterable(): Fed {
  const chunks: number[] = [];
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const changed = (): void => {
    wake?.();
    wake = undefined;
  };
  const over = (): void => {
    isOver = true;
    changed();
  };
  let isAsked = false;
  let isLetGo = false;
  async function next(): Promise<IteratorResult<number>> {
    for (;;) {
      const chunk = chunks.shift();
      if (chunk !== undefined) return { done: false, value: chunk };
      if (failure !== undefined || isOver) isLetGo = true;
      if (failure !== undefined) throw failure.error;
      if (isOver) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const iterator: AsyncIterator<number> = {
    next,
    return: async () => {
      isLetGo = true;
      chunks.length = 0;
      over();
      return { done: true, value: undefined };
    },
  };
  return {
    source: {
      [Symbol.asyncIterator]() {
        isAsked = true;
        return iterator;
      },
    },
    give(chunk) {
      if (!isOver) chunks.push(chunk);
      changed();
    },
    end: over,
    fail(error) {
      failure ??= { error };
      changed();
    },
    isClosed: () => isLetGo || !isAsked,
  };
}

function fedReadable(): Fed {
  const source = new Readable({ objectMode: true, read() {} });
  let isEnded = false;
  return {
    source,
    give: (chunk) => {
      if (!isEnded) source.push(chunk);
    },
    end: () => {
      if (!isEnded) source.push(null);
      isEnded = true;
    },
    fail: (error) => void source.destroy(error instanceof Error ? error : undefined),
    isClosed: () => source.destroyed,
  };
}

function fedWebStream(): Fed {
  let controller: ReadableStreamDefaultController<number> | undefined;
  let isClosed = false;
  const source = new ReadableStream<number>({
    start(given) {
      controller = given;
    },
    cancel() {
      isClosed = true;
    },
  });
  const once = (act: () => void): void => {
    if (!isClosed) act();
  };
  return {
    source,
    give: (chunk) => once(() => controller?.enqueue(chunk)),
    end: () =>
      once(() => {
        isClosed = true;
        controller?.close();
      }),
    fail: (error) =>
      once(() => {
        isClosed = true;
        controller?.error(error);
      }),
    isClosed: () => isClosed,
  };
}

function consumerOf(stream: Source): Consumer {
  if (stream instanceof Readable) {
    stream.on('error', () => {});
    const iterator: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
    return { read: () => iterator.next(), stop: (error) => void stream.destroy(error) };
  }
  if (stream instanceof ReadableStream) {
    const reader = stream.getReader();
    return {
      async read() {
        const { done, value } = await reader.read();
        return done ? { done: true, value: undefined } : { done: false, value };
      },
      stop: (error) => void reader.cancel(error).catch(() => {}),
    };
  }
  const iterator: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
  return {
    read: () => iterator.next(),
    stop: (error) => {
      if (error === undefined) void iterator.return?.();
      else iterator.throw?.(error).catch(() => {});
    },
  };
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('give' as const) },
  { weight: 6, arbitrary: fc.constant('read' as const) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'end' as const,
      'fail' as const,
      'stop' as const,
      'break' as const,
      'abort' as const,
    ),
  },
);

describe('a protected stream', () => {
  it.each<[string, () => Fed]>([
    ['an async iterable', fedIterable],
    ['a Readable', fedReadable],
    ['a web stream', fedWebStream],
  ])('%s is settled once, in order, and leaves nothing behind, whatever happens when', async (_what, fed) => {
    const run = async (steps: readonly (string | number)[], policyTimeoutMs: number): Promise<void> => {
      const hub = testHub();
      const policy = hub.policy('feed', {
        totalTimeoutMs: policyTimeoutMs,
        circuitBreaker: false,
        bulkhead: { maxConcurrent: 1 },
        retry: { maxRetries: 2, baseDelayMs: 1 },
        fallback: () => 'fallback',
      });
      let ends = 0;
      let attempts = 0;
      hub.on('call', () => {
        ends += 1;
      });
      hub.on('attempt', () => {
        attempts += 1;
      });
      const source = fed();
      const controller = new AbortController();
      const stream = await policy.execute(() => source.source, {
        until: 'end',
        idleTimeoutMs: 50,
        signal: controller.signal,
      });
      const consumer = consumerOf(stream);
      const reads: { readonly now: unknown }[] = [];
      let given = 0;
      for (const action of steps) {
        if (typeof action === 'number') await vi.advanceTimersByTimeAsync(action);
        else if (action === 'give') source.give(++given);
        else if (action === 'read') reads.push(follow(consumer.read()));
        else if (action === 'end') source.end();
        else if (action === 'fail') source.fail(new Error('source'));
        else if (action === 'abort') controller.abort(new Error('caller'));
        else consumer.stop(action === 'break' ? undefined : new Error('consumer'));
      }
      await vi.advanceTimersByTimeAsync(policyTimeoutMs + 100);
      expect([ends, attempts]).toEqual([1, 1]);
      expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0, retries: 0 });
      expect(policy.stats().calls.fallback).toBe(0);
      expect(source.isClosed()).toBe(true);
      reads.push(follow(consumer.read()), follow(consumer.read()));
      await vi.advanceTimersByTimeAsync(1);
      const results = reads.map(({ now }) => now);
      const values = results.map(chunkOf);
      const chunks = values.filter((value) => value !== undefined);
      expect(chunks).toEqual(Array.from(chunks, (_chunk, at) => at + 1));
      // Nothing comes after the end, and nobody waits for ever.
      expect(values.slice(chunks.length).every((value) => value === undefined)).toBe(true);
      expect(results.filter((now) => isPending(now))).toEqual([]);
      // Its place is free again.
      expect(await policy.execute(() => 'next')).toBe('next');
      await hub.close();
      // A timer that is needed no more may linger for a tick.
      await vi.advanceTimersByTimeAsync(20);
      expect(vi.getTimerCount()).toBe(0);
      expect(unhandled).not.toHaveBeenCalled();
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.constantFrom(70, 5_000), run), {
      numRuns: 150,
    });
  });
});

function chunkOf(now: unknown): unknown {
  const value: unknown = typeof now === 'object' && now !== null ? Reflect.get(now, 'value') : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return Reflect.get(value, 'done') === true ? undefined : Reflect.get(value, 'value');
}

function isPending(now: unknown): boolean {
  return typeof now === 'object' && now !== null && Reflect.get(now, 'status') === 'pending';
}
