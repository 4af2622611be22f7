import { Option } from 'commander';
import { wordArgument } from '../../../arguments.ts';
import { CommandFailure } from '../../../context.ts';
import type { IncidentCommands, WriterFlags } from '../session.ts';
import { addVerb } from '../verb.ts';

/** Adds `runbook`. */
export function addRunbook(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly text?: string }>(commands, commands.group, {
    name: 'runbook',
    description: 'Say how far the work by a runbook is, step by step.',
    words: ['<runbook>', '<step>', '<state>'],
    options: [new Option('--text <text>', 'what was seen').argParser(wordArgument)],
    help: 'States: rehearsed, started, checked, surprise, resumed. A surprise halts the\nwork until "resumed" says why it may go on.',
    examples: [
      'runbook failover 1 started',
      "runbook failover 1 surprise --text 'the replica is 40 s behind'",
    ],
    command: ({ words: [runbook, step = '', state], flags: { text } }) => ({
      do: 'runbook-step',
      runbook,
      step: stepNumber(step),
      state,
      text,
    }),
  });
}

function stepNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new CommandFailure(`'${text}' is no step of a runbook: write its number, 1 for the first`);
}
