import type { Command } from 'commander';
import type { DrillScenario } from '../../../incidents/drill/scenario.ts';
import { SpecError } from '../../../slo/spec/problems.ts';
import { nameArgument, wordArgument } from '../../arguments.ts';
import { type CommandContext, CommandFailure, type ExitCode } from '../../context.ts';
import { fileName, readInput, STANDARD_STREAM } from '../../files.ts';
import { userOf } from '../../user.ts';
import { playDrill } from './play.ts';
import { socketOf } from './socket.ts';

interface DrillFlags {
  readonly scenario?: string;
  readonly policy?: readonly string[];
  readonly socket?: string;
  readonly directory?: string;
  readonly by?: string;
  readonly anyway?: true;
  readonly yes?: true;
  readonly json?: true;
}

const help = `
The application must run with incidents: { control: { socket }, drills: true }. A drill declares an incident that
counts nowhere and is marked DRILL, opens the circuits of its policies where the scenario says effect: open (the usual),
and undoes all of it when it ends, however it ends: also when this command is killed.

Exit codes: 0 every step was done in time; 1 one was not; 2 the drill could not be played to its end.

Examples:
  breakwater drill --policy database --socket /run/app/breakwater.sock
  breakwater drill --scenario drill.yaml --directory /var/lib/app/incidents --json > drill.json`;

/** Adds `breakwater drill`. */
export function addDrillCommand(
  program: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  program
    .command('drill')
    .description(
      'Play a game day against a running application, and score who was told and who acted, and when.',
    )
    .option('--scenario <file>', 'what to play (YAML); - reads stdin', wordArgument)
    .option(
      '--policy <name>',
      'what to play it on, instead of what the scenario says; may be repeated',
      nameArgument,
    )
    .option('--socket <path>', "the application's control socket (default: $BREAKWATER_SOCKET)", wordArgument)
    .option(
      '--directory <folder>',
      "the application's incidents; finds the sockets of what runs (default: $BREAKWATER_INCIDENTS)",
      wordArgument,
    )
    .option('--by <name>', 'who plays it (default: you)', wordArgument)
    .option('--anyway', 'play it though an incident of one of the policies is open')
    .option('--yes', 'do not ask before real calls are affected')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help)
    .action(async (flags: DrillFlags) => {
      const scenario = await scenarioOf(context, flags);
      const request = {
        scenario,
        by: flags.by?.trim() ?? userOf(context),
        anyway: flags.anyway === true,
      };
      const socket = await socketOf(context, flags);
      finish(
        await playDrill(context, socket, request, {
          yes: flags.yes === true,
          json: flags.json === true,
          asks: flags.scenario !== STANDARD_STREAM,
        }),
      );
    });
}

async function scenarioOf(
  context: CommandContext,
  { scenario: file, policy }: DrillFlags,
): Promise<DrillScenario> {
  if (file === undefined) {
    if (policy === undefined) {
      throw new CommandFailure('nobody knows what to play; --scenario FILE or --policy NAME says it');
    }
    const { completeScenario } = await import('../../../incidents/drill/scenario.ts');
    return completeScenario({ policies: policy });
  }
  const text = await readInput(context, file);
  const { readScenario } = await import('../../../incidents/drill/scenario-file.ts');
  try {
    return readScenario(text, policy);
  } catch (error) {
    if (error instanceof SpecError) {
      throw new CommandFailure(`the scenario cannot be used\n${error.report(fileName(file))}`);
    }
    throw error;
  }
}
