import { durationText } from '../../../../incidents/duration-text.ts';
import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import { isOpen } from '../../../../incidents/incident/status.ts';
import { clockText, quoted, timeText } from '../print.ts';
import { commandStart, type Page, type PageOptions } from './layout.ts';
import { addRunbooks, keptRunbooks, type Recoveries } from './options.ts';

/** What was done to the policy, how far runbooks came, and where the ways out are listed. */
export function addRecovery(
  page: Page,
  incident: IncidentJson,
  options: PageOptions,
  offered?: Recoveries,
): void {
  const { now, suffix } = options;
  const { controls, runbookSteps, status } = incident;
  if (!isOpen(status) && controls.length + runbookSteps.length === 0) return;
  if (isOpen(status)) addRunbooks(page, incident, offered ?? keptRunbooks(incident), options);
  page.heading('Recovery');
  if (isOpen(status) && offered === undefined) {
    page.item(
      'No process answers at a control socket of this journal: nothing can be switched from here.',
      'yellow',
    );
  } else if (isOpen(status)) {
    page.item('What the running application can do:');
    page.command(`${commandStart(options)} recovery ${quoted(incident.id)}${suffix}`);
  }
  for (const { at, control, text, by, until, ended, endedAt, endedBy, endedText } of controls) {
    const left = until === null ? undefined : Date.parse(until) - now;
    const lasts =
      ended || left === undefined
        ? null
        : left > 0
          ? `for ${durationText(left)} more`
          : `until ${timeText(until ?? at)} UTC`;
    const facts = [by, lasts].filter((fact) => fact !== null).join(', ');
    page.item(
      `${clockText(at)}  ${control}${ended && endedText === null && control !== 'probe-now' ? ' ended' : ''}: ${text}${facts === '' ? '' : ` (${facts})`}`,
    );
    if (endedAt === null || endedText === null) continue;
    page.item(
      `${clockText(endedAt)}  ${control} ended: ${endedText}${endedBy === null ? '' : ` (${endedBy})`}`,
    );
  }
  for (const { at, runbook, step, state, text } of runbookSteps) {
    page.item(
      `${clockText(at)}  ${runbook} step ${step} ${state}${text === null ? '' : `: ${text}`}`,
      state === 'surprise' ? 'yellow' : undefined,
    );
  }
}
