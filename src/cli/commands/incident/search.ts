import { isBreakwaterError } from '../../../core/errors.ts';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import type { SearchHit } from '../../../incidents/postmortem/search.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { readInput } from '../../files.ts';
import type { IncidentJournal } from '../../journal.ts';
import type { Terminal } from '../../terminal.ts';
import { printWarnings } from '../../warnings.ts';
import { severityStyles, statusStyles } from './page/head.ts';
import { Page } from './page/layout.ts';
import { postmortemFiles } from './postmortem-file.ts';
import { jsonText } from './print.ts';
import { type IncidentCommands, IncidentSession, type JournalFlags, withJournalOptions } from './session.ts';

const help = `
An incident is found that has all words, in itself or in its post-mortem; a part
of a word will do. "..." is a phrase. -word must not occur: write -- before it.
policy:, severity:, status:, drill:, since: and until: filter, as in since:30d.

Exit codes: 0 something was found; 1 nothing; 2 the journal cannot be read.

Examples:
  breakwater incident search 'lock timeout' policy:database
  breakwater incident search -- '"connection refused"' since:90d -drill`;

/** Adds `search`. */
export function addSearch({ group, context, finish }: IncidentCommands): void {
  const search = group
    .command('search')
    .description('Find incidents, and what was written about them.')
    .argument('<query...>', 'words, phrases and filters');
  withJournalOptions(search)
    .addHelpText('after', help)
    .action(async (words: readonly string[], flags: JournalFlags) => {
      const { journal } = await IncidentSession.open(context, flags);
      const hits = await found(context, journal, words.join(' '));
      await context.out.write(flags.json ? jsonText(hits) : hitsText(context.out, hits));
      finish(hits.length > 0 ? 0 : 1);
    });
}

async function found(
  context: CommandContext,
  journal: IncidentJournal,
  query: string,
): Promise<readonly SearchHit[]> {
  const { search } = await import('../../../incidents/postmortem/search.ts');
  const incidents = await journal.incidents();
  const postmortems = await textsOf(context, journal, incidents);
  try {
    return search(incidents, query, { postmortems }, context.now());
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) throw new CommandFailure(error.message);
    throw error;
  }
}

/** The post-mortems in the incidents' folders. One that cannot be read is told of, and does not stop the search. */
async function textsOf(
  context: CommandContext,
  journal: IncidentJournal,
  incidents: readonly IncidentJson[],
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const { id } of incidents) {
    for (const file of await postmortemFiles(journal, id)) {
      try {
        texts.set(id, `${texts.get(id) ?? ''}${await readInput(context, file)}\n`);
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        await printWarnings(context, [error.message]);
      }
    }
  }
  return texts;
}

function hitsText(terminal: Terminal, hits: readonly SearchHit[]): string {
  const page = new Page(terminal);
  if (hits.length === 0) page.line({ text: 'Nothing was found.' });
  for (const { incident, severity, status, policy, drill, startedAt, summary, where, snippet } of hits) {
    page.blank();
    page.line(
      { text: incident, style: 'bold' },
      { text: '  ' },
      { text: severity, style: severityStyles[severity] },
      { text: '  ' },
      { text: status, style: statusStyles[status] },
      { text: `  ${policy}  ${startedAt.slice(0, 10)}${drill ? '  DRILL' : ''}` },
    );
    page.item(summary);
    if (snippet !== summary) page.item(where === '' ? snippet : `${where}: ${snippet}`, 'dim');
  }
  return page.toString();
}
