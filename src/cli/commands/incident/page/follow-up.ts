import type { ActionJson, IncidentJson } from '../../../../incidents/incident/document.ts';
import type { Page } from './layout.ts';

/** What is left to do, and what was learned. */
export function addFollowUp(page: Page, { actions, dataToRepair, decisions, learned }: IncidentJson): void {
  if (actions.length > 0) page.heading('Actions');
  for (const action of actions) page.item(actionText(action), action.state === 'open' ? undefined : 'dim');
  const repairs = dataToRepair.filter(({ doneAt }) => doneAt === null);
  if (repairs.length > 0) page.heading('Data to repair');
  for (const { id, text } of repairs) page.item(`${id}  ${text}`);
  const made = decisions.filter(({ answer }) => answer !== null);
  if (made.length > 0) page.heading('Decisions');
  for (const { question, answer, decidedBy, knew } of made) {
    page.item(`${question} ${answer ?? ''} (${decidedBy ?? 'somebody'})`);
    if (knew !== null) page.detail(`they knew: ${knew}`);
  }
  if (learned.length > 0) page.heading('Learned');
  for (const { topic, text, evidence } of learned) {
    page.item(`${topic}: ${text}`);
    if (evidence !== null) page.detail(`evidence: ${evidence}`);
  }
}

function actionText({ id, state, text, owner, checker, due, kind, horizon }: ActionJson): string {
  const facts = [
    kind,
    `within a ${horizon}`,
    owner === null ? 'nobody does it' : owner,
    checker === null ? undefined : `checked by ${checker}`,
    due === null ? undefined : `due ${due}`,
  ].filter((fact) => fact !== undefined);
  return `${id}  ${state}: ${text} (${facts.join(', ')})`;
}
