import { Option } from 'commander';
import { severities } from '../../../../incidents/incident/severity.ts';
import { nameArgument, wordArgument } from '../../../arguments.ts';
import type { IncidentCommands, WriterFlags } from '../session.ts';
import { addVerb } from '../verb.ts';

interface ReasonFlags extends WriterFlags {
  readonly reason?: string;
}

interface StepFlags extends ReasonFlags {
  readonly waive?: readonly string[];
  readonly waiveReason?: string;
}

const reasonOption = (what: string) => new Option('-r, --reason <text>', what).argParser(wordArgument);

const waiveOptions = () => [
  new Option('--waive <item>', 'do without this item of the checklists; may be repeated').argParser(
    nameArgument,
  ),
  new Option('--waive-reason <text>', 'why that may be done').argParser(wordArgument),
];

const gateHelp =
  'Items of the checklists stand before it. Where some are open the command names\nthem, and exits with 1. "breakwater incident check" shows the checklists, and\nsays that an item is done.';

const waived = ({ waive, waiveReason }: StepFlags) => ({ waive, waiveReason });

/** Adds `ack`. */
export function addAck(commands: IncidentCommands): void {
  addVerb<WriterFlags>(commands, commands.group, {
    name: 'ack',
    description: 'Say that you work on it.',
    examples: ['ack', 'ack 001-9f3a --by alice'],
    command: () => ({ do: 'acknowledge' }),
  });
}

/** Adds `mitigated`. */
export function addMitigated(commands: IncidentCommands): void {
  addVerb<StepFlags>(commands, commands.group, {
    name: 'mitigated',
    description: 'Say that callers are served again, if by a stopgap.',
    words: ['<how>'],
    options: waiveOptions(),
    help: gateHelp,
    examples: ["mitigated 'rolled back to 1.4.2'"],
    command: ({ words: [reason], flags }) => ({ do: 'mitigated', reason, ...waived(flags) }),
  });
}

/** Adds `resolve`. */
export function addResolve(commands: IncidentCommands): void {
  addVerb<StepFlags>(commands, commands.group, {
    name: 'resolve',
    description: 'Say that the cause is gone.',
    options: [reasonOption('how it was repaired'), ...waiveOptions()],
    help: gateHelp,
    examples: [
      "resolve --reason 'the index is back'",
      "resolve --waive impact.policy.search --waive-reason 'search is switched off'",
    ],
    command: ({ flags }) => ({ do: 'resolve', reason: flags.reason, ...waived(flags) }),
  });
}

/** Adds `close`. */
export function addClose(commands: IncidentCommands): void {
  addVerb<StepFlags>(commands, commands.group, {
    name: 'close',
    description: 'Say that nothing is left but the actions that are written down.',
    options: [reasonOption('what is worth saying of it'), ...waiveOptions()],
    help: gateHelp,
    examples: ['close 001-9f3a'],
    unnamed: 'resolved',
    command: ({ flags }) => ({ do: 'close', reason: flags.reason, ...waived(flags) }),
  });
}

/** Adds `reopen`. */
export function addReopen(commands: IncidentCommands): void {
  addVerb<WriterFlags>(commands, commands.group, {
    name: 'reopen',
    description: 'Say that it is not over after all.',
    words: ['<reason>'],
    examples: ["reopen 001-9f3a 'the errors are back since 10:40'"],
    unnamed: 'resolved',
    command: ({ words: [reason] }) => ({ do: 'reopen', reason }),
  });
}

/** Adds `severity`. */
export function addSeverity(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly why?: string }>(commands, commands.group, {
    name: 'severity',
    description: 'Set how bad it is.',
    words: [`<${severities.join('|')}>`],
    options: [new Option('--why <text>', 'why; must be given').argParser(wordArgument)],
    examples: ["severity critical --why 'no customer can pay'"],
    command: ({ words: [word = ''], flags: { why } }) => ({
      do: 'severity',
      severity: severities.find((severity) => severity.toLowerCase() === word.toLowerCase()) ?? word,
      why,
    }),
  });
}
