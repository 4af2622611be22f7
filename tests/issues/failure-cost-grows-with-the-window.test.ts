import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CircuitWindow } from '../../src/index.ts';
import { failing, testHub } from '../support.ts';

/**
 * Counts the work on arrays: each element of a typed array that is read or written, and each element that one of
 * the array methods goes over. Typed arrays made while it counts are proxies.
 */
class WorkCounter {
  elements = 0;

  install(): void {
    const counter = this;
    for (const name of ['Uint8Array', 'Float64Array'] as const) {
      vi.stubGlobal(
        name,
        new Proxy(globalThis[name], {
          construct: (target, args) => counter.#counted(Reflect.construct(target, args)),
          get: (target, key) => (key === 'from' ? target.from.bind(target) : Reflect.get(target, key)),
        }),
      );
    }
    for (const name of ['reduce', 'sort', 'concat', 'filter', 'map', 'slice', 'forEach'] as const) {
      const original: unknown = Array.prototype[name];
      if (typeof original !== 'function') throw new Error(`there is no ${name}`);
      vi.spyOn(Array.prototype, name).mockImplementation(function (this: unknown[], ...args: unknown[]) {
        counter.elements += this.length;
        return Reflect.apply(original, this, args);
      });
    }
  }

  #counted(array: Uint8Array | Float64Array): object {
    return new Proxy(array, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) this.elements += 1;
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          this.elements +=
            key === 'fill' && args.length === 3 ? Number(args[2]) - Number(args[1]) : target.length;
          return Reflect.apply(value, target, args);
        };
      },
      set: (target, key, value) => {
        this.elements += 1;
        return Reflect.set(target, key, value, target);
      },
    });
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Elements that one failing call costs once the window holds `held` attempts. */
async function workOfAFailure(window: CircuitWindow, held: number): Promise<number> {
  const work = new WorkCounter();
  work.install();
  try {
    const policy = testHub().policy('database', {
      circuitBreaker: { failureRate: 1, window, openMs: 1_000 },
      attemptTimeoutMs: false,
      totalTimeoutMs: false,
    });
    for (let at = 0; at < held; at += 1) await policy.execute(() => at);
    expect(policy.circuit.window.attempts).toBe(held);
    const before = work.elements;
    await policy.execute(failing()).catch(() => {});
    return work.elements - before;
  } finally {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }
}

test.each<CircuitWindow>([
  { type: 'count', size: 50_000 },
  { type: 'time', ms: 60_000 },
])('a failure touches as many elements with 50,000 attempts in a $type window as with 50', async (window) => {
  const few = await workOfAFailure(window.type === 'count' ? { ...window, size: 50 } : window, 50);
  const many = await workOfAFailure(window, 50_000);
  expect(few).toBeGreaterThan(0);
  expect(many).toBe(few);
});
