import { webhookSink } from 'breakwater';
import { pino } from 'pino';
import { type Application, startApplication } from '../app/application.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { startPostgres } from '../support/postgres.ts';
import { seedUsers } from '../support/seed.ts';
import { Upstream } from '../upstream/upstream.ts';
import { AlertReceiver } from './alerts.ts';
import { CALLER_PATIENCE_MS, Load, type Target } from './load.ts';
import { Observer } from './observer.ts';
import type { Pace } from './pace.ts';
import { type Comparison, compare, percent, time, writeTable } from './report.ts';
import { tellStory } from './story.ts';
import { padEnd, padStart, type Terminal } from './terminal.ts';
import { Timeline, type TimelineLine } from './timeline.ts';

/** Requests a second to each of the handlers. */
const REQUESTS_PER_SECOND = 20;

export const dependencies = ['database', 'quotes'] as const;

/** What the demo is run with. */
export interface DemoOptions {
  readonly terminal: Terminal;
  /** Is told how to stop everything that the demo starts. */
  readonly cleanup: Cleanup;
  /** Ends the demo at once. */
  readonly signal: AbortSignal;
  readonly pace: Pace;
}

/** What was seen and measured. */
export interface DemoResult {
  readonly timeline: readonly TimelineLine[];
  readonly comparisons: readonly Comparison[];
  /** What `/metrics` answered at the end. */
  readonly metrics: string;
  readonly ports: readonly number[];
}

/** Starts everything, tells the story, and prints what was measured. Stopping is left to `cleanup`. */
export async function runDemo({ terminal, cleanup, signal, pace }: DemoOptions): Promise<DemoResult> {
  terminal.line();
  terminal.line(terminal.paint('bold', '  breakwater: a database and an HTTP service, protected end to end'));
  terminal.line();

  const postgres = await terminal.progress(
    'PostgreSQL starts',
    startPostgres(),
    (server) => `PostgreSQL on port ${server.port}, process ${server.processIds()[0]}`,
  );
  cleanup.add('PostgreSQL', () => postgres.close());
  signal.throwIfAborted();
  await seedUsers(postgres.connectionString);

  const upstream = new Upstream();
  cleanup.add('the upstream', () => upstream.kill());
  await terminal.progress(
    'the upstream starts',
    upstream.start(),
    () => `the upstream on port ${upstream.port}, process ${upstream.pid}`,
  );
  signal.throwIfAborted();

  const timeline = new Timeline(terminal);
  let observer: Observer | undefined;
  const receiver = new AlertReceiver(
    (alert) => observer?.onAlert(alert),
    (reason) => timeline.add('internal error', '', `a webhook with a wrong signature: ${reason}`),
  );
  cleanup.add('the receiver of alerts', () => receiver.stop());
  await receiver.start();

  const application = await startApplication({
    databaseUrl: postgres.connectionString,
    upstreamUrl: upstream.url,
    logger: pino({ level: 'silent' }),
    sinks: [webhookSink({ url: receiver.url, secret: receiver.secret })],
    resolveAfterMs: pace.resolveAfterMs,
  });
  cleanup.add('the application', () => application.stop());
  observer = new Observer(application.breakwater, timeline);
  const done = terminal.paint('green', '✓');
  terminal.line(
    `  ${done} the application: Express on ${application.expressUrl}, Fastify on ${application.fastifyUrl}`,
  );

  const load = new Load(targetsOf(application), REQUESTS_PER_SECOND);
  cleanup.add('the load', () => load.stop());
  cleanup.add('the timeline', () => timeline.end());
  terminal.line(
    `  ${done} ${REQUESTS_PER_SECOND} requests/s to each handler, and the same to its unprotected twin`,
  );
  timeline.start();
  load.start();
  const status = setInterval(() => terminal.status(statusLine(terminal, timeline, load, application)), 100);
  try {
    await tellStory({ upstream, postgres, load, observer, timeline, pace, signal });
  } finally {
    clearInterval(status);
    terminal.status('');
  }

  await terminal.progress(
    'the last callers get their answers',
    load.stop(),
    () => 'every caller has an answer',
  );
  const metrics = await scrape(`${application.expressUrl}/metrics`);
  const comparisons = dependencies.map((dependency) => compare(metrics, load, dependency));
  conclude(terminal, comparisons);
  return {
    timeline: timeline.lines,
    comparisons,
    metrics,
    ports: [
      postgres.port,
      upstream.port,
      receiver.port,
      ...[application.expressUrl, application.fastifyUrl].map((url) => Number(new URL(url).port)),
    ],
  };
}

/** How things stand right now, for the last line of a terminal. */
function statusLine(terminal: Terminal, timeline: Timeline, load: Load, { breakwater }: Application): string {
  const circuits = dependencies.map((dependency) => {
    // A policy of `resilientFetch` is made at its first request.
    const state = breakwater.has(dependency) ? breakwater.get(dependency).circuit.state : 'closed';
    const colour = state === 'closed' ? 'green' : state === 'open' ? 'red' : 'yellow';
    return `${dependency} ${terminal.paint(colour, padEnd(state, 10))}`;
  });
  const waiting = (variant: Target['variant']): number =>
    dependencies
      .map((dependency) => load.tally(dependency, variant))
      .reduce((sum, { sent, answered, failed }) => sum + sent - answered - failed, 0);
  const callers = `callers waiting: ${waiting('protected')}, unprotected: ${waiting('unprotected')}`;
  const time = padStart(`${(timeline.elapsedMs / 1_000).toFixed(1)} s`, 8);
  return `${time}  ${circuits.join('')}${terminal.paint('dim', callers)}`;
}

/** The handlers and their twins, by turns on Express and on Fastify. */
function targetsOf({ expressUrl, fastifyUrl }: Application): readonly Target[] {
  const target = (
    dependency: (typeof dependencies)[number],
    variant: Target['variant'],
    path: string,
  ): Target => ({
    dependency,
    variant,
    url: (id, sequence) => `${sequence % 2 === 0 ? expressUrl : fastifyUrl}${path}/${id}`,
  });
  return [
    target('database', 'protected', '/users'),
    target('database', 'unprotected', '/unprotected/users'),
    target('quotes', 'protected', '/quotes'),
    target('quotes', 'unprotected', '/unprotected/quotes'),
  ];
}

async function scrape(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}.`);
  return response.text();
}

function conclude(terminal: Terminal, comparisons: readonly Comparison[]): void {
  terminal.line();
  terminal.line(terminal.paint('bold', '  What it came to'));
  terminal.line();
  writeTable(terminal, comparisons);
  terminal.line();
  const note = (text: string): void => terminal.line(terminal.paint('dim', `  ${text}`));
  for (const { dependency, protected: own } of comparisons) {
    const budget = `${percent(1 - own.objective)} of the calls`;
    note(
      `${dependency}: the objective is ${percent(own.objective)} availability, so that the budget is ${budget}.`,
    );
  }
  note('What a policy counted is from /metrics at the end; times, and the twins, are from the callers, who');
  note(`give up after ${time(CALLER_PATIENCE_MS)}. What failed in spite of the policy was in no cache yet.`);
  terminal.line();
  terminal.line(terminal.paint('bold', '  Where to look next'));
  terminal.line();
  terminal.line('  npm start                 the same application, to try and to break by hand');
  terminal.line('  README.md                 each piece, with an example');
  terminal.line('  examples/app/             how this application uses breakwater');
  terminal.line(
    '  examples/quick-start.ts   the smallest beginning; run it with: npx tsx examples/quick-start.ts',
  );
  terminal.line();
}
