import { type CommandContext, CommandFailure } from './context.ts';

/**
 * The name of who runs the command, from the operating system.
 *
 * @param option the option that says it otherwise, for the message
 * @throws {CommandFailure} when nobody knows
 */
export function userOf({ userName, env }: CommandContext, option = '--by'): string {
  try {
    return userName();
  } catch {
    // A container's user may have no name.
    const name = env.USER || env.LOGNAME;
    if (name) return name;
    throw new CommandFailure(`nobody knows who you are; ${option} says it`);
  }
}
