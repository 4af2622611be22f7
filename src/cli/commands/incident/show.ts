import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { isOpen } from '../../../incidents/incident/status.ts';
import { pageText } from './page/page.ts';
import { jsonText } from './print.ts';
import { type IncidentCommands, IncidentSession, type JournalFlags, withJournalOptions } from './session.ts';
import { offeredFor } from './socket.ts';

interface ShowFlags extends JournalFlags {
  readonly timeline: number;
}

/** Of a timeline, so much is shown that the page stays one. */
const SHOWN_ENTRIES = 15;

/** Adds `show`. */
export function addShow({ group, context, finish }: IncidentCommands): void {
  const show = group
    .command('show')
    .description('Show an incident: what is hurt, what to do next, what happened.')
    .argument(
      '[INC]',
      'its id, what one of its parts begins with, or its policy; needed where not exactly one is open',
    )
    .addOption(
      new Option('-t, --timeline <n>', 'how many entries of the timeline, or all')
        .argParser(timelineArgument)
        .default(SHOWN_ENTRIES),
    );
  withJournalOptions(show)
    .addHelpText(
      'after',
      '\nExamples:\n  breakwater incident show\n  breakwater incident show 001-9f3a --timeline all | less',
    )
    .action(async (reference: string | undefined, flags: ShowFlags) => {
      const session = await IncidentSession.open(context, flags);
      const incident = await session.choose(reference);
      const offered =
        flags.json || !isOpen(incident.status)
          ? undefined
          : await offeredFor(session.journal.directory, incident.id);
      const options = {
        ...(await session.pageOptions(incident.id)),
        offered,
        timeline: flags.timeline,
        folder: join(session.journal.name, 'incidents', incident.id),
      };
      await context.out.write(flags.json ? jsonText(incident) : pageText(context.out, incident, options));
      finish(0);
    });
}

function timelineArgument(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write how many, or all.');
}
