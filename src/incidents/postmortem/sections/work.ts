import { actionHorizons } from '../../incident/changes/people.ts';
import type { ActionJson } from '../../incident/document.ts';
import { utcText } from '../clock.ts';
import { blocks, checkBox, list, table } from '../markdown.ts';
import type { Page, SectionWriter } from '../page.ts';

/** Between the fields of an action; lint takes a line apart at it. */
export const FIELD_SEPARATOR = ' · ';

/** Stopgaps that are still there, and those that were undone. */
export const stopgaps: SectionWriter = (page) => {
  const { mitigations, actions } = page.incident;
  const { stopgap: words } = page.words;
  const boxes = mitigations
    .filter(({ stopgap }) => stopgap)
    .map(({ id, text, outcome, outcomeText }) => {
      const undone = outcome === 'undone';
      const by = actions.find(({ mitigation }) => mitigation === id);
      return checkBox(
        undone,
        [
          `${page.text(id)}: ${page.text(text)}`,
          ...(undone ? [words.undone(page.text(outcomeText))] : []),
          ...(by === undefined ? [] : [words.action(page.text(by.id))]),
        ].join(FIELD_SEPARATOR),
      );
    });
  return boxes.length === 0 ? [words.nothing] : boxes;
};

/** Decisions that needed someone with authority, with what they knew then. */
export const decisions: SectionWriter = (page) => {
  const { decision: words, nothing } = page.words;
  if (page.incident.decisions.length === 0) return [nothing];
  return table(
    words.head,
    page.incident.decisions.map(({ question, authority, answer, knew, decidedBy, decidedAt }) => [
      page.text(question),
      page.text(authority),
      answer === null
        ? words.open
        : words.decided(
            page.text(answer),
            page.who(decidedBy),
            decidedAt === null ? '-' : utcText(decidedAt),
          ),
      page.text(knew),
    ]),
  );
};

/** Data that the incident spoiled. */
export const data: SectionWriter = (page) => {
  const { repair, nothing } = page.words;
  const boxes = page.incident.dataToRepair.map(({ text, doneAt, doneBy }) =>
    checkBox(
      doneAt !== null,
      doneAt === null
        ? page.text(text)
        : [page.text(text), repair.done(page.who(doneBy), utcText(doneAt))].join(FIELD_SEPARATOR),
    ),
  );
  return boxes.length === 0 ? [nothing] : boxes;
};

/** What is done about it, by when; or why nothing is. */
export const actions: SectionWriter = (page) => {
  const { action: words, ask, nothing } = page.words;
  const accepted = page.incident.learned.filter(({ topic }) => topic === 'accepted-risk');
  const none = page.incident.actions.length === 0 && accepted.length === 0;
  return blocks(
    none ? [page.blank('actions', ask.actions)] : [],
    list(accepted.map((risk) => page.signed(words.accepted(page.text(risk.text)), risk))),
    ...actionHorizons.flatMap((horizon) => {
      const found = page.incident.actions.filter((action) => action.horizon === horizon);
      return [
        [`### ${words.horizon[horizon]}`],
        found.length === 0 ? [nothing] : found.map((action) => actionLine(page, action)),
      ];
    }),
  );
};

function actionLine(page: Page, action: ActionJson): string {
  const { action: words, ask } = page.words;
  const { state, owner, due, checker, checkedBy, mitigation } = action;
  const said = [`**${words.kind[action.kind]}**`, page.text(action.text)];
  if (state === 'dropped')
    return `- ${[...said, words.dropped(page.text(action.reason))].join(FIELD_SEPARATOR)}`;
  // An id goes into a comment, which it must not end.
  const id = action.id.replace(/[^A-Za-z0-9]+/g, '-');
  const asked = (name: 'owner' | 'due', value: string | null): string =>
    words.field(words[name], value === null ? page.blank(`${id}-${name}`, ask[name]) : page.text(value));
  return checkBox(
    state === 'done' || state === 'checked',
    [
      ...said,
      asked('owner', owner),
      asked('due', due),
      ...(checker === null ? [] : [words.field(words.checker, page.text(checker))]),
      ...(checkedBy === null ? [] : [words.field(words.checkedBy, page.text(checkedBy))]),
      ...(state === 'done' ? [words.notChecked] : []),
      ...(action.twoPeople ? [words.twoPeople] : []),
      ...(mitigation === null ? [] : [words.undoes(page.text(mitigation))]),
      page.text(action.id),
    ].join(FIELD_SEPARATOR),
  );
}
