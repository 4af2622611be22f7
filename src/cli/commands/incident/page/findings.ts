import type { HypothesisJson, IncidentJson } from '../../../../incidents/incident/document.ts';
import type { Style } from '../../../terminal.ts';
import { clockText } from '../print.ts';
import type { Page } from './layout.ts';

const verdictStyles: Readonly<Record<HypothesisJson['status'], Style | undefined>> = {
  open: undefined,
  confirmed: 'green',
  'ruled-out': 'dim',
};

/** What people found out and tried: observations, hypotheses, mitigations, dead ends. */
export function addFindings(page: Page, incident: IncidentJson): void {
  const { observations, hypotheses, reproductions, mitigations, notes } = incident;
  if (observations.length > 0) page.heading('Observations, which a cause must explain');
  for (const { id, text, by } of observations) page.item(`${id}  ${text}${byText(by)}`);
  if (hypotheses.length > 0) page.heading('Hypotheses');
  for (const hypothesis of hypotheses) addHypothesis(page, hypothesis);
  for (const { reproduced, how, version } of reproductions) {
    page.item(`${reproduced ? 'Reproduced' : 'Not reproduced'} on ${version}: ${how}`);
  }
  if (mitigations.length > 0) page.heading('Tried');
  for (const { id, text, stopgap, hypothesis, outcome, outcomeText } of mitigations) {
    const about = [stopgap ? 'stopgap' : undefined, hypothesis === null ? undefined : `for ${hypothesis}`];
    const facts = about.filter((fact) => fact !== undefined).join(', ');
    page.item(`${id}  ${text}${facts === '' ? '' : ` (${facts})`}`);
    page.detail(outcome === null ? 'outcome not known yet' : `${outcome}: ${outcomeText ?? ''}`);
  }
  const deadEnds = notes.filter(({ deadEnd }) => deadEnd);
  if (deadEnds.length > 0) page.heading('Dead ends');
  for (const { at, text, by } of deadEnds) page.item(`${clockText(at)}  ${text}${byText(by)}`);
}

function addHypothesis(page: Page, hypothesis: HypothesisJson): void {
  const { id, text, status, by, reasoning, reason, evidence, explains, doesNotExplain } = hypothesis;
  page.item(`${id}  ${status}: ${text}${byText(by)}`, verdictStyles[status]);
  if (reasoning !== null) page.detail(`because ${reasoning}`);
  for (const piece of evidence) page.detail(`${piece.supports ? 'for' : 'against'}: ${piece.text}`);
  if (reason !== null) page.detail(`${status}: ${reason}`);
  if (explains.length > 0) page.detail(`explains ${explains.join(', ')}`);
  if (doesNotExplain.length > 0) page.detail(`does not explain ${doesNotExplain.join(', ')}`, 'yellow');
}

function byText(by: string | null): string {
  return by === null ? '' : ` (${by})`;
}
