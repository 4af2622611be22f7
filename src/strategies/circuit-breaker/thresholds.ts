import type { CircuitWindowCounts } from '../../core/circuit.ts';
import type { CircuitBreakerSettings } from './options.ts';

/** The failure rate that judges probes where the option is off. */
const PROBE_FAILURE_RATE = 0.5;

/** Why a closed circuit must open, in words; `undefined` where no threshold is reached. Thresholds are inclusive. */
export function whyTrip(
  { attempts, failures, slow }: CircuitWindowCounts,
  failuresInARow: number,
  settings: CircuitBreakerSettings,
): string | undefined {
  const { failureRate, minimumThroughput, slowRate, slowAttemptMs } = settings;
  if (tripsOnRow(failuresInARow, settings)) return `${failuresInARow} attempts in a row failed`;
  if (attempts < minimumThroughput) return undefined;
  if (failureRate !== false && failures / attempts >= failureRate)
    return `${failures} of ${attempts} attempts failed`;
  if (slowRate !== false && slow / attempts >= slowRate) {
    return `${slow} of ${attempts} attempts took longer than ${slowAttemptMs} ms`;
  }
  return undefined;
}

/** Whether that many failures in a row are enough. */
export function tripsOnRow(failuresInARow: number, { consecutiveFailures }: CircuitBreakerSettings): boolean {
  return consecutiveFailures !== false && failuresInARow >= consecutiveFailures;
}

/** How long it stays open now, in milliseconds, before chance adds to it. */
export function openTimeMs(
  { openMs, openBackoffFactor, maxOpenMs }: CircuitBreakerSettings,
  failedRecoveries: number,
  askedMs: number,
): number {
  const longestMs = Math.max(maxOpenMs, openMs);
  return Math.min(Math.max(openMs * openBackoffFactor ** failedRecoveries, askedMs), longestMs);
}

/** What the probes of a half-open state say. */
export type ProbeVerdict =
  | { readonly recovered: true }
  | { readonly recovered: false; readonly reason: string };

/** What probes say: recovered, why not, or `undefined` while those to come could still change the answer. */
export function judgeProbes(
  { settled, failures, slow }: { readonly settled: number; readonly failures: number; readonly slow: number },
  { halfOpenProbes, failureRate, slowRate }: CircuitBreakerSettings,
): ProbeVerdict | undefined {
  const allowed = failureRate === false ? PROBE_FAILURE_RATE : failureRate;
  // Fewer may be asked for since the first of them began.
  const toCome = Math.max(0, halfOpenProbes - settled);
  if (failures / halfOpenProbes >= allowed)
    return { recovered: false, reason: `${failures} of ${halfOpenProbes} probes failed` };
  if (slowRate !== false && slow / halfOpenProbes >= slowRate)
    return { recovered: false, reason: `${slow} of ${halfOpenProbes} probes were slow` };
  const sure =
    (failures + toCome) / halfOpenProbes < allowed &&
    (slowRate === false || (slow + toCome) / halfOpenProbes < slowRate);
  return sure ? { recovered: true } : undefined;
}
