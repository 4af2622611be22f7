import { webhookSink } from 'breakwater';
import { pino } from 'pino';
import { type Application, startApplication } from '../app/application.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { startDatabase } from '../support/database.ts';
import { Upstream } from '../upstream/upstream.ts';
import { AlertReceiver } from './alerts.ts';
import { Lifeline } from './lifeline.ts';
import { CALLER_PATIENCE_MS, Load, type Target } from './load.ts';
import { Observer } from './observer.ts';
import { type Dependency, dependencies, type Pace } from './pace.ts';
import { type Comparison, compare, type PolicyFigures, percent, time, writeTable } from './report.ts';
import { tellStory } from './story.ts';
import { padEnd, padStart, type Terminal, wrapped } from './terminal.ts';
import { Timeline, type TimelineLine } from './timeline.ts';

/** Requests a second to each of the handlers. */
const REQUESTS_PER_SECOND = 20;

/** What the demo is run with. */
export interface DemoOptions {
  readonly terminal: Terminal;
  /** Is told how to stop everything that the demo starts. */
  readonly cleanup: Cleanup;
  /** Ends the demo at once. */
  readonly signal: AbortSignal;
  readonly pace: Pace;
  /** Whose faults the story is about. */
  readonly about: readonly Dependency[];
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
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { terminal, cleanup, signal, pace, about } = options;
  terminal.line();
  terminal.line(terminal.paint('bold', '  breakwater: a database and an HTTP service, protected end to end'));
  terminal.line();

  const { postgres } = await terminal.progress(
    'PostgreSQL starts',
    startDatabase(cleanup),
    ({ postgres: server, version }) =>
      `PostgreSQL ${version} on port ${server.port}, process ${server.processIds()[0]}`,
  );
  signal.throwIfAborted();

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
    (message) => observer?.onMessage(message),
    (reason) => timeline.add('internal error', '', `a webhook with a wrong signature: ${reason}`),
  );
  cleanup.add('the receiver of alerts', () => receiver.stop());
  await receiver.start();

  const application = await startApplication({
    databaseUrl: postgres.connectionString,
    upstreamUrl: upstream.url,
    logger: pino({ level: 'silent' }),
    incidents: {
      sinks: [webhookSink({ url: receiver.url, secret: receiver.secret })],
      resolveAfterMs: pace.resolveAfterMs,
      // The story breaks things so often and so briefly that its incidents would be one, open beyond its end.
      reopenWithinMs: 0,
      flapping: false,
      sloIncidents: false,
    },
  });
  cleanup.add('the application', () => application.stop());
  observer = new Observer(application.breakwater, timeline);
  const done = terminal.paint('green', '✓');
  terminal.line(
    `  ${done} the application: Express on ${application.expressUrl}, Fastify on ${application.fastifyUrl}`,
  );

  const load = new Load(targetsOf(application), REQUESTS_PER_SECOND);
  // The application waits for its database when it stops, so that must not hang.
  cleanup.add('the faults', () => postgres.resumeAll());
  cleanup.add('the load', () => load.abandon());
  cleanup.add('the timeline', () => timeline.end());
  terminal.line(
    `  ${done} ${REQUESTS_PER_SECOND} requests/s to each handler, and the same to its unprotected twin`,
  );
  const lifeline = new Lifeline({
    PostgreSQL: () => postgres.running,
    'the upstream': () => upstream.running,
  });
  cleanup.add('the lifeline', () => lifeline.stop());
  timeline.start();
  await load.start();
  const status = setInterval(() => terminal.status(statusLine(terminal, timeline, load, application)), 100);
  try {
    const ended = AbortSignal.any([signal, lifeline.signal]);
    const cast = { upstream, postgres, load, observer, timeline, lifeline, pace, signal: ended };
    await withReason(ended, tellStory(cast, about));
  } finally {
    clearInterval(status);
    terminal.status('');
  }

  await terminal.progress(
    'the last callers get their answers',
    load.stop(),
    () => 'every caller has an answer',
  );
  await application.breakwater.incidents.flush();
  const metrics = await scrape(`${application.expressUrl}/metrics`);
  // What is told while things stop is in no figure.
  const told = [...timeline.lines];
  const comparisons = dependencies.map((dependency) => compare(metrics, load, dependency));
  conclude(terminal, comparisons);
  return {
    timeline: told,
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

/** What `work` gives; when it was aborted, what for. */
async function withReason<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
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
  const target = (dependency: Dependency, variant: Target['variant'], path: string): Target => ({
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

const whereNext = [
  ['npm start', 'the same application, with /metrics to look at, to be broken by hand'],
  ['README.md', 'Policies, Service level objectives, Incidents, Metrics: what you have just seen'],
  ['examples/app/', 'how this application uses breakwater'],
  ['examples/quick-start.ts', 'the smallest beginning: npx tsx examples/quick-start.ts'],
] as const;

function conclude(terminal: Terminal, comparisons: readonly Comparison[]): void {
  terminal.line();
  terminal.line(terminal.paint('bold', '  What it came to'));
  terminal.line();
  writeTable(terminal, comparisons);
  terminal.line();
  const note = (text: string): void => {
    for (const line of wrapped(text, NOTE_WIDTH)) terminal.line(terminal.paint('dim', `  ${line}`));
  };
  for (const { dependency, protected: own } of comparisons) {
    const objective = `availability objective ${percent(own.objective)}, error budget ${percent(1 - own.objective)}`;
    note(`${dependency}: ${objective}; ${failuresOf(own)}.`);
  }
  if (comparisons.some(({ protected: own }) => own.budgetSpent > 1)) {
    note(
      '1 request in 20 is for a rare id, mostly one that nobody had asked for before, and no cache has those. So a run ' +
        'that is mostly outage misses its objective on the protected side too, by far less than without.',
    );
  }
  note(
    'What a policy counted is from /metrics at the end; times, and the twins, are from the callers, who give up after ' +
      `${time(CALLER_PATIENCE_MS)}.`,
  );
  terminal.line();
  terminal.line(terminal.paint('bold', '  Where to look next'));
  terminal.line();
  for (const [where, what] of whereNext) terminal.line(`  ${padEnd(where, 26)}${what}`);
  terminal.line();
}

/** How wide the notes under the table are, in characters; a terminal has a few more. */
const NOTE_WIDTH = 96;

function failuresOf({ failed, cacheMisses }: PolicyFigures): string {
  if (failed === 0) return 'no call failed';
  const share = cacheMisses === failed ? 'all' : `${cacheMisses} of them`;
  return `failed calls: ${failed}, ${share} for ids not in the cache`;
}
