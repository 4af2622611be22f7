import { durationText } from '../../../../incidents/duration-text.ts';
import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import { isOpen } from '../../../../incidents/incident/status.ts';
import { clockText, quoted, timeText } from '../print.ts';
import type { Page, PageOptions } from './layout.ts';
import { addRunbooks, type Recoveries } from './options.ts';

/** What was done to the policy, how far runbooks came, and where the ways out are listed. */
export function addRecovery(
  page: Page,
  incident: IncidentJson,
  { now, suffix }: PageOptions,
  offered?: Recoveries,
): void {
  const { controls, runbookSteps, status } = incident;
  if (!isOpen(status) && controls.length + runbookSteps.length === 0) return;
  if (offered !== undefined) addRunbooks(page, incident, offered);
  page.heading('Recovery');
  if (isOpen(status)) {
    page.item('What the running application can do:');
    page.command(`breakwater incident recovery ${quoted(incident.id)}${suffix}`);
  }
  for (const { at, control, text, by, until, ended } of controls) {
    const left = until === null ? undefined : Date.parse(until) - now;
    const lasts =
      ended || left === undefined
        ? null
        : left > 0
          ? `for ${durationText(left)} more`
          : `until ${timeText(until ?? at)} UTC`;
    const facts = [by, lasts].filter((fact) => fact !== null).join(', ');
    page.item(
      `${clockText(at)}  ${control}${ended ? ' ended' : ''}: ${text}${facts === '' ? '' : ` (${facts})`}`,
    );
  }
  for (const { at, runbook, step, state, text } of runbookSteps) {
    page.item(
      `${clockText(at)}  ${runbook} step ${step} ${state}${text === null ? '' : `: ${text}`}`,
      state === 'surprise' ? 'yellow' : undefined,
    );
  }
}
