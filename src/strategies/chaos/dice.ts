import { shown } from '../../core/options.ts';
import type { ChaosSettings } from './options.ts';

/** What can be done to an attempt; the values of the label `fault` of `chaos_faults_total`. */
export const faults = ['error', 'latency', 'abort', 'result'] as const;
/** What can be done to an attempt. */
export type Fault = (typeof faults)[number];

/** What is to be done to one attempt. */
export interface Draw {
  /** How late it begins; 0 for at once. */
  readonly latencyMs: number;
  /** What becomes of it then; `undefined` where the operation has its way. */
  readonly ending: Exclude<Fault, 'latency'> | undefined;
}

/** An attempt that is left alone. */
export const SPARED: Draw = { latencyMs: 0, ending: undefined };

/**
 * Throws the dice for one attempt: latency for itself, and of the others the first that comes up. So each rate holds for
 * the attempts that the ones before it have spared.
 *
 * @param random gives numbers from 0 up to 1
 * @throws {TypeError} when it gives anything else
 */
export function draw({ latency, error, abort, result }: ChaosSettings, random: () => number): Draw {
  const comesUp = (fault: { readonly rate: number } | undefined): boolean =>
    fault !== undefined && chance(random) < fault.rate;
  let latencyMs = 0;
  if (latency !== undefined && comesUp(latency)) {
    const { minMs, maxMs } = latency;
    latencyMs = minMs === maxMs ? minMs : minMs + chance(random) * (maxMs - minMs);
  }
  const ending = comesUp(error) ? 'error' : comesUp(abort) ? 'abort' : comesUp(result) ? 'result' : undefined;
  return latencyMs === 0 && ending === undefined ? SPARED : { latencyMs, ending };
}

function chance(random: () => number): number {
  const drawn: unknown = random();
  if (typeof drawn === 'number' && drawn >= 0 && drawn <= 1) return drawn;
  throw new TypeError(`random gave ${shown(drawn)}: expected a number from 0 up to 1`);
}
