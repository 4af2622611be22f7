import type { CircuitSnapshot, CircuitTransition } from '../../core/circuit.ts';

/**
 * Whether a circuit holds for all calls of its policy or endpoint, whatever their keys and endpoints, after a
 * transition: what somebody has opened or disabled, or a health check has opened while it was closed, does so until it
 * has closed.
 *
 * @param byCheck whether a health check has caused the transition
 */
export function governsAfter(
  governed: boolean,
  { from, to, manual }: CircuitTransition,
  byCheck: boolean,
): boolean {
  if (to === 'closed') return false;
  if (to === 'half-open') return governed;
  return governed || manual || (byCheck && from === 'closed');
}

/** Whether a circuit in that state did so when it was saved. */
export function governed({ state, governs }: CircuitSnapshot): boolean {
  if (state === 'closed') return false;
  return governs === true || state === 'forced-open' || state === 'disabled';
}
