import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import { severities } from '../../../incidents/incident/severity.ts';
import { incidentStatuses } from '../../../incidents/incident/status.ts';
import { recoveryControls } from '../../../incidents/recovery/request.ts';
import { durationArgument, wordArgument } from '../../arguments.ts';
import { calledAs } from '../../called.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { type Choosable, chooseIncident, type Use } from './choose.ts';
import { Page } from './page/layout.ts';
import { recoveries, recoveriesText } from './page/options.ts';
import { steeredText } from './page/written.ts';
import { jsonText, quoted } from './print.ts';
import { authorOf, type IncidentCommands, withByOption } from './session.ts';
import { askApplication, type SocketFlags, socketSuffix, withSocketOptions } from './socket.ts';

interface RecoveryFlags extends SocketFlags {
  readonly by?: string;
  readonly json?: true;
  readonly do?: string;
  readonly end?: string;
  readonly policy?: string;
  readonly limit?: string;
  readonly value?: number;
  readonly for?: number;
  readonly reason?: string;
}

/** Of an incident in an answer, no more than this is relied upon. */
const incidentAnswer = z.custom<IncidentJson>(
  (value) => typeof value === 'object' && value !== null && 'id' in value && 'checklists' in value,
);
/** An incident as it is chosen. */
const summariesAnswer = z.array(
  z.object({
    id: z.string(),
    status: z.enum(incidentStatuses),
    severity: z.enum(severities),
    policy: z.string(),
  }),
);

const help = `
Asks the running application, over the socket that its option
incidents.control.socket opens. Without --do and --end it shows the runbook and
what the application can do, with commands to copy. What is done is recorded on
the incident, and ends by itself.

Exit codes: 0 done; 1 the application refuses; 2 it cannot be asked.

Examples:
  breakwater incident recovery
  breakwater incident recovery --do force-open --for 10m --reason 'it drowns'
  breakwater incident recovery --do change-limit --limit retry.maxRetries --value 0
  breakwater incident recovery --end force-open`;

/** Adds `recovery`. */
export function addRecovery({ group, context, finish }: IncidentCommands): void {
  const recovery = group
    .command('recovery')
    .description('Show the ways out, or take one in the running application.')
    .argument('[INC]', 'its id, what one of its parts begins with, or its policy')
    .addOption(new Option('--do <control>', 'do this now').choices(recoveryControls).conflicts('end'))
    .addOption(new Option('--end <control>', 'end what was begun').choices(recoveryControls))
    .addOption(
      new Option('--for <duration>', 'for so long (default: 15m, at most 1d)').argParser(durationArgument),
    )
    .option('--limit <name>', 'which limit is changed', wordArgument)
    .addOption(new Option('--value <n>', "the limit's new value").argParser(numberArgument))
    .option('--policy <name>', "another policy than the incident's own", wordArgument)
    .option('-r, --reason <text>', 'why', wordArgument);
  withByOption(withSocketOptions(recovery))
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(async (reference: string | undefined, flags: RecoveryFlags) => {
      const control = flags.do ?? flags.end;
      const { id } = await chosen(context, flags, reference, control === undefined ? 'read' : 'write');
      const incident = await ask(context, flags, 'incident.show', { id }, incidentAnswer);
      await context.out.write(
        control === undefined
          ? await shownOptions(context, flags, incident)
          : await done(context, flags, incident, control),
      );
      finish(0);
    });
}

async function shownOptions(
  context: CommandContext,
  flags: RecoveryFlags,
  incident: IncidentJson,
): Promise<string> {
  for (const flag of ['for', 'limit', 'value', 'policy', 'reason'] as const) {
    if (flags[flag] !== undefined) throw new CommandFailure(`--${flag} needs --do or --end`);
  }
  const answer = await ask(context, flags, 'recovery', { id: incident.id }, recoveries);
  if (flags.json) return jsonText(answer);
  const options = { now: context.now(), suffix: socketSuffix(flags), program: calledAs(context.env) };
  const journalSuffix = flags.directory === undefined ? '' : ` --directory ${quoted(flags.directory)}`;
  return recoveriesText(context.out, incident, answer, options, journalSuffix);
}

async function done(
  context: CommandContext,
  flags: RecoveryFlags,
  incident: IncidentJson,
  control: string,
): Promise<string> {
  const request = {
    control,
    by: authorOf(context, flags),
    policy: flags.policy,
    limit: flags.limit,
    value: flags.value,
    forMs: flags.for,
    reason: flags.reason,
    end: flags.end !== undefined,
  };
  await ask(context, flags, 'recover', { id: incident.id, request }, z.unknown());
  const after = await ask(context, flags, 'incident.show', { id: incident.id }, incidentAnswer);
  return flags.json ? jsonText(after) : steeredText(context.out, { before: incident, after, added: [] });
}

/** Adds `explain`. */
export function addExplain({ group, context, finish }: IncidentCommands): void {
  const explain = group
    .command('explain')
    .description('Ask the running application why an incident did or did not notify.')
    .argument('[INC]', 'its id, what one of its parts begins with, or its policy');
  withSocketOptions(explain)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  breakwater incident explain 001-9f3a')
    .action(async (reference: string | undefined, flags: RecoveryFlags) => {
      const { id } = await chosen(context, flags, reference, 'read');
      const answer = await ask(context, flags, 'incident.why', { id }, z.array(z.string()));
      const page = new Page(context.out);
      for (const sentence of answer) page.line({ text: sentence });
      await context.out.write(flags.json ? jsonText(answer) : page.toString());
      finish(0);
    });
}

/** The application's own incidents are asked for, so that its journal need not be at hand; in short, as there may be many. */
async function chosen(
  context: CommandContext,
  flags: RecoveryFlags,
  reference: string | undefined,
  use: Use,
): Promise<Choosable> {
  const all = await ask(context, flags, 'incident.summaries', {}, summariesAnswer);
  return chooseIncident(all, reference, 'open', use);
}

async function ask<Schema extends z.ZodType>(
  context: CommandContext,
  flags: RecoveryFlags,
  method: string,
  params: unknown,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { success, data } = schema.safeParse(await askApplication(context, flags, method, params));
  if (success) return data;
  throw new CommandFailure('the application answered what this version of the command does not know');
}

function numberArgument(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  throw new InvalidArgumentError('Write a number, 0 or more.');
}
