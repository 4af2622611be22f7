import { resolve } from 'node:path';
import { findSockets } from '../../../incidents/control/found-sockets.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { JOURNAL_VARIABLE } from '../../journal.ts';

/** Names the application's socket where no option does. */
export const SOCKET_VARIABLE = 'BREAKWATER_SOCKET';

/**
 * The socket of the application that is meant. What options say goes before what the environment says, and a socket
 * before a folder.
 *
 * @throws {CommandFailure} when none is, or more than one may be
 */
export async function socketOf(
  context: Pick<CommandContext, 'cwd' | 'env'>,
  flags: { readonly socket?: string; readonly directory?: string },
): Promise<string> {
  const { cwd } = context;
  const { socket, directory } = meant(context, flags);
  if (socket !== undefined) return resolve(cwd, socket);
  if (directory === undefined) {
    throw new CommandFailure(
      'nobody knows which application is meant; --socket PATH or --directory FOLDER says it',
    );
  }
  const found = await findSockets(resolve(cwd, directory));
  const [first, ...others] = found;
  if (first === undefined) {
    throw new CommandFailure(
      `no instance that keeps its incidents in ${directory} has a socket open; does the application run, with incidents: { control: { socket } }?`,
    );
  }
  if (others.length === 0) return first.socket;
  const list = found
    .map((one) => `\n  --socket ${one.socket}  (${one.instance}, process ${one.pid})`)
    .join('');
  throw new CommandFailure(`${found.length} instances run; choose one:${list}`);
}

function meant(
  { env }: Pick<CommandContext, 'env'>,
  { socket, directory }: { readonly socket?: string; readonly directory?: string },
): { readonly socket?: string; readonly directory?: string } {
  if (socket !== undefined) return { socket };
  if (directory !== undefined) return { directory };
  const [named, journal] = [env[SOCKET_VARIABLE], env[JOURNAL_VARIABLE]];
  if (named) return { socket: named };
  return journal ? { directory: journal } : {};
}
