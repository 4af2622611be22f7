import type { ActionReport, TrackedAction } from '../../../incidents/postmortem/actions.ts';
import { nameArgument } from '../../arguments.ts';
import type { Cell, Column } from '../../table.ts';
import type { Style, Terminal } from '../../terminal.ts';
import { jsonText } from './print.ts';
import { textTable } from './rows.ts';
import { type IncidentCommands, IncidentSession, type JournalFlags, withJournalOptions } from './session.ts';

interface ActionsFlags extends JournalFlags {
  readonly owner?: readonly string[];
  readonly overdue?: true;
  readonly all?: true;
  readonly failOverdue?: true;
}

const columns: readonly Column[] = [
  { title: 'ACTION' },
  { title: 'STATE' },
  { title: 'DUE' },
  { title: 'OWNER' },
  { title: 'INCIDENT' },
];

const help = `
Actions are added and moved with "breakwater incident action".

Exit codes: 0 done; 1 some are overdue, with --fail-overdue; 2 the journal
cannot be read.

Examples:
  breakwater incident actions --owner alice
  breakwater incident actions --overdue --fail-overdue`;

/** Adds `actions`. */
export function addActions({ group, context, finish }: IncidentCommands): void {
  const actions = group
    .command('actions')
    .description('List what is left to do after all incidents, the overdue first.')
    .option('-o, --owner <name>', 'those of this owner only; may be repeated', nameArgument)
    .option('--overdue', 'those that are overdue only')
    .option('-a, --all', 'what is done and dropped too')
    .option('--fail-overdue', 'exit with 1 where some are overdue');
  withJournalOptions(actions)
    .addHelpText('after', help)
    .action(async (flags: ActionsFlags) => {
      const { journal } = await IncidentSession.open(context, flags);
      const { trackActions } = await import('../../../incidents/postmortem/actions.ts');
      const report = trackActions(await journal.incidents(), { now: context.now() });
      const found = report.actions.filter((action) => isWanted(action, flags));
      await context.out.write(flags.json ? jsonText(found) : actionsText(context.out, found, report));
      const overdue = found.some(({ progress }) => progress === 'overdue');
      finish(flags.failOverdue && overdue ? 1 : 0);
    });
}

function isWanted({ progress, owner }: TrackedAction, flags: ActionsFlags): boolean {
  if (flags.owner !== undefined && (owner === null || !flags.owner.includes(owner))) return false;
  if (flags.overdue) return progress === 'overdue';
  return flags.all === true || (progress !== 'done' && progress !== 'dropped');
}

const styles: Readonly<Record<TrackedAction['progress'], Style | undefined>> = {
  overdue: 'red',
  open: undefined,
  unchecked: 'yellow',
  done: 'green',
  dropped: 'dim',
};

function actionsText(terminal: Terminal, found: readonly TrackedAction[], { counts }: ActionReport): string {
  const { overdue, open, unchecked, done, dropped } = counts;
  const sums = [
    `${overdue} overdue`,
    `${open} open`,
    `${unchecked} to be checked`,
    `${done} done`,
    `${dropped} dropped`,
  ].filter((sum) => !sum.startsWith('0 '));
  const summary = `Of all actions: ${sums.length === 0 ? 'there are none' : sums.join(', ')}.\n`;
  if (found.length === 0) return `No action is like that. ${summary}`;
  const rows = found.map((action) => ({ cells: rowOf(action), text: textOf(action) }));
  return `${textTable(terminal, columns, 'WHAT', rows)}\n${summary}`;
}

function rowOf({ id, progress, overdueDays, due, owner, incident }: TrackedAction): readonly Cell[] {
  return [
    { text: id },
    {
      text: overdueDays === null ? stateText(progress) : `${overdueDays} d overdue`,
      style: styles[progress],
    },
    { text: due ?? 'no day' },
    { text: owner ?? 'nobody' },
    { text: incident },
  ];
}

function stateText(progress: TrackedAction['progress']): string {
  return progress === 'unchecked' ? 'to be checked' : progress;
}

function textOf({ text, kind, checker, twoPeople }: TrackedAction): string {
  const facts = [
    kind,
    checker === null ? (twoPeople ? 'needs a checker' : undefined) : `checked by ${checker}`,
  ].filter((fact) => fact !== undefined);
  return `${text} (${facts.join(', ')})`;
}
