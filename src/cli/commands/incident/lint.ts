import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { LintFinding } from '../../../incidents/postmortem/lint.ts';
import { printable } from '../../../slo/spec/problems.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { fileName, readInput, STANDARD_STREAM } from '../../files.ts';
import { styled, type Terminal } from '../../terminal.ts';
import { looksLikeId } from './choose.ts';
import { postmortemFiles } from './postmortem-file.ts';
import { jsonText } from './print.ts';
import { type IncidentCommands, IncidentSession, type JournalFlags, withJournalOptions } from './session.ts';

/** What was found in one file. */
interface LintedFile {
  readonly file: string;
  readonly findings: readonly LintFinding[];
}

const help = `
It finds blanks, actions without owner or date, and prevention that relies on
people trying harder, and says why that is none. For an incident it reads the
post-mortems in the incident's folder; without a word, those of the incident
that waits to be closed.

Exit codes: 0 nothing was found; 1 something was; 2 it cannot be read.

Examples:
  breakwater incident lint 001-9f3a
  breakwater incident lint docs/postmortems/*.md`;

/** Adds `lint`. */
export function addLint({ group, context, finish }: IncidentCommands): void {
  const lint = group
    .command('lint')
    .description('Say what a post-mortem lacks.')
    .argument('[words...]')
    .usage('[options] [file... | INC]');
  withJournalOptions(lint)
    .addHelpText('after', help)
    .action(async (words: readonly string[], flags: JournalFlags) => {
      const files = await filesOf(context, words, flags);
      const { lintPostmortem } = await import('../../../incidents/postmortem/lint.ts');
      const linted: LintedFile[] = [];
      for (const file of files) {
        linted.push({ file: fileName(file), findings: lintPostmortem(await readInput(context, file)) });
      }
      await context.out.write(
        flags.json
          ? jsonText(
              linted.flatMap(({ file, findings }) => findings.map((finding) => ({ file, ...finding }))),
            )
          : lintedText(context.out, linted),
      );
      finish(linted.some(({ findings }) => findings.length > 0) ? 1 : 0);
    });
}

async function filesOf(
  context: CommandContext,
  words: readonly string[],
  flags: JournalFlags,
): Promise<readonly string[]> {
  const [first] = words;
  const one = words.length <= 1;
  if (first !== undefined && !(one && (await isIncident(context, first)))) return words;
  const session = await IncidentSession.open(context, flags);
  const incident = await session.choose(first, 'resolved');
  const files = await postmortemFiles(session.journal, incident.id);
  if (files.length > 0) return files.map((file) => fromHere(context, file));
  throw new CommandFailure(
    `${incident.id} has no post-mortem yet: "breakwater incident postmortem ${incident.id}" writes one`,
    1,
  );
}

/** A file as somebody names it who is in this folder; one that lies elsewhere by its own name. */
function fromHere({ cwd }: CommandContext, file: string): string {
  const path = relative(cwd, resolve(cwd, file));
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}

async function isIncident(context: CommandContext, word: string): Promise<boolean> {
  if (word === STANDARD_STREAM) return false;
  const isThere = await stat(resolve(context.cwd, word)).then(
    () => true,
    () => false,
  );
  return !isThere && (looksLikeId(word) || !/[./\\]/.test(word));
}

/** The findings as compilers print them. */
function lintedText(terminal: Terminal, linted: readonly LintedFile[]): string {
  const lines = linted.flatMap(({ file, findings }) =>
    findings.map(
      ({ line, column, rule, message }) =>
        `${printable(`${file}:${line}:${column}`)} ${styled(terminal, 'yellow', rule)}: ${printable(message)}`,
    ),
  );
  const count = lines.length;
  const files = linted.length === 1 ? printable(linted[0]?.file ?? '') : `${linted.length} files`;
  const summary =
    count === 0 ? `Nothing was found in ${files}.` : `${count} finding${count > 1 ? 's' : ''} in ${files}.`;
  return `${[...lines, summary].join('\n')}\n`;
}
