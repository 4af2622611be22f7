import { Registry } from 'prom-client';
import {
  type Breakwater,
  type BreakwaterOptions,
  createBreakwater,
  type PolicyOptions,
} from '../../src/index.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A hub with a registry of its own, and with everything on that is on by default, but for the log's output. */
export function newHub(options: BreakwaterOptions = {}): Breakwater {
  return createBreakwater({ registry: new Registry(), logger: silent, ...options });
}

/** A policy with all that the hot path can carry: five strategies and three objectives. */
export const fullPolicy = {
  cacheFallback: { staleIfErrorMs: 3_600_000 },
  totalTimeoutMs: 15_000,
  retry: { maxRetries: 3, baseDelayMs: 1 },
  circuitBreaker: {},
  attemptTimeoutMs: 2_000,
  slo: {
    availability: 0.999,
    latency: { objective: 0.99, thresholdMs: 200 },
    correctness: { objective: 0.9999 },
  },
} satisfies PolicyOptions;

/** A sample's value in a registry's text; `undefined` where there is none. */
export function sampleOf(metrics: string, series: string): number | undefined {
  const line = metrics.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
