import { Option } from 'commander';
import { wordArgument } from '../../../arguments.ts';
import type { IncidentCommands, WriterFlags } from '../session.ts';
import { addVerb } from '../verb.ts';

/** Adds `note`. */
export function addNote(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly deadEnd?: true }>(commands, commands.group, {
    name: 'note',
    description: 'Put a note on the timeline; dead ends are worth one too.',
    words: ['<text>'],
    options: [new Option('--dead-end', 'it was looked at and is not the cause')],
    examples: [
      "note 'the pool of shop-3 is full since 10:02'",
      "note --dead-end 'disk latency: no trace there'",
      'note 001-9f3a - < findings.txt',
    ],
    command: ({ words: [text], flags: { deadEnd } }) => ({ do: 'note', text, deadEnd }),
  });
}

/** Adds `observe`. */
export function addObserve(commands: IncidentCommands): void {
  addVerb<WriterFlags>(commands, commands.group, {
    name: 'observe',
    description: 'Record a fact that a cause must explain.',
    words: ['<fact>'],
    examples: ["observe 'only writes fail; reads are fine'"],
    command: ({ words: [text] }) => ({ do: 'observe', text }),
  });
}

/** Adds `affected`. */
export function addAffected(commands: IncidentCommands): void {
  addVerb<WriterFlags & { readonly users?: string; readonly scope?: string }>(commands, commands.group, {
    name: 'affected',
    description: 'Say who and what is hurt; replaces what was said before.',
    options: [
      new Option('--users <text>', 'which users, and how many').argParser(wordArgument),
      new Option('--scope <text>', 'which features, regions, versions').argParser(wordArgument),
    ],
    examples: ["affected --users 'about 1,200 in eu-west' --scope 'checkout only'"],
    command: ({ flags: { users, scope } }) => ({ do: 'affected', users, scope }),
  });
}

/** Adds `war-room`. */
export function addWarRoom(commands: IncidentCommands): void {
  addVerb<WriterFlags>(commands, commands.group, {
    name: 'war-room',
    description: 'Say where people meet.',
    words: ['<url>'],
    examples: ['war-room https://meet.example.com/inc-001'],
    command: ({ words: [url] }) => ({ do: 'war-room', url }),
  });
}

/** Adds `data needed` and `data repaired`. */
export function addData(commands: IncidentCommands): void {
  const data = commands.group.command('data').description('Data that must be repaired, and that it was.');
  addVerb<WriterFlags>(commands, data, {
    name: 'needed',
    description: 'Record data that must be repaired.',
    words: ['<what>'],
    examples: ["needed 'orders 4711 to 4780 were charged twice'"],
    command: ({ words: [text] }) => ({ do: 'data-to-repair', text }),
  });
  addVerb<WriterFlags & { readonly text?: string }>(commands, data, {
    name: 'repaired',
    description: 'Say that data is repaired.',
    words: ['<id>'],
    options: [new Option('--text <text>', 'how').argParser(wordArgument)],
    examples: ["repaired d-3fa9 --text 'refunded by script, checked by bob'"],
    part: { word: 0 },
    unnamed: 'resolved',
    command: ({ words: [repair], flags: { text } }) => ({ do: 'data-repaired', repair, text }),
  });
}

/** Adds `learned` and `why`. */
export function addLearned(commands: IncidentCommands): void {
  const evidence = () =>
    new Option('--evidence <text>', 'what shows it: a graph, a log, a commit').argParser(wordArgument);
  addVerb<WriterFlags & { readonly evidence?: string }>(commands, commands.group, {
    name: 'learned',
    description: 'Record what was learned, for the post-mortem.',
    words: ['<topic>', '<text>'],
    options: [evidence()],
    help: 'Topics: summary, root-cause, contributing, went-well, went-badly, lucky, thanks,\naccepted-risk, second-stage, why.',
    examples: ["learned went-well 'the stale cache kept product pages up'"],
    unnamed: 'resolved',
    command: ({ words: [topic, text], flags }) => ({
      do: 'learned',
      topic,
      text,
      evidence: flags.evidence,
    }),
  });
  addVerb<WriterFlags & { readonly evidence?: string }>(commands, commands.group, {
    name: 'why',
    description: 'Answer the next of the five whys.',
    words: ['<answer>'],
    options: [evidence()],
    examples: ["why 'the migration locked the table' --evidence 'pg_locks at 10:01'"],
    unnamed: 'resolved',
    command: ({ words: [text], flags }) => ({ do: 'learned', topic: 'why', text, evidence: flags.evidence }),
  });
}
