import { Option } from 'commander';
import { nameArgument, wordArgument } from '../../../arguments.ts';
import { CommandFailure } from '../../../context.ts';
import type { IncidentCommands, WriterFlags } from '../session.ts';
import { addVerb } from '../verb.ts';

interface JudgeFlags extends WriterFlags {
  readonly reason?: string;
  readonly explains?: readonly string[];
  readonly notExplains?: readonly string[];
}

const reason = () => new Option('-r, --reason <text>', 'why; must be given').argParser(wordArgument);

/** Adds `hypothesis` with what can be done to one. */
export function addHypothesis(commands: IncidentCommands): void {
  const hypothesis = commands.group
    .command('hypothesis')
    .description('What may be the cause: raise it, confirm it, rule it out.');
  addVerb<WriterFlags & { readonly because?: string }>(commands, hypothesis, {
    name: 'add',
    description: 'Raise a hypothesis.',
    words: ['<text>'],
    options: [new Option('--because <text>', 'the reasoning behind it').argParser(wordArgument)],
    examples: ["add 'the migration of 10:00 locks the table' --because 'it began in the same minute'"],
    command: ({ words: [text], flags: { because } }) => ({ do: 'hypothesis', text, reasoning: because }),
  });
  addVerb<WriterFlags & { readonly for?: true; readonly against?: true }>(commands, hypothesis, {
    name: 'evidence',
    description: 'Add what speaks for it or against it.',
    words: ['<id>', '<text>'],
    options: [
      new Option('--for', 'it speaks for it').conflicts('against'),
      new Option('--against', 'it speaks against it'),
    ],
    examples: ["evidence h-3fa9 'pg_locks has 40 waiters' --for"],
    part: { word: 0 },
    command: ({ words: [id, text], flags }) => {
      if (flags.for === undefined && flags.against === undefined) {
        throw new CommandFailure('say whether it speaks --for the hypothesis or --against it');
      }
      return { do: 'evidence', hypothesis: id, text, supports: flags.for === true };
    },
  });
  addVerb<JudgeFlags>(commands, hypothesis, {
    name: 'confirm',
    description: 'Say that it is the cause, and what it does not explain.',
    words: ['<id>'],
    options: [
      reason(),
      new Option('--explains <id>', 'an observation that it explains; may be repeated').argParser(
        nameArgument,
      ),
      new Option('--not-explains <id>', 'one that it does not explain; may be repeated').argParser(
        nameArgument,
      ),
    ],
    help: 'Each observation must be named by --explains or --not-explains; "breakwater\nincident show" has their ids.',
    examples: ["confirm h-3fa9 --reason 'reproduced on staging' --explains o-12ab --not-explains o-77f0"],
    part: { word: 0 },
    command: ({ words: [id], flags }) => ({
      do: 'judge',
      hypothesis: id,
      verdict: 'confirmed',
      reason: flags.reason,
      explains: flags.explains,
      doesNotExplain: flags.notExplains,
    }),
  });
  for (const { name, verdict, description, example } of [
    {
      name: 'rule-out',
      verdict: 'ruled-out',
      description: 'Say that it is not the cause.',
      example: "rule-out h-3fa9 --reason 'it goes on with the migration stopped'",
    },
    {
      name: 'reopen',
      verdict: 'open',
      description: 'Take the verdict on it back.',
      example: "reopen h-3fa9 --reason 'the test was on the wrong version'",
    },
  ]) {
    addVerb<JudgeFlags>(commands, hypothesis, {
      name,
      description,
      words: ['<id>'],
      options: [reason()],
      examples: [example],
      part: { word: 0 },
      command: ({ words: [id], flags }) => ({ do: 'judge', hypothesis: id, verdict, reason: flags.reason }),
    });
  }
}

/** Adds `reproduce`. */
export function addReproduce(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly onVersion?: string; readonly failed?: true }>(commands, commands.group, {
    name: 'reproduce',
    description: 'Record that it was reproduced, or could not be, and how.',
    words: ['<how>'],
    options: [
      new Option('--on-version <version>', 'of the application; must be given').argParser(wordArgument),
      new Option('--failed', 'it could not be reproduced'),
    ],
    examples: ["reproduce 'ten parallel checkouts on staging' --on-version 1.4.3"],
    command: ({ words: [how], flags: { onVersion, failed } }) => ({
      do: 'reproduce',
      reproduced: failed !== true,
      how,
      version: onVersion,
    }),
  });
}

/** Adds `try` and `outcome`. */
export function addTry(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly hypothesis?: string; readonly stopgap?: true }>(commands, commands.group, {
    name: 'try',
    description: 'Record a mitigation that is tried to see what happens.',
    words: ['<what>'],
    options: [
      new Option('--hypothesis <id>', 'the hypothesis that it tests').argParser(wordArgument),
      new Option('--stopgap', 'it must be undone later, or become an action'),
    ],
    examples: ["try 'pool raised to 40 on shop-3' --hypothesis h-3fa9 --stopgap"],
    command: ({ words: [text], flags: { hypothesis, stopgap } }) => ({
      do: 'try',
      text,
      hypothesis,
      stopgap,
    }),
  });
  addVerb<WriterFlags>(commands, commands.group, {
    name: 'outcome',
    description: 'Say what a mitigation did, or that it was undone.',
    words: ['<id>', '<outcome>', '<text>'],
    help: 'Outcomes: helped, no-effect, made-worse, undone.',
    examples: ["outcome m-3fa9 helped 'errors fell from 40% to 3%'"],
    part: { word: 0 },
    command: ({ words: [id, outcome, text] }) => ({ do: 'outcome', mitigation: id, outcome, text }),
  });
}
