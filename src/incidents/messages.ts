import type { CircuitEvent } from '../core/events.ts';
import { durationText } from './duration-text.ts';

/** What the incidents say, one sentence each. */
export const messages = {
  opened: (policy: string, reason: string) => `The circuit of '${policy}' opened: ${reason}`,

  steeredByHand: ({ policy, to, reason }: CircuitEvent) =>
    `The circuit of '${policy}' was ${steered[to]} by hand: ${reason}`,

  stayedClosed: (holdMs: number) => `the circuit has stayed closed for ${durationText(holdMs)}.`,

  resolved: (policy: string, durationMs: number, by: string | undefined) =>
    `The incident of '${policy}' is over after ${durationText(durationMs)}${by === undefined ? '' : `, says ${by}`}.`,

  recoveredHere: (policy: string, instance: string, service: string, durationMs: number) =>
    `'${policy}' recovered on instance ${instance} after ${durationText(durationMs)}; other instances of ${service} ` +
    'may still be affected, so that this does not resolve it for the service.',

  policyRemoved: 'its policy was removed.',

  closing: 'This process is closing while the incident is open: it will not resolve by itself.',
} as const;

const steered: Readonly<Record<CircuitEvent['to'], string>> = {
  closed: 'closed',
  open: 'opened',
  'half-open': 'set to probe',
  'forced-open': 'forced open',
  disabled: 'disabled, so that nothing is measured',
};
