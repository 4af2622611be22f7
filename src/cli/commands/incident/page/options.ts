import { z } from 'zod';
import { durationText } from '../../../../incidents/duration-text.ts';
import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import type { Terminal } from '../../../terminal.ts';
import { quoted } from '../print.ts';
import { titleOf } from './head.ts';
import { commandStart, Page, type PageOptions } from './layout.ts';

/** What the application says of a runbook. */
const runbook = z.object({
  title: z.string(),
  url: z.string().optional(),
  steps: z.array(
    z.object({
      text: z.string(),
      command: z.string().optional(),
      link: z.string().optional(),
      check: z.string(),
      twoPeople: z.boolean().optional(),
    }),
  ),
});

const option = z.object({
  control: z.string(),
  text: z.string(),
  unavailable: z.string().optional(),
  limit: z.object({ name: z.string(), current: z.number(), configured: z.number() }).optional(),
  active: z.object({ incident: z.string(), by: z.string(), until: z.number() }).optional(),
});

/** What can be done about an incident, as the application says it. */
export const recoveries = z.array(
  z.object({ policy: z.string(), runbook: runbook.optional(), controls: z.array(option) }),
);
/** What can be done about an incident, policy by policy. */
export type Recoveries = z.output<typeof recoveries>;

/**
 * What can be done about an incident, with commands to copy.
 *
 * @param journalSuffix what commands that write to the journal say of where it is, where `suffix` is for the application
 */
export function recoveriesText(
  terminal: Terminal,
  incident: IncidentJson,
  all: Recoveries,
  options: PageOptions,
  journalSuffix = options.suffix,
): string {
  const page = new Page(terminal);
  page.line(...titleOf(incident));
  addRunbooks(page, incident, all, { ...options, suffix: journalSuffix });
  for (const { policy, controls } of all) {
    page.heading(`What the application can do for ${policy}`);
    for (const control of controls) addControl(page, incident, policy, control, options);
    if (controls.length === 0) page.item('Nothing: the policy has no circuit and no limits.');
  }
  if (all.length === 0) page.item('Nothing: the application has no such policy any more.');
  return page.toString();
}

/** The runbooks of the policies, with how far the work by each is. */
export function addRunbooks(page: Page, incident: IncidentJson, all: Recoveries, options: PageOptions): void {
  for (const { runbook: book } of all) if (book !== undefined) addRunbook(page, incident, book, options);
}

/** The runbooks that the incident kept when it began, for when no application says them. */
export function keptRunbooks({ situation }: IncidentJson): Recoveries {
  return (situation?.runbooks ?? []).map(({ policy, title, url, steps }) => ({
    policy,
    controls: [],
    runbook: {
      title,
      url: url ?? undefined,
      steps: steps.map(({ text, command, link, check, twoPeople }) => ({
        text,
        command: command ?? undefined,
        link: link ?? undefined,
        check,
        twoPeople,
      })),
    },
  }));
}

function addRunbook(
  page: Page,
  incident: IncidentJson,
  { title, url, steps }: z.output<typeof runbook>,
  options: PageOptions,
): void {
  page.heading(`Runbook: ${title}`);
  if (url !== undefined) page.item(url);
  const done = new Map(
    incident.runbookSteps.filter((step) => step.runbook === title).map(({ step, state }) => [step, state]),
  );
  for (const [at, { text, command, link, check, twoPeople }] of steps.entries()) {
    const state = done.get(at + 1);
    page.item(
      `${at + 1}. ${text}${state === undefined ? '' : `  [${state}]`}`,
      state === 'surprise' ? 'yellow' : state === 'checked' ? 'green' : undefined,
    );
    for (const line of command?.split(/\r?\n/) ?? []) page.command(line);
    if (link !== undefined) page.detail(link);
    page.detail(`Check: ${check}${twoPeople === true ? ' (by another person)' : ''}`);
  }
  const next = steps.findIndex((_, at) => done.get(at + 1) !== 'checked');
  if (next === -1) return;
  const state = following[done.get(next + 1) ?? 'rehearsed'];
  page.item('Say how far the work is:');
  page.command(
    `${commandStart(options)} runbook ${quoted(incident.id)} ${quoted(title)} ${next + 1} ${state}${options.suffix}`,
  );
}

/** What is said of a step next. */
const following: Readonly<Record<IncidentJson['runbookSteps'][number]['state'], string>> = {
  rehearsed: 'started',
  started: 'checked',
  surprise: "resumed --text 'WHY IT IS SAFE'",
  resumed: 'checked',
  checked: 'started',
};

function addControl(
  page: Page,
  { id, policy: own }: IncidentJson,
  policy: string,
  { control, text, unavailable, limit, active }: z.output<typeof option>,
  options: PageOptions,
): void {
  const { now, suffix } = options;
  if (unavailable !== undefined) {
    page.item(`${control}: not now, ${unavailable}`, 'dim');
    return;
  }
  page.item(`${text}${limit === undefined ? '' : ` It is ${limit.current}.`}`);
  const about = [
    policy === own ? undefined : `--policy ${quoted(policy)}`,
    limit === undefined ? undefined : `--limit ${quoted(limit.name)}`,
  ].filter((part) => part !== undefined);
  const command = (...parts: readonly string[]) =>
    page.command(`${commandStart(options)} recovery ${[quoted(id), ...parts, ...about].join(' ')}${suffix}`);
  if (active !== undefined) {
    const left = durationText(Math.max(0, active.until - now));
    page.detail(`${active.by} began it for ${active.incident}; it lasts ${left} more.`, 'yellow');
    command('--end', control);
    return;
  }
  command(
    '--do',
    control,
    ...(limit === undefined ? [] : ['--value', 'N']),
    ...(control === 'probe-now' ? [] : ['--for', '15m']),
  );
}
