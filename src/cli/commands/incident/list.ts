import { InvalidArgumentError, Option } from 'commander';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import { type Severity, severities } from '../../../incidents/incident/severity.ts';
import { isOpen } from '../../../incidents/incident/status.ts';
import { LONGEST_DURATION_MS, parseDuration } from '../../../slo/spec/durations.ts';
import { nameArgument } from '../../arguments.ts';
import type { Cell, Column } from '../../table.ts';
import type { Terminal } from '../../terminal.ts';
import { severityStyles, statusStyles } from './page/head.ts';
import { agoText, jsonText, timeText } from './print.ts';
import { textTable } from './rows.ts';
import { type IncidentCommands, IncidentSession, type JournalFlags, withJournalOptions } from './session.ts';

interface ListFlags extends JournalFlags {
  readonly all?: true;
  readonly policy?: readonly string[];
  readonly severity?: readonly Severity[];
  readonly since?: Since;
}

/** So long ago, or then. */
type Since = { readonly agoMs: number } | { readonly at: number };

const columns: readonly Column[] = [
  { title: 'INCIDENT' },
  { title: 'SEVERITY' },
  { title: 'STATUS' },
  { title: 'POLICY' },
  { title: 'SINCE' },
];

/** Adds `list`. */
export function addList({ group, context, finish }: IncidentCommands): void {
  const list = group
    .command('list')
    .description('List the open incidents.')
    .option('-a, --all', 'the resolved and closed ones too')
    .option('-p, --policy <name>', 'of this policy only; may be repeated', nameArgument)
    .addOption(
      new Option('-s, --severity <severity>', 'of this severity only; may be repeated').argParser(
        severityArgument,
      ),
    )
    .addOption(
      new Option('--since <time>', 'all that were seen since then: 7d, or 2026-02-04').argParser(
        sinceArgument,
      ),
    );
  withJournalOptions(list)
    .addHelpText(
      'after',
      '\nExit codes: 0 there are some; 1 there is none; 2 the journal cannot be read.\n\nExamples:\n  breakwater incident list\n  breakwater incident list --since 30d --severity critical --json',
    )
    .action(async (flags: ListFlags) => {
      const { journal } = await IncidentSession.open(context, flags);
      const all = await journal.incidents();
      const found = all.filter((incident) => isWanted(incident, flags, context.now()));
      await context.out.write(
        flags.json ? jsonText(found) : listText(context.out, found, all, flags, context.now()),
      );
      finish(found.length > 0 ? 0 : 1);
    });
}

function isWanted(
  { status, policy, severity, detectedAt }: IncidentJson,
  flags: ListFlags,
  now: number,
): boolean {
  const { since } = flags;
  if (flags.all === undefined && since === undefined && !isOpen(status)) return false;
  if (flags.policy !== undefined && !flags.policy.includes(policy)) return false;
  if (flags.severity !== undefined && !flags.severity.includes(severity)) return false;
  return since === undefined || Date.parse(detectedAt) >= ('at' in since ? since.at : now - since.agoMs);
}

function listText(
  terminal: Terminal,
  found: readonly IncidentJson[],
  all: readonly IncidentJson[],
  flags: ListFlags,
  now: number,
): string {
  const waiting = all.filter(({ status }) => status === 'resolved').length;
  const hidden = waiting > 0 && flags.all === undefined && flags.since === undefined && terminal.isTTY;
  const rest = hidden
    ? `${waiting} resolved and not closed: --all lists ${waiting === 1 ? 'it' : 'them'}\n`
    : '';
  if (found.length === 0) return `${noneText(flags)}\n${rest}`;
  return `${incidentTable(terminal, found, now)}${rest}`;
}

function noneText({ policy, severity, all, since }: ListFlags): string {
  if (policy !== undefined || severity !== undefined || since !== undefined)
    return 'No incident is like that.';
  return all === undefined ? 'No incident is open.' : 'The journal has no incident.';
}

/** Incidents, one a row. */
function incidentTable(terminal: Terminal, incidents: readonly IncidentJson[], now: number): string {
  const rows = incidents.map((incident) => ({ cells: rowOf(incident, now), text: summaryOf(incident) }));
  return textTable(terminal, columns, 'SUMMARY', rows);
}

function rowOf(incident: IncidentJson, now: number): readonly Cell[] {
  const { id, severity, status, policy, service, startedAt } = incident;
  return [
    { text: id },
    { text: severity, style: severityStyles[severity] },
    { text: status, style: statusStyles[status] },
    { text: service === null ? policy : `${service}/${policy}` },
    { text: isOpen(status) ? agoText(startedAt, now) : timeText(startedAt) },
  ];
}

function summaryOf({ summary, drill, flapping }: IncidentJson): string {
  return `${drill ? 'DRILL: ' : ''}${flapping ? 'flapping: ' : ''}${summary}`;
}

/** A severity, however it is written; of an option that may be repeated. */
export function severityArgument(text: string, before: readonly Severity[] = []): readonly Severity[] {
  return [...before, oneSeverity(text)];
}

/** A severity, however it is written. */
export function oneSeverity(text: string): Severity {
  const found = severities.find((severity) => severity.toLowerCase() === text.trim().toLowerCase());
  if (found === undefined) throw new InvalidArgumentError(`Allowed choices are ${severities.join(', ')}.`);
  return found;
}

function sinceArgument(text: string): Since {
  const agoMs = parseDuration(text.trim());
  if (agoMs !== undefined && agoMs > 0 && agoMs <= LONGEST_DURATION_MS) return { agoMs };
  const at = /^\d{4}-\d\d-\d\d/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError('Write a duration such as 7d, or a day in UTC such as 2026-02-04.');
  }
  return { at };
}
