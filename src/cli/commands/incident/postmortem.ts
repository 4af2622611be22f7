import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { wordArgument } from '../../arguments.ts';
import { withCommandsAsCalled } from '../../called.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { readInput, STANDARD_STREAM, writeOutput } from '../../files.ts';
import { codeOf, reasonOf } from '../../system-error.ts';
import { printWarnings } from '../../warnings.ts';
import { incidentFolder, type Language, languages, postmortemName } from './postmortem-file.ts';
import { jsonText, quoted } from './print.ts';
import { type IncidentCommands, IncidentSession, type JournalFlags, withJournalOptions } from './session.ts';

interface PostmortemFlags extends JournalFlags {
  readonly language: Language;
  readonly out?: string;
}

const help = `
What people wrote into a post-mortem that is there already stays; what the
journal knows is brought up to date.

Exit codes: 0 written; 1 what is there cannot be brought up to date; 2 failed.

Examples:
  breakwater incident postmortem
  breakwater incident postmortem 001-9f3a --language ja
  breakwater incident postmortem 001-9f3a --out - | less`;

/** Adds `postmortem`. */
export function addPostmortem({ group, context, finish }: IncidentCommands): void {
  const command = group
    .command('postmortem')
    .description('Write the post-mortem, or bring it up to date.')
    .argument('[INC]', 'its id, what one of its parts begins with, or its policy')
    .addOption(new Option('-l, --language <language>', 'of the text').choices(languages).default('en'))
    .option(
      '-o, --out <file>',
      "where to write; - for stdout (default: the incident's folder)",
      wordArgument,
    );
  withJournalOptions(command)
    .addHelpText('after', help)
    .action(async (reference: string | undefined, flags: PostmortemFlags) => {
      if (flags.json && flags.out === STANDARD_STREAM) {
        throw new CommandFailure('--json says where it is written; it cannot be used with --out -');
      }
      const session = await IncidentSession.open(context, flags);
      const incident = await session.choose(reference, 'resolved');
      const { postmortem } = await import('../../../incidents/postmortem/postmortem.ts');
      const generated = postmortem(incident, { language: flags.language, now: context.now() });
      const folder = incidentFolder(session.journal, incident.id);
      if (flags.out === undefined) await makeFolder(context, folder);
      const file = flags.out ?? join(folder, postmortemName(flags.language));
      const text = await withWhatPeopleWrote(context, file, generated);
      await writeOutput(context, text, { file, overwrite: true, inputs: [] });
      if (file !== STANDARD_STREAM) {
        await context.out.write(flags.json ? jsonText({ incident: incident.id, file }) : `${file}\n`);
        const hint = withCommandsAsCalled(lintHint(incident.id, flags.out, session.suffix), context.env);
        if (!flags.json) await context.err.write(hint);
      }
      finish(0);
    });
}

function lintHint(id: string, out: string | undefined, suffix: string): string {
  return out === undefined
    ? `"breakwater incident lint ${id}${suffix}" says what it lacks\n`
    : `"breakwater incident lint ${quoted(out)}" says what it lacks\n`;
}

async function makeFolder(context: CommandContext, folder: string): Promise<void> {
  try {
    await mkdir(resolve(context.cwd, folder), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CommandFailure(`${folder} cannot be made: ${reasonOf(error)}`);
  }
}

/** The new text with what people wrote into the file that is there. */
async function withWhatPeopleWrote(
  context: CommandContext,
  file: string,
  generated: string,
): Promise<string> {
  if (file === STANDARD_STREAM || !(await isThere(context, file))) return generated;
  const { mergePostmortem } = await import('../../../incidents/postmortem/merge/merge.ts');
  const { markdown, refreshed, kept } = mergePostmortem(await readInput(context, file), generated);
  const warnings = kept.map(
    ({ line, offered }) => `${file}:${line} what people wrote is kept; without it there would be: ${offered}`,
  );
  if (!refreshed) {
    throw new CommandFailure(
      `${file} stays as it is: its comment, which says what of it was generated, is gone. Write a new one with --out <file>, or move this one away, run it again, and copy into it what people wrote`,
      1,
    );
  }
  await printWarnings(context, warnings);
  return markdown;
}

async function isThere(context: CommandContext, file: string): Promise<boolean> {
  try {
    return (await stat(resolve(context.cwd, file))).isFile();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw new CommandFailure(`${file} cannot be read: ${reasonOf(error)}`);
  }
}
