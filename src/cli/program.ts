import { Command, CommanderError } from 'commander';
import { isBreakwaterError } from '../core/errors.ts';
import { printable } from '../slo/spec/problems.ts';
import { VERSION } from '../version.ts';
import { withCommandsAsCalled } from './called.ts';
import { addDrillCommand } from './commands/drill/index.ts';
import { addIncidentCommands } from './commands/incident/index.ts';
import { addSloCommands } from './commands/slo/index.ts';
import { type CommandContext, CommandFailure, type ExitCode } from './context.ts';
import { styled } from './terminal.ts';

/** Help is not folded to less, nor to more. */
const HELP_WIDTH = { least: 60, most: 110 };

/** Runs a command line. Never rejects: what goes wrong is printed, and told by the exit code. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let exitCode: ExitCode = 2;
  const written: Promise<void>[] = [];
  const { program, failures } = createProgram(context, written, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    exitCode = failures(error);
  }
  // What commander printed: its help and its errors.
  const outcomes = await Promise.allSettled(written);
  return outcomes.some(({ status }) => status === 'rejected') ? 2 : exitCode;
}

function createProgram(
  context: CommandContext,
  written: Promise<void>[],
  finish: (code: ExitCode) => void,
): { readonly program: Command; readonly failures: (error: unknown) => ExitCode } {
  const { out, err } = context;
  const helpWidth = (columns = 80) => Math.min(HELP_WIDTH.most, Math.max(HELP_WIDTH.least, columns));
  const program = new Command('breakwater')
    .description('Incidents, drills, objectives, rules and release gates for what breakwater measures.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => written.push(out.write(text)),
      writeErr: (text) => written.push(err.write(text)),
      outputError: (text, write) => write(withoutSecrets(text)),
      getOutHelpWidth: () => helpWidth(out.columns),
      getErrHelpWidth: () => helpWidth(err.columns),
      getOutHasColors: () => out.colors,
      getErrHasColors: () => err.colors,
    })
    .showHelpAfterError('(--help says more)');
  addIncidentCommands(program, context, finish);
  addDrillCommand(program, context, finish);
  addSloCommands(program, context, finish);

  const failures = (error: unknown): ExitCode => {
    // Help that was asked for is an answer; help that was printed because nothing was asked is none.
    if (error instanceof CommanderError) {
      return ['commander.helpDisplayed', 'commander.version'].includes(error.code) ||
        (error.code === 'commander.help' && error.exitCode === 0)
        ? 0
        : 2;
    }
    const { text, exitCode } = failureOf(error);
    const lines = withCommandsAsCalled(text, context.env).split('\n').map(printable).join('\n');
    written.push(err.write(`${styled(err, 'red', 'error:')} ${lines}\n`));
    return exitCode;
  };
  return { program, failures };
}

function failureOf(error: unknown): { readonly text: string; readonly exitCode: ExitCode } {
  if (error instanceof CommandFailure) return { text: error.message, exitCode: error.exitCode };
  // What a file says cannot be said in the format that was asked for, say.
  if (isBreakwaterError(error, 'INVALID_OPTIONS')) return { text: error.message, exitCode: 1 };
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `internal error: ${details}`, exitCode: 2 };
}

/** What commander repeats of the command line, without values of mistyped options and credentials of URLs. */
function withoutSecrets(text: string): string {
  return text.replace(/(unknown option '--?[^'=\s]*)=[\s\S]*'/, "$1'").replace(/\/\/[^\s/'@]*@/g, '//');
}
