import type { CommandContext } from '../../context.ts';
import { styled } from '../../terminal.ts';

/** What is answered by those who mean it. */
const YES = /^\s*y(es)?\s*$/i;

/** Whether the one at the terminal says yes; `undefined` where nobody is there to be asked. */
export async function confirmed({ stdin, err }: CommandContext): Promise<boolean | undefined> {
  if (!err.isTTY || !('isTTY' in stdin) || stdin.isTTY !== true) return undefined;
  await err.write(`${styled(err, 'bold', 'Begin?')} Type yes: `);
  let answer = '';
  for await (const chunk of stdin) {
    answer += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    if (answer.includes('\n') || answer.length > 1_000) break;
  }
  return YES.test(answer);
}
