import type { IncidentJson } from '../incident/document.ts';
import { countText, utcText } from './clock.ts';
import type { Page } from './page.ts';
import { entryRows } from './timeline-entries.ts';

type ControlJson = IncidentJson['controls'][number];

/** A line of the timeline. Events happened; actions are what people did. The text is Markdown. */
export interface TimelineRow {
  readonly at: string;
  readonly side: 'event' | 'action';
  readonly text: string;
}

/**
 * What happened and what people did, in order of time: from the document's own lists, in the page's language, and from
 * the timeline's sentences where no list has it.
 */
export function timelineRows(page: Page): readonly TimelineRow[] {
  return [
    ...stepRows(page),
    ...severityRows(page),
    ...entryRows(page),
    ...tellingRows(page),
    ...thinkingRows(page),
    ...doingRows(page),
    ...fileRows(page),
  ]
    .map((row, index) => ({ row, index, time: Date.parse(row.at) }))
    .sort((a, b) => a.time - b.time || a.index - b.index)
    .map(({ row }) => row);
}

/** What somebody did, or the library where nobody is named. */
function by(page: Page, at: string, author: string | null, text: string): TimelineRow {
  return { at, side: author === null ? 'event' : 'action', text: page.signed(text, { by: author }) };
}

function event(at: string, text: string): TimelineRow {
  return { at, side: 'event', text };
}

/** What only people do. */
function action(page: Page, at: string, author: string | null, text: string): TimelineRow {
  return { at, side: 'action', text: page.signed(text, { by: author }) };
}

function stepRows(page: Page): TimelineRow[] {
  const { timeline: words } = page.words;
  return page.incident.steps.map(({ at, status, by: author, reason, reopening }) => {
    const said = status === 'detected' && reason === null ? page.incident.summary : reason;
    const text = (reopening ? words.reopened : words.step[status])(
      said === null ? '' : words.reason(page.own(said)),
    );
    return by(page, at, author, text);
  });
}

function severityRows(page: Page): TimelineRow[] {
  const { timeline: words, severity } = page.words;
  return page.incident.severityHistory.map(({ at, from, to, why, by: author }) =>
    by(
      page,
      at,
      author,
      from === null
        ? words.severitySet(severity[to], page.own(why))
        : words.severityMoved(severity[from], severity[to], page.own(why)),
    ),
  );
}

/** Notifications, escalations, updates, and who was told. */
function tellingRows(page: Page): TimelineRow[] {
  const { timeline: words } = page.words;
  const { notifications, escalations, heldDependants, updates, contacted } = page.incident;
  return [
    ...notifications.map(({ at, kind, sinks }) => {
      const results = sinks.map((sink) => sinkText(page, sink));
      return event(at, words.notified(words.notification[kind], page.words.join(results) || '-'));
    }),
    ...escalations.map(({ at, contact, level, via, why }) =>
      event(at, words.escalated(page.text(contact), level, page.texts(via), page.own(why))),
    ),
    ...heldDependants.map(({ at, policy, incident }) =>
      event(at, words.heldDependant(page.text(policy), page.text(incident))),
    ),
    ...updates.map(({ at, by: author, text, expectedRecoveryAt }) =>
      action(
        page,
        at,
        author,
        words.update(
          page.text(text),
          expectedRecoveryAt === null ? '' : words.recovery(utcText(expectedRecoveryAt)),
        ),
      ),
    ),
    ...contacted.map(({ at, by: author, contact, reached, text }) =>
      by(page, at, author, words.contacted(page.text(contact), reached, reasonText(page, text))),
    ),
  ];
}

function sinkText(
  page: Page,
  { sink, result, tries, detail }: IncidentJson['notifications'][number]['sinks'][number],
): string {
  const { timeline: words } = page.words;
  const ended = result === null ? words.pending : words.result[result];
  return words.sink(page.text(sink), ended, tries, detail === null ? '' : page.text(detail));
}

/** `: because`, or nothing. */
function reasonText(page: Page, text: string | null): string {
  return text === null ? '' : page.words.timeline.reason(page.text(text));
}

/** Notes, observations, hypotheses with their evidence, reproductions, decisions. */
function thinkingRows(page: Page): TimelineRow[] {
  const { timeline: words } = page.words;
  const { notes, observations, hypotheses, reproductions, decisions } = page.incident;
  return [
    ...notes.map(({ at, by: author, text, deadEnd }) =>
      action(page, at, author, (deadEnd ? words.deadEnd : words.noted)(page.text(text))),
    ),
    ...observations.map(({ at, by: author, text }) =>
      action(page, at, author, words.observed(page.text(text))),
    ),
    ...hypotheses.flatMap(({ id, at, by: author, text, evidence }) => [
      action(page, at, author, words.hypothesis(page.text(id), page.text(text))),
      ...evidence.map((item) =>
        action(page, item.at, item.by, words.evidence(page.text(id), item.supports, page.text(item.text))),
      ),
    ]),
    ...reproductions.map(({ at, by: author, reproduced, version, how }) =>
      action(page, at, author, words.reproduced(reproduced, page.text(version), page.text(how))),
    ),
    ...decisions.flatMap(({ at, by: author, question, authority, answer, decidedAt, decidedBy }) => [
      action(page, at, author, words.decisionNeeded(page.text(question), page.text(authority))),
      ...(answer === null || decidedAt === null
        ? []
        : [action(page, decidedAt, decidedBy, words.decided(page.text(question), page.text(answer)))]),
    ]),
  ];
}

/** Mitigations, runbook steps, controls, actions, data to repair. */
function doingRows(page: Page): TimelineRow[] {
  const { timeline: words, mitigationOutcome } = page.words;
  const { mitigations, runbookSteps, controls, actions, dataToRepair } = page.incident;
  return [
    ...mitigations.flatMap(({ id, at, by: author, text, stopgap, outcome, outcomeText, outcomeAt }) => [
      action(page, at, author, words.tried(page.text(id), stopgap, page.text(text))),
      ...(outcome === null || outcomeAt === null
        ? []
        : [
            action(
              page,
              outcomeAt,
              null,
              words.outcome(page.text(id), mitigationOutcome[outcome], reasonText(page, outcomeText)),
            ),
          ]),
    ]),
    ...runbookSteps.map(({ at, by: author, runbook, step, state, text }) =>
      action(
        page,
        at,
        author,
        words.runbook(page.text(runbook), step, words.runbookState[state]) + reasonText(page, text),
      ),
    ),
    ...controls.flatMap((control) => controlRows(page, control)),
    ...actions.map(({ id, at, by: author, text }) =>
      action(page, at, author, words.action(page.text(id), page.text(text))),
    ),
    ...dataToRepair.flatMap(({ at, by: author, text, doneAt, doneBy }) => [
      action(page, at, author, words.repairNeeded(page.text(text))),
      ...(doneAt === null ? [] : [action(page, doneAt, doneBy, words.repaired(page.text(text)))]),
    ]),
  ];
}

/** A control has a row where it began and one where it ended; what is done at once, or ended what is not known, has one. */
function controlRows(
  page: Page,
  { at, by: author, control, text, ended, until, endedAt, endedBy, endedText }: ControlJson,
): TimelineRow[] {
  const { timeline: words } = page.words;
  const lasted = !ended || endedText !== null || control === 'probe-now';
  const limit = until === null ? '' : words.until(utcText(until));
  return [
    by(page, at, author, words.control(page.text(text), !lasted, limit)),
    ...(endedAt === null || endedText === null
      ? []
      : [by(page, endedAt, endedBy, words.control(page.text(endedText), true, ''))]),
  ];
}

function fileRows(page: Page): TimelineRow[] {
  const { timeline: words } = page.words;
  return page.incident.files.map(({ at, collector, file, bytes, truncated, error }) =>
    event(
      at,
      error === null
        ? words.collected(page.text(file ?? collector), countText(bytes), truncated)
        : words.notCollected(page.text(collector), page.text(error)),
    ),
  );
}
