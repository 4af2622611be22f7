import { type Command, Option } from 'commander';
import { decideRelease } from '../../../slo/gate/decision.ts';
import { readBudgets } from '../../../slo/gate/read-budgets.ts';
import type { ReleaseAnswer } from '../../../slo/live/release.ts';
import {
  addHeaders,
  durationOption,
  eachValue,
  httpAddress,
  nameArgument,
  needed,
  shareArgument,
  wordArgument,
} from '../../arguments.ts';
import { type CommandContext, CommandFailure, type ExitCode } from '../../context.ts';
import { withProgress } from '../../progress.ts';
import { PrometheusClient } from '../../prometheus.ts';
import { gateJson, gateTable } from './gate-report.ts';
import type { Finish } from './index.ts';
import { type OverrideFlags, recordOverride } from './override.ts';

/** Holds the Authorization header, so that no credentials stand on a command line. */
const AUTHORIZATION_VARIABLE = 'BREAKWATER_PROMETHEUS_AUTHORIZATION';

const exitCodes: Readonly<Record<ReleaseAnswer, ExitCode>> = { yes: 0, no: 1, unknown: 2 };

interface GateFlags extends OverrideFlags {
  readonly prometheus?: string;
  readonly policy?: readonly string[];
  readonly service?: string;
  readonly minRemaining: number;
  readonly period: number;
  readonly maxAge: number;
  readonly timeout: number;
  readonly header?: readonly string[];
  readonly json?: true;
}

const help = `
Exit codes: 0 the release may go out; 1 it should wait: too little budget is left, or a page fires; 2 nobody can say: no
data, stale data, no answer, an unknown policy, or a wrong command line.

It reads what the rules of "breakwater slo rules" recorded. Where no rules are loaded it computes the same from
breakwater_sli_events_total. Without --service it looks at all services that Prometheus knows.

${AUTHORIZATION_VARIABLE} in the environment is sent as the header Authorization.

Examples:
  breakwater slo gate --prometheus http://localhost:9090 --policy database --min-remaining 20%
  breakwater slo gate --prometheus https://prometheus.example.com/prometheus --json
  breakwater slo gate --prometheus http://localhost:9090 --override 'the fix for the outage itself' --by alice`;

/** Adds `breakwater slo gate`. */
export function addGate(slo: Command, context: CommandContext, finish: Finish): void {
  slo
    .command('gate')
    .description('Say whether there is error budget for a release.')
    .option('-p, --prometheus <url>', 'where Prometheus is')
    .option('--policy <name>', 'look at this policy only; may be repeated', nameArgument)
    .option('--service <name>', 'look at this service only', wordArgument)
    .addOption(
      new Option('--min-remaining <share>', 'share of each budget that has to be left')
        .argParser(shareArgument)
        .default(0.1, '10%'),
    )
    .addOption(durationOption('--period <duration>', 'period of budgets where nothing tells it', '30d'))
    .addOption(durationOption('--max-age <duration>', 'how old what Prometheus has may be', '15m'))
    .addOption(durationOption('-t, --timeout <duration>', 'how long to wait for each answer', '10s'))
    .option('-H, --header <header>', "a header of the requests, as 'Name: value'; may be repeated", eachValue)
    .option('--json', 'print JSON instead of a table')
    .option('--override <reason>', 'release all the same, and record why', wordArgument)
    .option('--by <who>', 'who overrides (default: the user)', wordArgument)
    .option('--record <file>', 'where overrides are recorded', 'slo-overrides.jsonl')
    .addHelpText('after', help)
    .action(async (flags: GateFlags) => finish(await gate(context, flags)));
}

async function gate(context: CommandContext, flags: GateFlags): Promise<ExitCode> {
  if (flags.by !== undefined && flags.override === undefined) {
    throw new CommandFailure('--by says who overrides; it needs --override');
  }
  const { url, headers, shown } = httpAddress(needed(flags.prometheus, '--prometheus <url>'), '--prometheus');
  const authorization = context.env[AUTHORIZATION_VARIABLE];
  if (authorization) setAuthorization(headers, authorization);
  addHeaders(headers, flags.header ?? []);

  const client = new PrometheusClient({ url, headers, timeoutMs: flags.timeout, now: context.now });
  const reading = readBudgets(client.query, { defaultPeriodMs: flags.period, maxAgeMs: flags.maxAge });
  const readings = await withProgress(context.err, `Waiting for ${shown}`, reading);
  const decision = decideRelease(readings, {
    minRemaining: flags.minRemaining,
    policies: flags.policy ?? [],
    service: flags.service,
  });
  const override =
    decision.release === 'yes' ? undefined : await recordOverride(context, flags, decision, shown);
  const report = {
    decision,
    override,
    minRemaining: flags.minRemaining,
    prometheus: shown,
    time: context.now(),
  };
  await context.out.write(flags.json ? gateJson(report) : gateTable(context.out, report));
  if (override?.recorded === true) return 0;
  if (override !== undefined) throw new CommandFailure(override.problem);
  return exitCodes[decision.release];
}

function setAuthorization(headers: Headers, value: string): void {
  try {
    headers.set('authorization', value.trim());
  } catch {
    throw new CommandFailure(`${AUTHORIZATION_VARIABLE} must be the value of a header, such as 'Bearer ...'`);
  }
}
