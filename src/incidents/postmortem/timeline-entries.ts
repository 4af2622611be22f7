import type { Page } from './page.ts';
import type { TimelineRow } from './timeline-rows.ts';

/** Kinds of entries that the document's own lists tell better, and in any language. */
const listed: ReadonlySet<string> = new Set([
  'detected',
  'declared',
  'acknowledged',
  'mitigated',
  'resolved',
  'closed',
  'reopened',
  'severity',
  'notifying',
  'notified',
  'escalated',
  'dependant-held',
  'collected',
  'noted',
  'observed',
  'hypothesis',
  'evidence',
  'reproduced',
  'mitigation',
  'mitigation-judged',
  'action',
  'data-to-repair',
  'data-repaired',
  'decision-needed',
  'decided',
  'update',
  'contacted',
  'runbook-step',
  'steered',
  // What was learned has sections of its own.
  'learned',
]);

/** Kinds that people bring about. */
const actions: ReadonlySet<string> = new Set([
  'assigned',
  'hypothesis-judged',
  'action-moved',
  'affected',
  'war-room',
  'checked',
]);

/** The sentence that the library writes when a circuit moves. */
const CIRCUIT = /^The circuit went from ([a-z-]+) to ([a-z-]+)( by hand)?: (.*)$/s;

/** Entries of the timeline that no list of the document has: circuits, SLOs, silences, roles, verdicts, gaps. */
export function entryRows(page: Page): TimelineRow[] {
  return page.incident.timeline
    .filter(({ kind }) => !listed.has(kind))
    .map(({ at, kind, text }) => ({
      at,
      side: actions.has(kind) ? 'action' : 'event',
      text: (kind === 'circuit' ? circuitText(page, text) : undefined) ?? entryText(page, kind, text),
    }));
}

function entryText(page: Page, kind: string, text: string): string {
  const label = page.words.timeline.kind(kind);
  return label === undefined ? page.own(text) : `${label}: ${page.own(text)}`;
}

function circuitText(page: Page, text: string): string | undefined {
  const { circuit, circuitState: states } = page.words.timeline;
  const [, from = '', to = '', byHand, reason = ''] = CIRCUIT.exec(text) ?? [];
  if (!isState(states, from) || !isState(states, to)) return undefined;
  return circuit(states[from], states[to], byHand !== undefined, page.own(reason));
}

function isState<States extends object>(states: States, name: string): name is string & keyof States {
  return Object.hasOwn(states, name);
}
