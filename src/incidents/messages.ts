import type { CircuitEvent } from '../core/events.ts';
import { durationText } from './duration-text.ts';

/** Incidents that a digest names at most. */
const MAX_LISTED = 10;

interface Told {
  readonly policy: string;
  readonly severity: string;
  readonly summary: string;
}

/** What the incidents say, one sentence each. */
export const messages = {
  drillLeft: 'The process that played the drill is gone, and what it opened with it.',
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

  burning: (policy: string, summary: string) => `The error budget of '${policy}' burns too fast: ${summary}`,

  exhausted: (policy: string, summary: string) => `An error budget of '${policy}' is spent: ${summary}`,

  rejecting: (policy: string, reason: string, rejected: number, calls: number, overMs: number) =>
    `'${policy}' turns calls away (${reason}) since ${durationText(overMs)}, of late ${rejected} of ${calls}.`,

  endpointOut: (policy: string, endpoint: string, overMs: number, reason: string) =>
    `'${policy}' sends no calls to its endpoint '${endpoint}' since ${durationText(overMs)} (${reason}).`,

  reopened: (reason: string) => `It is back, soon after it was resolved: ${reason}`,

  comesBack: (times: number, holdMs: number) =>
    `It flaps slowly: it was back ${times} times, and stays open now until it has been over for ${durationText(holdMs)}.`,

  relapsed: (reason: string) => `It was mitigated, and its circuit opened again: ${reason}`,

  isOver: (holdMs: number) => `what began it has been over for ${durationText(holdMs)}.`,

  flaps: (policy: string, rate: number) =>
    `'${policy}' flaps: ${Math.round(rate * 100)} % of its latest states were changes. ` +
    'It is told once, and the incident stays open until it settles.',

  settled: (policy: string) => `'${policy}' flaps no more.`,

  wasHeld: (summary: string, hold: string) => `${summary} (Told only now. ${hold})`,

  notToldBefore: (hold: string, summary: string) => `It was not told before. ${hold} ${summary}`,

  isOverNow: 'It is over.',

  holds: (policy: string, severity: string, incident: string) =>
    `'${policy}' depends on it and has trouble too (${severity}): ${incident} is told if it outlasts this.`,

  latestOf: (summary: string, count: number) =>
    `${summary} (The latest of ${count} updates; the others were held back.)`,

  digest: ({ policy, severity, summary }: Told, others: readonly Told[]) => {
    const list = others.slice(0, MAX_LISTED).map((other) => `'${other.policy}' (${other.severity})`);
    const more = others.length > MAX_LISTED ? ` and ${others.length - MAX_LISTED} more` : '';
    return (
      `${others.length + 1} incidents began at once. The worst, '${policy}' (${severity}): ${summary} ` +
      `The others: ${list.join(', ')}${more}.`
    );
  },

  nobodyAcknowledged: (afterMs: number) => `Nobody acknowledged it within ${durationText(afterMs)}.`,

  escalated: (summary: string, why: string) => `${why} ${summary}`,

  openedLate: (summary: string, latest: string) =>
    latest.includes(summary) ? latest : `${summary} Latest: ${latest}`,

  controlLeft: (text: string) => `It is over, as the process that did it is no more: ${text}`,

  drillCauses: (what: string) =>
    `The drill turns real calls away, which comes to this; nobody is paged for it while it is played: ${what}`,

  drillSpent:
    'What the drill spent of error budgets is really spent. Nobody is paged for it, unless a budget still burns once ' +
    "the short window of its alert holds no call of the drill's any more.",

  drillHeld: (incident: string) => `It was told only after the drill ${incident}, which had a part in it.`,

  updateDue: 'A status update is due.',

  raised: (severity: string, why: string) => `Raised to ${severity}: ${why}`,

  acknowledged: (by: string) => `${by} works on it.`,

  mitigated: (by: string | undefined, reason: string) =>
    `Callers are served again${by === undefined ? '' : `, says ${by}`}: ${reason}`,

  severitySet: (severity: string, by: string | undefined, why: string) =>
    `${by ?? 'The rule'} set it to ${severity}: ${why}`,

  declaredToo: (summary: string) => `Declared by hand: ${summary}`,

  orphan: (policy: string) =>
    `There is no policy '${policy}' in the process that tends the incident, so that nothing ends it by itself; resolve it by hand.`,
  adopted: (instance: string) => `${instance} goes on with it: the process that tended it is no more.`,

  closingForNow: 'This process is closing while the incident is open; the next one goes on with it.',

  closing: 'This process is closing while the incident is open: it will not resolve by itself.',
} as const;

const steered: Readonly<Record<CircuitEvent['to'], string>> = {
  closed: 'closed',
  open: 'opened',
  'half-open': 'set to probe',
  'forced-open': 'forced open',
  disabled: 'disabled, so that nothing is measured',
};
