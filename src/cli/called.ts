/** What this command is called. */
const COMMAND = 'breakwater';

/** How the command was called, as far as the environment says: what is printed to be copied begins with it. */
export function calledAs(env: Readonly<Record<string, string | undefined>>): string {
  // npm, and what stands in for it, put the command on the path of what they start only.
  if (env.npm_command !== 'exec' && env.npm_command !== 'run-script') return COMMAND;
  return /pnpm[^/\\]*$/.test(env.npm_execpath ?? '') ? `pnpm exec ${COMMAND}` : `npx ${COMMAND}`;
}

/** A text with the commands that it quotes as they are to be called. */
export function withCommandsAsCalled(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return text.replaceAll(`"${COMMAND} `, () => `"${calledAs(env)} `);
}
