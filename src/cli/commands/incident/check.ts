import { Option } from 'commander';
import { checklistNames, type IncidentJson } from '../../../incidents/incident/document.ts';
import { wordArgument } from '../../arguments.ts';
import { CommandFailure } from '../../context.ts';
import type { Style, Terminal } from '../../terminal.ts';
import { looksLikeId } from './choose.ts';
import { titleOf } from './page/head.ts';
import { Page } from './page/layout.ts';
import { jsonText } from './print.ts';
import {
  authorOf,
  type IncidentCommands,
  IncidentSession,
  type WriterFlags,
  withWriterOptions,
} from './session.ts';
import { tell } from './told.ts';

interface CheckFlags extends WriterFlags {
  readonly waive?: string;
  readonly note?: string;
  readonly undo?: true;
}

type Item = IncidentJson['checklists'][number]['items'][number];

const help = `
Without an item it shows the checklists; with one it says that the item is done.
An item can be waived with a reason only. INC comes first, and may be left out
where only one incident is open.

Examples:
  breakwater incident check
  breakwater incident check contact.responders --note 'all three are in the war room'
  breakwater incident check 001-9f3a impact.policy.search --waive 'search is switched off today'`;

/** Adds `check`. */
export function addCheck({ group, context, finish }: IncidentCommands): void {
  const check = group
    .command('check')
    .description('Show the checklists, or say that an item is done or waived.')
    .argument('[words...]')
    .usage('[options] [INC] [item]')
    .addOption(
      new Option('--waive <reason>', 'do without it, and say why').argParser(wordArgument).conflicts('undo'),
    )
    .option('--note <text>', 'how it was done', wordArgument)
    .option('--undo', 'it is open again');
  withWriterOptions(check)
    .addHelpText('after', help)
    .action(async (words: readonly string[], flags: CheckFlags) => {
      const { reference, item } = wordsOf(words);
      const session = await IncidentSession.open(context, flags);
      const incident = await session.choose(reference, 'open', item === undefined ? 'read' : 'write');
      if (item === undefined) {
        if (flags.waive !== undefined || flags.note !== undefined || flags.undo !== undefined) {
          throw new CommandFailure('say which item is meant; "breakwater incident check" shows them');
        }
        await context.out.write(flags.json ? jsonText(incident) : checklistsText(context.out, incident));
        return finish(0);
      }
      const written = await session.write(incident, {
        do: 'check',
        by: authorOf(context, flags),
        item,
        state: flags.waive !== undefined ? 'waived' : flags.undo === true ? 'open' : 'done',
        reason: flags.waive ?? flags.note,
      });
      await tell({ context, finish }, session, written, flags);
    });
}

function wordsOf(words: readonly string[]): {
  readonly reference: string | undefined;
  readonly item: string | undefined;
} {
  const [first, second, ...others] = words;
  if (others.length > 0) throw new CommandFailure('too many words: it takes [INC] [item]');
  if (second !== undefined) return { reference: first, item: second };
  // Items have a name with a dot in it, or begin that of a checklist; all else names the incident.
  return first === undefined ||
    (first.includes('.') && !looksLikeId(first)) ||
    checklistNames.some((name) => name.startsWith(first))
    ? { reference: undefined, item: first }
    : { reference: first, item: undefined };
}

const marks: Readonly<Record<Item['state'], readonly [mark: string, style: Style | undefined]>> = {
  open: ['[ ]', undefined],
  done: ['[x]', 'green'],
  waived: ['[-]', 'dim'],
};

/** The checklists of an incident, each item with the step that it stands before. */
function checklistsText(terminal: Terminal, incident: IncidentJson): string {
  const page = new Page(terminal);
  page.line(...titleOf(incident));
  for (const { name, items } of incident.checklists) {
    const open = items.filter(({ state }) => state === 'open').length;
    page.heading(`${name}: ${open === 0 ? 'nothing is open' : `${open} of ${items.length} open`}`);
    for (const item of items) {
      const [mark, style] = marks[item.state];
      page.item(`${mark} ${item.id}${gateText(item)}`, style);
      page.detail(item.text);
      if (item.state !== 'open') page.detail(doneText(item), 'dim');
    }
  }
  if (incident.checklists.every(({ items }) => items.length === 0)) page.item('There are no checklists.');
  return page.toString();
}

function gateText({ gates, state }: Item): string {
  return gates === null || state !== 'open' ? '' : `  before ${gates}`;
}

function doneText({ state, automatic, by, reason }: Item): string {
  const who = by === null ? (automatic ? 'seen by itself' : state) : `${state} by ${by}`;
  return reason === null ? who : `${who}: ${reason}`;
}
