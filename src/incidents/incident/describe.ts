import { durationText } from '../duration-text.ts';
import type { IncidentChange } from './changes/change.ts';
import { describePeople } from './describe-people.ts';
import { isoTime } from './iso-time.ts';

/** Changes that are elsewhere in the document, and would only fill the timeline. */
const offTimeline: ReadonlySet<IncidentChange['type']> = new Set([
  'reviewed',
  'measured',
  'situation',
  'notifying',
  'learned',
]);

/** Whether a change has a line of its own on the timeline. */
export function isOnTimeline(change: IncidentChange): boolean {
  return !offTimeline.has(change.type);
}

/** A change in one plain sentence, for the timeline. */
export function describeChange(change: IncidentChange): string {
  switch (change.type) {
    case 'detected':
      return `Detected as ${change.severity}${byWhom(change.by)}: ${sentence(change.summary)} ${change.why}`.trim();
    case 'declared':
      return `Declared${byWhom(change.by)}${because(change.reason)}`;
    case 'held-back':
      return `Notifications are held back${change.until === undefined ? '' : ` until ${isoTime(change.until)}`}: ${change.text}`;
    case 'dependant-held':
      return `The incident ${change.incident} of '${change.policy}', which depends on this, is held back`;
    case 'circuit':
      return `The circuit went from ${change.from} to ${change.to}${change.manual ? ' by hand' : ''}: ${change.reason}`;
    case 'circuits':
      return change.text;
    case 'slo':
      return `The ${change.sli} objective: ${change.text}`;
    case 'severity':
      return `Severity changed from ${change.from} to ${change.to}${byWhom(change.by)}: ${change.why}`;
    case 'reviewed':
      return change.why;
    case 'notifying':
      return `Notifying ${change.sinks.join(', ')} (${change.kind}): ${change.summary}`;
    case 'notified':
      return `${change.sink}: ${change.kind} ${resultText(change)}`;
    case 'escalated':
      return `Told ${change.contact}${change.via.length === 0 ? '' : ` by ${change.via.join(', ')}`} (level ${change.level}): ${change.why}`;
    case 'flapping':
      return change.flapping
        ? `It flaps: its circuit moved so often that the weighted change rate is ${percent(change.changeRate)}`
        : `It flaps no more: the weighted change rate is ${percent(change.changeRate)}`;
    case 'measured':
      return `${change.during.calls} calls so far, of which ${change.during.failed} failed`;
    case 'situation':
      return `Took down how things stand: ${change.circuits.length} circuits, process ${change.process.version}`;
    case 'collected':
      return collectedText(change);
    case 'reminded':
    case 'adopted':
      return change.text;
    case 'resolved':
      return `Resolved${byWhom(change.by)} after ${durationText(Math.max(0, change.durationMs))}: ${change.reason}`;
    case 'steered':
      return `${change.ended ? 'Ended' : 'Did'} ${change.control}${byWhom(change.by)}${
        change.until === undefined ? '' : `, until ${isoTime(change.until)}`
      }: ${change.text}`;
    default:
      return describePeople(change);
  }
}

/** `by Ada`, with a space before it; nothing where nobody said. */
export function byWhom(by: string | undefined): string {
  return by === undefined ? '' : ` by ${by}`;
}

/** A reason after a colon; nothing where there is none. */
export function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function resultText({ result, tries, detail }: Extract<IncidentChange, { type: 'notified' }>): string {
  const after = tries > 1 ? ` after ${tries} tries` : '';
  return result === 'failed' ? `could not be delivered${after} (${detail})` : `${result}${after} (${detail})`;
}

function collectedText(change: Extract<IncidentChange, { type: 'collected' }>): string {
  const { collector, file, bytes, truncated, error } = change;
  const written = file === undefined ? 'nothing' : `${file}, ${bytes} bytes${truncated ? ', cut' : ''}`;
  return `Collected ${collector}: ${written}${error === undefined ? '' : ` (${error})`}`;
}
