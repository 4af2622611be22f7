import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { ChangeOf } from '../incident/changes/change.ts';

/**
 * How the process is.
 *
 * @param version of this library
 */
export function processFacts(version: string): ChangeOf<'situation'>['process'] {
  const { rss, heapUsed } = memory();
  return {
    version,
    node: process.version,
    uptimeMs: Math.round(process.uptime() * 1_000),
    rssBytes: rss,
    heapUsedBytes: heapUsed,
  };
}

/** For how long it is not asked again, which takes as long as all else that many incidents at once begin with. */
const MEMORY_KEPT_MS = 1_000;

let memoryRead: { readonly usage: NodeJS.MemoryUsage; readonly at: number } | undefined;

function memory(): NodeJS.MemoryUsage {
  const at = performance.now();
  if (memoryRead === undefined || at - memoryRead.at > MEMORY_KEPT_MS)
    memoryRead = { usage: process.memoryUsage(), at };
  return memoryRead.usage;
}

const NANOSECONDS_PER_MS = 1e6;
const RESOLUTION_MS = 20;

/** Measures the event loop's delay while somebody needs it; else it has no timer. */
export class LoopDelay {
  #histogram: IntervalHistogram | undefined = undefined;
  #users = 0;

  /** Starts to measure, and gives the function that ends it. */
  use(): () => void {
    this.#users += 1;
    if (this.#histogram === undefined) {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#histogram.enable();
    }
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#users -= 1;
      if (this.#users > 0) return;
      this.#histogram?.disable();
      this.#histogram = undefined;
    };
  }

  /** The 99th percentile in milliseconds, beyond the resolution that measuring takes; `undefined` before there is one. */
  p99Ms(): number | undefined {
    if (this.#histogram === undefined || this.#histogram.count === 0) return undefined;
    const delayMs = this.#histogram.percentile(99) / NANOSECONDS_PER_MS;
    return Number.isFinite(delayMs) ? Math.round(Math.max(0, delayMs - RESOLUTION_MS) * 10) / 10 : undefined;
  }
}
