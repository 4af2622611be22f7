import { resolve } from 'node:path';
import { findSockets } from '../../../incidents/control/found-sockets.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';

/**
 * The socket of the application that is meant.
 *
 * @throws {CommandFailure} when none is, or more than one may be
 */
export async function socketOf(
  { cwd }: CommandContext,
  { socket, directory }: { readonly socket?: string; readonly directory?: string },
): Promise<string> {
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
