import { type Command, Option } from 'commander';
import { isBreakwaterError } from '../../../core/errors.ts';
import { parseOptions } from '../../../core/options.ts';
import { IncidentIds } from '../../../incidents/incident/incident-id.ts';
import type { Severity } from '../../../incidents/incident/severity.ts';
import { isOpen } from '../../../incidents/incident/status.ts';
import { declarationSchema } from '../../../incidents/incidents.ts';
import { needed, wordArgument } from '../../arguments.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { readInput, STANDARD_STREAM } from '../../files.ts';
import { printWarnings } from '../../warnings.ts';
import { beginning, type Declaration, joining, policyHint } from './declaration.ts';
import { oneSeverity } from './list.ts';
import { writtenText } from './page/written.ts';
import { jsonText, newPartId } from './print.ts';
import {
  authorOf,
  type IncidentCommands,
  IncidentSession,
  type WriterFlags,
  type Written,
  withWriterOptions,
} from './session.ts';

interface DeclareFlags extends WriterFlags {
  readonly policy?: string;
  readonly summary?: string;
  readonly severity?: Severity;
}

const help = `
Where one is open for the policy already, it is added to that one. An
application that runs on the same journal takes a new incident over within about
a second, and tells its sinks.

Example:
  breakwater incident declare -p database -s high -m 'orders are missing'`;

/** Adds `declare`. */
export function addDeclare({ group, context, finish }: IncidentCommands): void {
  const declare: Command = group
    .command('declare')
    .description('Declare an incident by hand.')
    .option('-p, --policy <name>', 'the policy that it is about', wordArgument)
    .option('-m, --summary <text>', 'what is the matter, in one sentence; - reads stdin', wordArgument)
    .addOption(
      new Option('-s, --severity <severity>', 'critical, high, medium or low (default: medium)').argParser(
        oneSeverity,
      ),
    );
  withWriterOptions(declare)
    .addHelpText('after', help)
    .action(async (flags: DeclareFlags) => {
      const declaration = await declarationOf(context, flags);
      const session = await IncidentSession.open(context, flags);
      const { text, written } = await record(session, declaration);
      const options = { now: context.now(), suffix: session.suffix };
      await context.out.write(
        flags.json ? jsonText(written.after) : `${text}${writtenText(context.out, written, options)}`,
      );
      finish(0);
    });
}

async function declarationOf(context: CommandContext, flags: DeclareFlags): Promise<Declaration> {
  const policy = needed(flags.policy, '--policy <name>');
  const given = needed(flags.summary, '--summary <text>');
  const summary = given === STANDARD_STREAM ? (await readInput(context, given)).trim() : given;
  const declaration = { policy, summary, severity: flags.severity, by: authorOf(context, flags) };
  try {
    parseOptions(declarationSchema, declaration, '', 'The declaration');
    return declaration;
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) throw new CommandFailure(error.message);
    throw error;
  }
}

async function record(
  session: IncidentSession,
  declaration: Declaration,
): Promise<{ readonly text: string; readonly written: Written }> {
  const { context, journal } = session;
  const incidents = await journal.incidents();
  const ofPolicy = incidents.filter(({ policy, drill }) => policy === declaration.policy && !drill);
  const at = context.now();
  const open = ofPolicy.findLast(({ status }) => isOpen(status));
  if (open !== undefined) {
    await journal.write(open.id, joining(open, declaration, newPartId(open, 'n'), at));
    const after = await session.reread(open.id);
    return { text: 'It is added to the one that is open:\n', written: { before: open, after, added: [] } };
  }
  const hint = policyHint(declaration.policy, incidents);
  if (hint !== undefined) await printWarnings(context, [hint]);
  const id = new IncidentIds().next(at);
  await journal.write(id, beginning(id, declaration, ofPolicy.at(-1), at));
  const after = await session.reread(id);
  return { text: '', written: { before: { ...after, timeline: [] }, after, added: [] } };
}
