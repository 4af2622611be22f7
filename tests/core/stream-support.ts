import { vi } from 'vitest';
import type { Policy } from '../../src/index.ts';
import { deferred } from '../support.ts';

/** The numbers from 1; tells when it is closed. */
export async function* numbers(count: number, closed?: () => void): AsyncGenerator<number> {
  try {
    for (let n = 1; n <= count; n += 1) yield n;
  } finally {
    closed?.();
  }
}

/** A source whose chunks the test gives. */
export function manual() {
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

/** All chunks of a stream. */
export async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** The calls and the attempts that are under way. */
export function inFlight(policy: Policy): unknown {
  const { callsInFlight, attemptsInFlight } = policy.stats();
  return [callsInFlight, attemptsInFlight];
}
