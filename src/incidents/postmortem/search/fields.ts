import type { IncidentJson } from '../../incident/document.ts';
import { readBase } from '../merge/base.ts';

/** Characters of one field that are searched. */
const MAX_FIELD = 100_000;

/** A text of an incident, as it is and as it is compared. */
export interface Fields {
  readonly name: string;
  readonly text: string;
  /** Of the same length as `text`. */
  readonly folded: string;
}

/** Everything of an incident that words can be found in. */
export function fieldsOf(incident: IncidentJson, postmortem: string | undefined): readonly Fields[] {
  const { situation, impact, affected } = incident;
  const cause = incident.hypotheses.filter(({ status }) => status === 'confirmed');
  const named: readonly (readonly [string, readonly (string | null)[]])[] = [
    ['id', [incident.id]],
    ['policy', [incident.policy, incident.service]],
    ['summary', [incident.summary]],
    ['cause', cause.flatMap(({ text, reason }) => [text, reason])],
    ['scope', [affected.users, affected.scope, ...impact.dependants, ...impact.usedBy]],
    ['errors', impact.errors.flatMap(({ kind, sample, traceId }) => [kind, sample, traceId])],
    ['notes', incident.notes.map(({ text }) => text)],
    ['observations', incident.observations.map(({ text }) => text)],
    [
      'hypotheses',
      incident.hypotheses.flatMap(({ id, text, reasoning, reason, evidence }) => [
        id,
        text,
        reasoning,
        reason,
        ...evidence.map((item) => item.text),
      ]),
    ],
    ['mitigations', incident.mitigations.flatMap(({ text, outcomeText }) => [text, outcomeText])],
    ['actions', incident.actions.flatMap(({ id, text, owner, checker }) => [id, text, owner, checker])],
    ['decisions', incident.decisions.flatMap(({ question, answer, knew }) => [question, answer, knew])],
    ['updates', incident.updates.map(({ text }) => text)],
    ['learned', incident.learned.flatMap(({ text, evidence }) => [text, evidence])],
    ['data', incident.dataToRepair.map(({ text }) => text)],
    ['changes', (situation?.changes ?? []).flatMap(({ version, what }) => [version, what])],
    ['roles', Object.values(incident.roles).flat()],
    ['timeline', incident.timeline.map(({ text }) => text)],
    ['postmortem', postmortem === undefined ? [] : [readBase(postmortem).lines.join(' ')]],
  ];
  return named.flatMap(([name, texts]) => {
    const text = texts
      .filter((part) => part !== null && part !== '')
      .join(' / ')
      .slice(0, MAX_FIELD)
      .replace(/\s+/g, ' ');
    return text === '' ? [] : [{ name, text, folded: fold(text) }];
  });
}

/** Without case, and full-width or half-width alike. Character by character, so that places stay the same. */
export function fold(text: string): string {
  return Array.from(text, (character) => {
    const folded = character.normalize('NFKC').toLowerCase();
    return folded.length === character.length ? folded : character;
  }).join('');
}
