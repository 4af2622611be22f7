import process from 'node:process';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type Breakwater, createBreakwater } from '../../src/index.ts';

/** Fake time and a hub of its own for each test of a file. */
export function useHub(): { readonly hub: Breakwater } {
  const current = { hub: createBreakwater({ registry: new Registry(), incidents: false }) };
  beforeEach(() => {
    vi.useFakeTimers();
    current.hub = createBreakwater({ registry: new Registry(), incidents: false });
  });
  afterEach(async () => {
    const closed = current.hub.close({ timeoutMs: 1 });
    if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(1);
    await closed;
    vi.useRealTimers();
  });
  return current;
}

/** What came of a promise, in words. */
export function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `value: ${String(value)}`,
    (error) => `error: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
  );
}

/** A promise with its resolve and reject. */
export function deferred(): {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
} {
  let settle: [(value: unknown) => void, (error: unknown) => void] | undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    settle = [resolve, reject];
  });
  if (settle === undefined) throw new Error('a promise runs its executor at once');
  return { promise, resolve: settle[0], reject: settle[1] };
}

export const fail = (): Promise<never> => Promise.reject(new Error('down'));
export const hang = (): Promise<never> => new Promise(() => {});

/** Past the longest delay of Node's timers. */
export const BEYOND_TIMERS_MS = 2 ** 31 + 1_000;

/** What `run` gives. Node warns while it runs, since it sets a timer that fires at once; that is not printed. */
export async function overflowing<T>(run: () => Promise<T>): Promise<T> {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  try {
    return await run();
  } finally {
    expect(warned.mock.calls.map(([, type]) => type)).toEqual(['TimeoutOverflowWarning']);
    warned.mockRestore();
  }
}
