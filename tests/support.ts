import { Registry } from 'prom-client';
import { vi } from 'vitest';
import { type Breakwater, type BreakwaterOptions, createBreakwater, type Policy } from '../src/index.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A hub with a registry of its own, no incidents and a logger that says nothing. */
export function testHub(options: BreakwaterOptions = {}): Breakwater {
  return createBreakwater({ registry: new Registry(), logger: quiet, incidents: false, ...options });
}

/** A promise that the test settles. */
export interface Deferred<T = unknown> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = unknown>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    promise,
    resolve: (value) => settle?.resolve(value),
    reject: (error) => settle?.reject(error),
  };
}

/** How a call ended. */
export type Settled = PromiseSettledResult<unknown> | { readonly status: 'pending' };

/** Follows a promise, so that its state can be read at any time and its rejection is handled. */
export function follow(promise: Promise<unknown>): { readonly now: Settled; readonly times: number } {
  let now: Settled = { status: 'pending' };
  let times = 0;
  promise.then(
    (value) => {
      now = { status: 'fulfilled', value };
      times += 1;
    },
    (reason) => {
      now = { status: 'rejected', reason };
      times += 1;
    },
  );
  return {
    get now() {
      return now;
    },
    get times() {
      return times;
    },
  };
}

/** The error that a call is rejected with. */
export async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => {
      throw new Error(`the call was to fail, but gave ${String(value)}`);
    },
    (error) => error,
  );
}

/** Lets promises that are due run, without time passing. */
export async function flush(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Closes a hub under fake time, however long its sinks take. */
export async function closeInFakeTime(hub: Breakwater): Promise<void> {
  const closed = hub.close();
  await vi.advanceTimersByTimeAsync(10_000);
  await closed;
}

/** An operation that fails with `message`. */
export function failing(message = 'down'): () => Promise<never> {
  return () => Promise.reject(new Error(message));
}

/** An operation that nothing ends. */
export function hanging(): Promise<never> {
  return new Promise(() => {});
}

/** What the first series of a layer's metric shows, which is named without the prefix. */
export function sampleOf(policy: Pick<Policy, 'samples'>, name: string): number | undefined {
  return policy.samples.find(({ family }) => family.name === name)?.read();
}

/** The same as a scrape has it. */
export async function scraped(hub: Breakwater, name: string): Promise<number> {
  const series = new RegExp(`^breakwater_${name}(?:{[^}]*})? (.*)$`, 'm');
  return Number(series.exec(await hub.registry.metrics())?.[1]);
}

/** Runs `times` calls one after the other, their failures aside. */
export async function repeat(times: number, call: () => Promise<unknown>): Promise<void> {
  for (let at = 0; at < times; at += 1) await call().catch(() => {});
}

/**
 * Notes the timers that are made until `stop()`. No spy: one on a faked global is put back after the real one is, whenever
 * mocks are restored next, and leaves every following test of the process on a dead clock.
 */
export function notingTimers(): { readonly made: NodeJS.Timeout[]; stop(): void } {
  const { setTimeout: original } = globalThis;
  const made: NodeJS.Timeout[] = [];
  Reflect.set(globalThis, 'setTimeout', (...given: Parameters<typeof setTimeout>) => {
    const timer = original(...given);
    made.push(timer);
    return timer;
  });
  return { made, stop: () => void Reflect.set(globalThis, 'setTimeout', original) };
}
