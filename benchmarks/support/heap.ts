import { setImmediate as nextTurn } from 'node:timers/promises';
import { GCProfiler, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collector: (() => void) | undefined;

/**
 * Collects all garbage, after the event loop has let go of what it held.
 *
 * @param passes how often: what a finalizer lets go of, only the next pass collects
 */
export async function collectGarbage(passes = 1): Promise<void> {
  collector ??= exposedCollector();
  for (let pass = 0; pass < passes; pass += 1) {
    await nextTurn();
    collector();
  }
}

/** V8's collector, which a context made after the flag is set has as a global. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof gc !== 'function') throw new Error('V8 does not let its collector be called');
  return () => Reflect.apply(gc, undefined, []);
}

/** Bytes in use, those of typed arrays included, which lie outside the heap. */
export function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/**
 * Bytes that `work` allocates on the heap; `undefined` where a collection fell into it. No collection comes before it:
 * a full one between calls would take away what V8 has compiled for objects of which none is left.
 */
export async function allocatedBytes(work: () => Promise<void>): Promise<number | undefined> {
  const profiler = new GCProfiler();
  profiler.start();
  const before = process.memoryUsage().heapUsed;
  await work();
  const bytes = process.memoryUsage().heapUsed - before;
  return profiler.stop().statistics.length === 0 ? bytes : undefined;
}
