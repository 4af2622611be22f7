import { InvalidArgumentError, Option } from 'commander';
import { incidentRoles } from '../../../../incidents/incident/changes/people.ts';
import { LONGEST_DURATION_MS, parseDuration } from '../../../../slo/spec/durations.ts';
import { durationArgument, wordArgument } from '../../../arguments.ts';
import type { IncidentCommands, WriterFlags } from '../session.ts';
import { addVerb } from '../verb.ts';

/** Adds `assign`. */
export function addAssign(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly release?: true }>(commands, commands.group, {
    name: 'assign',
    description: 'Give somebody a role, or take it back.',
    words: ['<role>', '<person>'],
    options: [new Option('--release', 'they do not have it any more')],
    help: `Roles: ${incidentRoles.join(', ')}.`,
    examples: ['assign commander alice', 'assign investigator bob --release'],
    command: ({ words: [role, person], flags: { release } }) => ({ do: 'assign', role, person, release }),
  });
}

/** Adds `contacted`. */
export function addContacted(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly notReached?: true; readonly text?: string }>(commands, commands.group, {
    name: 'contacted',
    description: 'Say who was told, or could not be reached.',
    words: ['<contact>'],
    options: [
      new Option('--not-reached', 'they could not be reached'),
      new Option('--text <text>', 'by which way, and what they said').argParser(wordArgument),
    ],
    examples: ["contacted support --text 'by phone; they put up the banner'", 'contacted bob --not-reached'],
    command: ({ words: [contact], flags: { notReached, text } }) => ({
      do: 'contacted',
      contact,
      reached: notReached !== true,
      text,
    }),
  });
}

interface UpdateFlags extends WriterFlags {
  readonly eta?: Eta;
  readonly next?: number;
}

/** When recovery is expected: so long from now, or then. */
type Eta = { readonly inMs: number } | { readonly at: number };

/** Adds `update`. */
export function addUpdate(commands: IncidentCommands): void {
  addVerb<UpdateFlags>(commands, commands.group, {
    name: 'update',
    description: 'Tell those outside how it stands.',
    words: ['<text>'],
    options: [
      new Option('--eta <time>', 'when recovery is expected: 45m, or 2026-02-04T11:30Z').argParser(
        etaArgument,
      ),
      new Option('--next <duration>', 'when the next update is due, such as 30m').argParser(durationArgument),
    ],
    examples: ["update 'we are rolling back; checkout may fail until then' --eta 20m --next 15m"],
    command: ({ words: [text], flags: { eta, next }, now }) => ({
      do: 'update',
      text,
      expectedRecoveryAt: eta === undefined ? undefined : 'at' in eta ? eta.at : now + eta.inMs,
      nextUpdateMs: next,
    }),
  });
}

/** Adds `decision ask` and `decision made`. */
export function addDecision(commands: IncidentCommands): void {
  const decision = commands.group
    .command('decision')
    .description('Decisions that need somebody with authority, and what they knew.');
  addVerb<WriterFlags & { readonly authority?: string }>(commands, decision, {
    name: 'ask',
    description: 'Record a decision that is needed.',
    words: ['<question>'],
    options: [new Option('--authority <name>', 'who may decide it').argParser(wordArgument)],
    examples: ["ask 'may we drop the queue, and 300 mails with it?' --authority carol"],
    command: ({ words: [question], flags: { authority } }) => ({
      do: 'decision-needed',
      question,
      authority,
    }),
  });
  addVerb<WriterFlags & { readonly knew?: string }>(commands, decision, {
    name: 'made',
    description: 'Record what was decided; --by says who did.',
    words: ['<id>', '<answer>'],
    options: [new Option('--knew <text>', 'what they knew; must be given').argParser(wordArgument)],
    examples: ["made q-3fa9 'yes' --by carol --knew 'the mails can be sent again from orders'"],
    part: { word: 0 },
    command: ({ words: [id, answer], flags: { knew } }) => ({ do: 'decide', decision: id, answer, knew }),
  });
}

function etaArgument(text: string): Eta {
  const inMs = parseDuration(text.trim());
  if (inMs !== undefined && inMs > 0 && inMs <= LONGEST_DURATION_MS) return { inMs };
  // Without a zone it would be this machine's own, which whoever reads it need not share.
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/i.test(text.trim())
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError(
      'Write a duration such as 45m, or a time with its zone such as 2026-02-04T11:30Z.',
    );
  }
  return { at };
}
