import { ControlConnection, ControlFailure } from '../../../incidents/control/client.ts';
import type { DrillRequest } from '../../../incidents/drill/plan.ts';
import type { DrillPlan, DrillReport } from '../../../incidents/drill/progress.ts';
import { drillPlan, drillProgress, drillReport } from '../../../incidents/drill/wire.ts';
import { type CommandContext, CommandFailure, type ExitCode } from '../../context.ts';
import { confirmed } from './confirm.ts';
import { ProgressLines, planText, reportText } from './output.ts';

/** How long the application may take to end a drill that was interrupted, in milliseconds. */
const STOP_MS = 5_000;

/** How a drill is played. */
export interface PlaySettings {
  /** Not to be asked before real calls are affected. */
  readonly yes: boolean;
  readonly json: boolean;
  /** Whether standard input is free for an answer. */
  readonly asks: boolean;
}

const exitCodes: Readonly<Record<DrillReport['verdict'], ExitCode>> = {
  passed: 0,
  failed: 1,
  'not-played': 2,
};

/**
 * Plays a drill to its end and prints what came of it.
 *
 * @throws {CommandFailure} when it cannot be played
 */
export async function playDrill(
  context: CommandContext,
  socket: string,
  request: DrillRequest,
  { yes, json, asks }: PlaySettings,
): Promise<ExitCode> {
  const connection = await asCommandFailure(ControlConnection.connect(socket));
  try {
    const plan = drillPlan.parse(await asCommandFailure(connection.call('drill.plan', request)));
    refuseOn(plan);
    await context.err.write(planText(context.err, request, plan));
    if (plan.affectsCalls && !yes) await ask(context, asks);
    const report = await follow(context, connection, request);
    await context.out.write(
      json ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(context.out, report),
    );
    return exitCodes[report.verdict];
  } finally {
    connection.close();
  }
}

function refuseOn({ objections }: DrillPlan): void {
  if (objections.length === 0) return;
  const list = objections.map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  throw new CommandFailure(`the drill cannot be played:${list}`);
}

async function ask(context: CommandContext, asks: boolean): Promise<void> {
  const answer = asks ? await confirmed(context) : undefined;
  if (answer === true) return;
  throw new CommandFailure(
    answer === undefined
      ? 'it affects real calls and nobody can be asked here; --yes says that you know'
      : 'it was not begun',
  );
}

async function follow(
  context: CommandContext,
  connection: ControlConnection,
  request: DrillRequest,
): Promise<DrillReport> {
  const lines = new ProgressLines(context.err, request.scenario);
  let stopListening: () => void = () => {};
  let interruptible: () => void = () => {};
  try {
    const reported = new Promise<DrillReport>((resolve, reject) => {
      stopListening = connection.onEvent((event, data) => {
        if (event === 'drill') {
          const progress = drillProgress.safeParse(data);
          if (progress.success) lines.tell(progress.data);
        } else if (event === 'drill-ended') {
          const report = drillReport.safeParse(data);
          if (report.success) resolve(report.data);
          else
            reject(
              new CommandFailure('the application tells of the drill what this version does not understand'),
            );
        }
      });
      connection.ended.then(() =>
        reject(
          new CommandFailure(
            'the connection to the application ended, and with it the drill; what it had opened is closed, or went with its process',
          ),
        ),
      );
    });
    // It may be rejected before it is awaited.
    reported.catch(() => undefined);
    let interrupts = 0;
    interruptible =
      context.onInterrupt?.((signal) => {
        interrupts += 1;
        if (interrupts > 1) connection.close();
        else stop(connection, `${request.by} (${signal})`);
      }) ?? interruptible;
    await asCommandFailure(connection.call('drill.start', request));
    return await reported;
  } finally {
    interruptible();
    stopListening();
    await lines.end();
  }
}

/** Asks for the end; an application that does not answer loses the connection, which is an end too. */
function stop(connection: ControlConnection, by: string): void {
  connection
    .call('drill.stop', { by: by.slice(0, 100) }, { timeoutMs: STOP_MS })
    .then((result) => {
      const stopped = typeof result === 'object' && result !== null && 'stopped' in result && result.stopped;
      if (stopped !== true) connection.close();
    })
    .catch(() => connection.close());
}

async function asCommandFailure<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ControlFailure) throw new CommandFailure(error.message);
    throw error;
  }
}
