/** `npm start`: the application of the demo, kept running, to be looked at and broken by hand. */
import { type Application, startApplication } from './app/application.ts';
import { Terminal } from './demo/terminal.ts';
import { Cleanup } from './support/cleanup.ts';
import { startDatabase } from './support/database.ts';
import { onInterrupt } from './support/interrupt.ts';
import type { Postgres } from './support/postgres.ts';
import { readableLogger } from './support/readable-log.ts';
import { Upstream } from './upstream/upstream.ts';

const terminal = new Terminal(process.stdout, process.env);
const interrupt = onInterrupt();
const cleanup = new Cleanup();

try {
  const { postgres } = await terminal.progress(
    'PostgreSQL starts',
    startDatabase(cleanup),
    ({ version }) => `PostgreSQL ${version} runs`,
  );
  interrupt.signal.throwIfAborted();
  const upstream = new Upstream();
  cleanup.add('the upstream', () => upstream.kill());
  await upstream.start();
  const application = await startApplication({
    databaseUrl: postgres.connectionString,
    upstreamUrl: upstream.url,
    logger: readableLogger((line) => terminal.line(line)),
  });
  cleanup.add('the application', () => application.stop());
  cleanup.add('PostgreSQL, where it was stopped by hand', () => postgres.resumeAll());
  introduce(application, postgres, upstream);
  await new Promise((resolve) => {
    if (interrupt.signal.aborted) resolve(undefined);
    interrupt.signal.addEventListener('abort', resolve, { once: true });
  });
  interrupt.signal.throwIfAborted();
} catch (error) {
  terminal.line();
  // Ctrl-C is how it is meant to end.
  if (interrupt.exitCode() === undefined) {
    terminal.line(`  It failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

const problems = await terminal.progress('stopping', cleanup.run(), () => 'stopped');
for (const problem of problems) terminal.line(`  ${problem}`);
if (problems.length > 0) process.exitCode = 1;
interrupt.stop();

function introduce(application: Application, postgres: Postgres, upstream: Upstream): void {
  const { expressUrl, fastifyUrl } = application;
  const database = postgres.processIds()[0];
  const bold = (text: string): string => terminal.paint('bold', text);
  const lines = [
    '',
    bold('  The application runs; Ctrl-C stops it.'),
    '',
    `  Express     ${expressUrl}`,
    `  Fastify     ${fastifyUrl}`,
    `  PostgreSQL  127.0.0.1:${postgres.port}, process ${database}`,
    `  upstream    ${upstream.url}, process ${upstream.pid}`,
    '',
    bold('  Try'),
    '',
    `  curl ${expressUrl}/users/7              a row of the database, through a policy`,
    `  curl ${fastifyUrl}/quotes/7             an answer of the upstream, through a policy`,
    `  curl ${expressUrl}/metrics              what the policies measure`,
    `  curl ${expressUrl}/healthz`,
    `  curl ${expressUrl}/readyz               the state of each policy`,
    '',
    bold('  Break the upstream, ask for /quotes/7 a few times, and mend it'),
    '',
    `  kill -STOP ${upstream.pid}     the upstream hangs: the answer comes from the cache, and soon at once`,
    `  curl ${expressUrl}/unprotected/quotes/7   the same without a policy: it waits`,
    `  kill -CONT ${upstream.pid}     it goes on, and the breaker closes after the next probe`,
    '',
    bold('  Break PostgreSQL, ask for /users/7 a few times, and mend it'),
    '',
    `  kill -STOP ${database} $(pgrep -P ${database})     every process of the server hangs`,
    `  curl ${expressUrl}/unprotected/users/7   the same without a policy: it waits`,
    `  kill -CONT ${database} $(pgrep -P ${database})     it goes on`,
    '',
    bold('  What the application logs'),
    '',
  ];
  for (const line of lines) terminal.line(line);
}
