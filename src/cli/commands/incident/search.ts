import { jsonText } from './print.ts';
import { type IncidentCommands, IncidentSession, type JournalFlags, withJournalOptions } from './session.ts';

/** Adds `search`. */
export function addSearch({ group, context, finish }: IncidentCommands): void {
  const search = group
    .command('search')
    .description('Find incidents, and what was written about them, by words.')
    .argument('<query...>', 'words');
  withJournalOptions(search)
    .addHelpText(
      'after',
      "\nExit codes: 0 something was found; 1 nothing; 2 the journal cannot be read.\n\nExample:\n  breakwater incident search 'lock timeout'",
    )
    .action(async (words: readonly string[], flags: JournalFlags) => {
      const { journal } = await IncidentSession.open(context, flags);
      const { search: find } = await import('../../../incidents/postmortem/search.ts');
      const hits = find(await journal.incidents(), words.join(' '));
      await context.out.write(flags.json ? jsonText(hits) : jsonText(hits));
      finish(hits.length > 0 ? 0 : 1);
    });
}
