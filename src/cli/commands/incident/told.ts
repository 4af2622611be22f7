import { CommandFailure } from '../../context.ts';
import { writtenText } from './page/written.ts';
import { jsonText } from './print.ts';
import type { IncidentCommands, IncidentSession, WriterFlags, Written } from './session.ts';

/**
 * Tells what a command came to.
 *
 * @throws {CommandFailure} with exit code 1, once that is told, when it did not come to what was asked
 */
export async function tell(
  { context, finish }: Pick<IncidentCommands, 'context' | 'finish'>,
  { suffix }: IncidentSession,
  written: Written,
  { json }: WriterFlags,
): Promise<void> {
  await context.out.write(
    json ? jsonText(written.after) : writtenText(context.out, written, { now: context.now(), suffix }),
  );
  if (written.inVain !== undefined) throw new CommandFailure(written.inVain, 1);
  finish(0);
}
