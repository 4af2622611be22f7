import type { Command, Option } from 'commander';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { readInput, STANDARD_STREAM } from '../../files.ts';
import { chooseIncident, looksLikeId, matching, type Unnamed } from './choose.ts';
import {
  authorOf,
  type IncidentCommands,
  IncidentSession,
  type WriterFlags,
  withWriterOptions,
} from './session.ts';
import { tell } from './told.ts';

/** What a verb makes its command of. */
export interface Given<Flags> {
  /** As many as the verb has, without the incident. */
  readonly words: readonly string[];
  readonly flags: Flags;
  readonly incident: IncidentJson;
  /** Wall-clock time in milliseconds. */
  readonly now: number;
}

/** Something that people do to an incident from a terminal. */
export interface Verb<Flags> {
  readonly name: string;
  readonly description: string;
  /** The words that it needs after the incident, such as `<text>`. */
  readonly words?: readonly string[];
  readonly options?: readonly Option[];
  /** What else its help says. */
  readonly help?: string;
  readonly examples: readonly string[];
  /** Which incident is meant where none is named. Default `open`. */
  readonly unnamed?: Unnamed;
  /** Which part of an incident a word names: then the incident that has it is meant where none is named. */
  readonly part?: { readonly word: number };
  /** The `IncidentCommand`, without who does it. A text `-` in it is read from standard input. */
  command(given: Given<Flags>): Readonly<Record<string, unknown>>;
}

const HOW_TO_NAME =
  '\nINC is the id of an incident, or what one of its parts begins with, such as\n001-9f3a, or the name of its policy; an open one is meant first. It may be left\nout where only one is open.\n';
const HOW_TO_QUOTE = 'Put texts in quotes; - reads a text from stdin.\n';

/** Adds a verb to `breakwater incident`, or to a group of it. */
export function addVerb<Flags extends WriterFlags>(
  commands: IncidentCommands,
  parent: Command,
  verb: Verb<Flags>,
): void {
  const { context, finish } = commands;
  const words = verb.words ?? [];
  const command = parent
    .command(verb.name)
    .description(verb.description)
    .argument('[words...]')
    .usage(['[options] [INC]', ...words].join(' '));
  for (const option of verb.options ?? []) command.addOption(option);
  withWriterOptions(command).addHelpText('after', helpOf(verb, parent.name()));
  command.action(async (given: readonly string[], flags: Flags) => {
    checkCount(words, given);
    const by = authorOf(context, flags);
    const session = await IncidentSession.open(context, flags);
    // What is typed or piped may take long: the incident is looked at after it.
    const input = readsInput(given, flags) ? await inputText(context) : undefined;
    const incidents = await session.journal.incidents();
    const named = namedWords(incidents, words, given);
    const incident = incidentOf(incidents, named, verb);
    const asked = verb.command({ words: named.words, flags, incident, now: context.now() });
    const written = await session.write(incident, { ...withInput(asked, input), by });
    await tell({ context, finish }, session, written, flags);
  });
}

function helpOf(
  { help = '', examples, words = [] }: Pick<Verb<unknown>, 'help' | 'examples' | 'words'>,
  parent: string,
) {
  const start = parent === 'incident' ? 'breakwater incident' : `breakwater incident ${parent}`;
  const lines = examples.map((example) => `  ${start} ${example}`);
  const how = words.length === 0 ? HOW_TO_NAME : `${HOW_TO_NAME}${HOW_TO_QUOTE}`;
  return `${how}${help === '' ? '' : `\n${help}\n`}\nExample${lines.length > 1 ? 's' : ''}:\n${lines.join('\n')}`;
}

interface NamedWords {
  readonly reference: string | undefined;
  readonly words: readonly string[];
}

function usageOf(needed: readonly string[]): string {
  return ['[INC]', ...needed].join(' ');
}

function checkCount(needed: readonly string[], given: readonly string[]): void {
  const usage = usageOf(needed);
  if (given.length > needed.length + 1) {
    throw new CommandFailure(`too many words for ${usage}: put each text in quotes`);
  }
  if (given.length < needed.length) {
    throw new CommandFailure(`${needed[given.length] ?? usage} is missing: it takes ${usage}`);
  }
}

/** Tells the incident from the words: it is there when one more was given than the verb needs. */
function namedWords(
  incidents: readonly IncidentJson[],
  needed: readonly string[],
  given: readonly string[],
): NamedWords {
  if (given.length > needed.length) return { reference: given[0], words: given.slice(1) };
  const [first = ''] = given;
  // Somebody who names the incident and forgets a word does not mean the id as a text.
  if (looksLikeId(first) && matching(incidents, first).length > 0) {
    throw new CommandFailure(
      `${needed.at(-1) ?? 'a word'} is missing after ${first}: it takes ${usageOf(needed)}`,
    );
  }
  return { reference: undefined, words: given };
}

function incidentOf<Flags>(
  incidents: readonly IncidentJson[],
  { reference, words }: NamedWords,
  { part, unnamed }: Verb<Flags>,
): IncidentJson {
  const id = part === undefined || reference !== undefined ? undefined : words[part.word];
  const owners = id === undefined ? [] : incidents.filter((incident) => partIds(incident).includes(id));
  const [owner, ...others] = owners;
  if (owner !== undefined && others.length === 0) return owner;
  return chooseIncident(incidents, reference, unnamed, 'write');
}

/** Ids of what people added to an incident. */
export function partIds(incident: IncidentJson): readonly string[] {
  const { hypotheses, observations, mitigations, actions, dataToRepair, decisions, notes } = incident;
  return [hypotheses, observations, mitigations, actions, dataToRepair, decisions, notes].flatMap((parts) =>
    parts.map(({ id }) => id),
  );
}

/** Whether standard input is meant by a word or an option. */
function readsInput(given: readonly string[], flags: WriterFlags): boolean {
  const texts = Object.entries(flags).filter(([name]) => name !== 'by' && name !== 'directory');
  return [...given, ...texts.map(([, value]) => value)].includes(STANDARD_STREAM);
}

async function inputText(context: CommandContext): Promise<string> {
  const text = (await readInput(context, STANDARD_STREAM)).trim();
  if (text === '') throw new CommandFailure('stdin has no text');
  return text;
}

/** With what was read from standard input as the one text that says so. */
function withInput(
  asked: Readonly<Record<string, unknown>>,
  input: string | undefined,
): Readonly<Record<string, unknown>> {
  const dashes = Object.entries(asked).filter(([, value]) => value === STANDARD_STREAM);
  if (dashes.length > 1) throw new CommandFailure('only one text can be read from stdin');
  const [dash] = dashes;
  return dash === undefined ? asked : { ...asked, [dash[0]]: input };
}
