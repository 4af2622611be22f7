import { Command } from 'commander';
import type { CommandContext, ExitCode } from '../../context.ts';
import { JOURNAL_VARIABLE } from '../../journal.ts';
import { addActions } from './actions.ts';
import { addCheck } from './check.ts';
import { addDeclare } from './declare.ts';
import { addLint } from './lint.ts';
import { addList } from './list.ts';
import { addPostmortem } from './postmortem.ts';
import { addExplain, addRecovery } from './recovery.ts';
import { addSearch } from './search.ts';
import { BY_VARIABLE, type IncidentCommands } from './session.ts';
import { addShow } from './show.ts';
import { addAction } from './verbs/action.ts';
import { addHypothesis, addReproduce, addTry } from './verbs/cause.ts';
import { addAck, addClose, addMitigated, addReopen, addResolve, addSeverity } from './verbs/life.ts';
import { addAssign, addContacted, addDecision, addUpdate } from './verbs/people.ts';
import { addAffected, addData, addLearned, addNote, addObserve, addWarRoom } from './verbs/record.ts';
import { addRunbook } from './verbs/runbook.ts';

const help = `
INC is the id of an incident, or what one of its parts begins with, such as
001-9f3a: 3 characters or more; or its policy. What writes means open incidents
first. It comes before all other words, and may be left out where only one is
open. The journal is the folder that the application has as
incidents.directory; say it with --directory or ${JOURNAL_VARIABLE}. Who
you are is --by, ${BY_VARIABLE} or your user name. The application may
run or not: it sees what you write within a second.

Exit codes: 0 done, or yes; 1 no: nothing found, something stands before the
step, the text lacks something; 2 it could not be done.

At 3 a.m.:
  breakwater incident show               what is hurt, and what to do next
  breakwater incident ack                you work on it; escalation stops
  breakwater incident recovery           the runbook, and what can be switched
  breakwater incident note 'what I see'  on the timeline and in the post-mortem
  breakwater incident mitigated 'how'    callers are served again`;

/** The groups of its help, and what stands in each, in order. */
const groups: readonly (readonly [string, readonly ((commands: IncidentCommands) => void)[]])[] = [
  [
    'Every day:',
    [
      addList,
      addShow,
      addDeclare,
      addAck,
      addNote,
      addUpdate,
      addCheck,
      addMitigated,
      addResolve,
      addClose,
      addReopen,
    ],
  ],
  ['Who:', [addAssign, addContacted, addWarRoom, addDecision]],
  ['What is hurt:', [addSeverity, addAffected, addData]],
  ['The cause:', [addObserve, addHypothesis, addReproduce]],
  ['The way out:', [addRecovery, addRunbook, addTry]],
  ['Afterwards:', [addAction, addActions, addLearned, addPostmortem, addLint, addSearch, addExplain]],
];

/** Adds `breakwater incident`. */
export function addIncidentCommands(
  program: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  const group = program
    .command('incident')
    .description('Incidents: what is open, what to do, who does it, what was learned.')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpCommand(
      new Command('help')
        .argument('[command]')
        .description('Print the help of a command.')
        .helpGroup('Every day:'),
    )
    .addHelpText('after', help);
  for (const [heading, members] of groups) {
    group.commandsGroup(heading);
    for (const add of members) add({ group, context, finish });
  }
}
