import { quantile } from '../support/statistics.ts';
import { faults, type Phase, phases } from './scenario.ts';
import type { Run, Second } from './simulation.ts';

/** A contestant's figures over the whole simulation. */
export interface Summary {
  readonly name: string;
  /** Calls per second that were answered live. */
  readonly goodput: number;
  /** Shares of all callers. */
  readonly live: number;
  readonly stale: number;
  readonly failed: number;
  /** How long callers waited, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests that reached the dependency, per call made. */
  readonly amplification: number;
  /** The same, by fault. */
  readonly amplificationBy: ReadonlyMap<string, number>;
  /** Shares of callers answered live, by fault. */
  readonly liveBy: ReadonlyMap<string, number>;
  /** Shares of callers served, live or stale, by fault. */
  readonly servedBy: ReadonlyMap<string, number>;
  /** Seconds from a fault's end until calls are answered live again; `Infinity` where the next fault came first. */
  readonly recoveryBy: ReadonlyMap<string, number>;
}

/** Recovered is who answers this share of the calls live, for so many seconds in a row. */
const RECOVERED_SHARE = 0.95;
const RECOVERED_SECONDS = 5;

export function summarize({ contestant, seconds, latencies }: Run): Summary {
  const total = totalOf(seconds);
  return {
    name: contestant.name,
    goodput: total.live / seconds.length,
    live: total.live / total.calls,
    stale: total.stale / total.calls,
    failed: total.failed / total.calls,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    amplification: total.attempts / total.calls,
    amplificationBy: byFault((phase) => {
      const { attempts, calls } = totalOf(within(seconds, phase));
      return attempts / calls;
    }),
    liveBy: byFault((phase) => {
      const { live, calls } = totalOf(within(seconds, phase));
      return live / calls;
    }),
    servedBy: byFault((phase) => {
      const { live, stale, calls } = totalOf(within(seconds, phase));
      return (live + stale) / calls;
    }),
    recoveryBy: byFault((phase) => recoverySeconds(seconds, phase)),
  };
}

function byFault(figure: (phase: Phase) => number): ReadonlyMap<string, number> {
  return new Map(faults.map((phase) => [phase.name, figure(phase)]));
}

function within(seconds: readonly Second[], { fromMs, toMs }: Phase): readonly Second[] {
  return seconds.slice(fromMs / 1_000, toMs / 1_000);
}

function totalOf(seconds: readonly Second[]): Second {
  const total = { calls: 0, live: 0, stale: 0, failed: 0, attempts: 0 };
  for (const { calls, live, stale, failed, attempts } of seconds) {
    total.calls += calls;
    total.live += live;
    total.stale += stale;
    total.failed += failed;
    total.attempts += attempts;
  }
  return total;
}

function recoverySeconds(seconds: readonly Second[], fault: Phase): number {
  const from = fault.toMs / 1_000;
  const next = phases.find(({ fromMs }) => fromMs === fault.toMs);
  const to = (next?.toMs ?? fault.toMs) / 1_000;
  for (let at = from; at + RECOVERED_SECONDS <= to; at += 1) {
    const { calls, live } = totalOf(seconds.slice(at, at + RECOVERED_SECONDS));
    const first = seconds[at];
    const firstIsGood = first !== undefined && first.live >= RECOVERED_SHARE * first.calls;
    if (firstIsGood && live >= RECOVERED_SHARE * calls) return at - from;
  }
  return Number.POSITIVE_INFINITY;
}
