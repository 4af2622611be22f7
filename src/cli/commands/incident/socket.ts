import { type Command, Option } from 'commander';
import { ControlFailure, callControl } from '../../../incidents/control/client.ts';
import { findSockets } from '../../../incidents/control/found-sockets.ts';
import { durationOption, wordArgument } from '../../arguments.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { withProgress } from '../../progress.ts';
import { SOCKET_VARIABLE, socketOf } from '../drill/socket.ts';
import { type Recoveries, recoveries } from './page/options.ts';
import { quoted } from './print.ts';
import { directoryOption } from './session.ts';

/** What a command that talks to the running application may be told. */
export interface SocketFlags {
  readonly socket?: string;
  readonly directory?: string;
  readonly timeout: number;
}

/** Adds the options of a command that talks to the running application. */
export function withSocketOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--socket <path>',
        `the application's incidents.control.socket (default: $${SOCKET_VARIABLE}, or the one found by the journal)`,
      ).argParser(wordArgument),
    )
    .addOption(directoryOption())
    .addOption(durationOption('--timeout <duration>', 'how long to wait for the application', '10s'));
}

/** What a command that is to be copied must say of where the application is. */
export function socketSuffix({ socket, directory }: SocketFlags): string {
  if (socket !== undefined) return ` --socket ${quoted(socket)}`;
  return directory === undefined ? '' : ` --directory ${quoted(directory)}`;
}

/**
 * Asks the running application.
 *
 * @throws {CommandFailure} with exit code 1 when it refuses, 2 when it cannot be asked
 */
export async function askApplication(
  context: CommandContext,
  flags: SocketFlags,
  method: string,
  params: unknown,
): Promise<unknown> {
  const socket = await socketOf(context, flags);
  try {
    const answer = callControl(socket, method, params, { timeoutMs: flags.timeout });
    return await withProgress(context.err, `Waiting for ${socket}`, answer);
  } catch (error) {
    if (!(error instanceof ControlFailure)) throw error;
    throw new CommandFailure(error.message, error.kind === 'refused' ? 1 : 2);
  }
}

/** Nobody waits longer for what is only good to have, in milliseconds. */
const BRIEFLY_MS = 1_000;
/** Nor asks more instances for it. */
const MOST_ASKED = 4;

/** What an application that runs on this journal says can be done; `undefined` where none answers soon. */
export async function offeredFor(directory: string, incident: string): Promise<Recoveries | undefined> {
  const found = await findSockets(directory).catch(() => []);
  for (const { socket } of found.slice(0, MOST_ASKED)) {
    const answer = callControl(socket, 'recovery', { id: incident }, { timeoutMs: BRIEFLY_MS });
    const { data } = recoveries.safeParse(await answer.catch(() => undefined));
    if (data !== undefined) return data;
  }
  return undefined;
}
