import { printable } from '../slo/spec/problems.ts';
import type { CommandContext } from './context.ts';
import { styled } from './terminal.ts';

/** Prints warnings on stderr, where they do not get into a result. */
export async function printWarnings({ err }: CommandContext, warnings: readonly string[]): Promise<void> {
  const lines = warnings.map((warning) => `${styled(err, 'yellow', 'warning:')} ${printable(warning)}\n`);
  await err.write(lines.join(''));
}
