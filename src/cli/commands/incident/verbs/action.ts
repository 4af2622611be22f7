import { Option } from 'commander';
import { actionHorizons, actionKinds } from '../../../../incidents/incident/changes/people.ts';
import { wordArgument } from '../../../arguments.ts';
import type { IncidentCommands, WriterFlags } from '../session.ts';
import { addVerb } from '../verb.ts';

interface PeopleFlags extends WriterFlags {
  readonly owner?: string;
  readonly checker?: string;
  readonly due?: string;
}

interface ActionFlags extends PeopleFlags {
  readonly kind: string;
  readonly horizon: string;
  readonly twoPeople?: true;
  readonly undoes?: string;
}

interface MoveFlags extends WriterFlags {
  readonly reason?: string;
}

const peopleOptions = () => [
  new Option('--owner <name>', 'who does it').argParser(wordArgument),
  new Option('--checker <name>', 'who checks it').argParser(wordArgument),
  new Option('--due <day>', 'by when, such as 2026-03-01').argParser(wordArgument),
];

/** What becomes of an action, but for who does it. */
const moves = [
  { name: 'done', description: 'Say that it is done.' },
  { name: 'checked', description: 'Say that what was done is checked; --by says who did.' },
  { name: 'drop', to: 'dropped', description: 'Say that it will not be done, and why.' },
  { name: 'reopen', to: 'open', description: 'Say that it is to be done after all.' },
] as const;

/** Adds `action` with what can be done to one. */
export function addAction(commands: IncidentCommands): void {
  const action = commands.group
    .command('action')
    .description('What is to be done: add it, assign it, say that it is done.');
  addVerb<ActionFlags>(commands, action, {
    name: 'add',
    description: 'Add an action.',
    words: ['<text>'],
    options: [
      new Option('--kind <kind>', 'what it is good for').choices(actionKinds).default('prevent'),
      new Option('--horizon <time>', 'by when it should be done').choices(actionHorizons).default('week'),
      ...peopleOptions(),
      new Option('--two-people', 'another than its owner must check it'),
      new Option('--undoes <id>', 'the stopgap that it undoes').argParser(wordArgument),
    ],
    examples: ["add 'time out lock waits after 2 s' --owner alice --checker bob --due 2026-03-01"],
    unnamed: 'resolved',
    command: ({ words: [text], flags }) => ({
      do: 'action',
      text,
      kind: flags.kind,
      horizon: flags.horizon,
      owner: flags.owner,
      checker: flags.checker,
      due: flags.due,
      twoPeople: flags.twoPeople,
      mitigation: flags.undoes,
    }),
  });
  addVerb<PeopleFlags>(commands, action, {
    name: 'assign',
    description: 'Say who does it, who checks it, and by when.',
    words: ['<id>'],
    options: peopleOptions(),
    examples: ['assign a-3fa9 --owner alice --due 2026-03-01'],
    part: { word: 0 },
    unnamed: 'resolved',
    command: ({ words: [id], flags: { owner, checker, due } }) => ({
      do: 'move-action',
      action: id,
      to: 'assigned',
      owner,
      checker,
      due,
    }),
  });
  for (const move of moves) {
    addVerb<MoveFlags>(commands, action, {
      name: move.name,
      description: move.description,
      words: ['<id>'],
      options: [new Option('-r, --reason <text>', 'why').argParser(wordArgument)],
      examples: [`${move.name} a-3fa9${move.name === 'drop' ? " --reason 'the service is going away'" : ''}`],
      part: { word: 0 },
      unnamed: 'resolved',
      command: ({ words: [id], flags: { reason } }) => ({
        do: 'move-action',
        action: id,
        to: 'to' in move ? move.to : move.name,
        reason,
      }),
    });
  }
}
