/** What is wrong with the dependency. */
export type Fault = 'none' | 'brownout' | 'outage' | 'leak' | 'flapping';

/** A stretch of the simulation. */
export interface Phase {
  readonly name: string;
  readonly fault: Fault;
  readonly fromMs: number;
  readonly toMs: number;
}

const stretches: readonly (readonly [name: string, fault: Fault, seconds: number])[] = [
  ['steady', 'none', 30],
  ['brownout', 'brownout', 45],
  ['recovery', 'none', 75],
  ['hard outage', 'outage', 60],
  ['recovery', 'none', 90],
  ['slow leak', 'leak', 60],
  ['recovery', 'none', 75],
  ['flapping', 'flapping', 60],
  ['recovery', 'none', 75],
];

/** The phases, one after the other. */
export const phases: readonly Phase[] = stretches.map(([name, fault, seconds], at) => {
  const fromMs = stretches.slice(0, at).reduce((total, [, , each]) => total + each * 1_000, 0);
  return { name, fault, fromMs, toMs: fromMs + seconds * 1_000 };
});

/** The phases in which something is wrong. */
export const faults: readonly Phase[] = phases.filter(({ fault }) => fault !== 'none');

/** How long calls are made for. */
export const CALLS_END_MS = phases.reduce((end, { toMs }) => Math.max(end, toMs), 0);

/** How long the last calls have to end. */
export const DRAIN_MS = 60_000;

/** The caller of a call gives up after this. */
export const PATIENCE_MS = 15_000;

/** While it flaps, the dependency is down and up by turns, this long each. */
export const FLAP_MS = 5_000;

/** How slow a brownout makes the dependency. */
export const BROWNOUT_SLOWDOWN = 6;

/** The fleet, and what the dependency can bear. */
export interface Fleet {
  /** Instances of the application, each with a policy or breaker of its own. */
  readonly clients: number;
  /** Calls per second of each, on average: arrivals are a Poisson process. */
  readonly callsPerSecond: number;
  /** Requests that the dependency works on at a time. */
  readonly workers: number;
  /** Requests that may wait for a worker; it turns away more. */
  readonly queue: number;
  /** How many different things are asked for; the more popular ones more often, as in Zipf's law. */
  readonly keys: number;
  /** Share of requests that a slow leak lets hold their worker for good. */
  readonly leakRate: number;
}

export const fleets: Readonly<Record<'full' | 'short', Fleet>> = {
  full: { clients: 12, callsPerSecond: 8, workers: 10, queue: 300, keys: 200, leakRate: 0.003 },
  short: { clients: 2, callsPerSecond: 2, workers: 1, queue: 12, keys: 20, leakRate: 0.01 },
};
