import { CommandFailure } from '../../context.ts';
import { printWarnings } from '../../warnings.ts';
import { stillFailing, writtenText } from './page/written.ts';
import { jsonText } from './print.ts';
import type { IncidentCommands, IncidentSession, WriterFlags, Written } from './session.ts';

/**
 * Tells what a command came to.
 *
 * @throws {CommandFailure} with exit code 1, once that is told, when it did not come to what was asked
 */
export async function tell(
  { context, finish }: Pick<IncidentCommands, 'context' | 'finish'>,
  session: IncidentSession,
  written: Written,
  { json }: WriterFlags,
): Promise<void> {
  await context.out.write(
    json
      ? jsonText(written.after)
      : writtenText(context.out, written, await session.pageOptions(written.after.id)),
  );
  const warning = json ? stillFailing(written) : undefined;
  if (warning !== undefined) await printWarnings(context, [warning]);
  if (written.inVain !== undefined) throw new CommandFailure(written.inVain, 1);
  finish(0);
}
