/**
 * `npm run demo`: an application whose PostgreSQL and upstream are broken for real while callers keep calling.
 *
 * `--json FILE` also writes what was seen and measured as JSON; `--fast` tells the story in half the time; `--only`
 * leaves out the faults of the other dependency.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Cleanup } from '../support/cleanup.ts';
import { onInterrupt } from '../support/interrupt.ts';
import { type DemoResult, runDemo } from './demo.ts';
import { type Dependency, dependencies, fast, watched } from './pace.ts';
import { Terminal } from './terminal.ts';

const values = readArguments();
const terminal = new Terminal(process.stdout, process.env);
const interrupt = onInterrupt();
const cleanup = new Cleanup();

let result: DemoResult | undefined;
try {
  result = await runDemo({
    terminal,
    cleanup,
    signal: interrupt.signal,
    pace: values.fast ? fast : watched,
    about: values.about,
  });
} catch (error) {
  terminal.status('');
  terminal.line();
  const exitCode = interrupt.exitCode();
  process.exitCode = exitCode ?? 1;
  const message = error instanceof Error ? error.message : String(error);
  const text = exitCode === undefined ? `The demo failed: ${message}` : 'Interrupted.';
  terminal.line(terminal.paint('red', `  ${text}`));
}

const problems = await terminal.progress('stopping everything that was started', cleanup.run(), (left) =>
  left.length === 0 ? 'everything that was started is stopped' : 'stopped, except for what follows',
);
for (const problem of problems) terminal.line(terminal.paint('red', `  ${problem}`));
if (problems.length > 0) process.exitCode ??= 1;
if (values.json !== undefined && result !== undefined) {
  await writeFile(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
}
interrupt.stop();

function readArguments(): { json: string | undefined; fast: boolean; about: readonly Dependency[] } {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'string' },
        fast: { type: 'boolean', default: false },
        only: { type: 'string' },
      },
    });
    const about = dependencies.filter((name) => values.only === undefined || values.only === name);
    if (about.length === 0) throw new Error(`--only must be one of ${dependencies.join(', ')}`);
    return { json: values.json, fast: values.fast, about };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error(`usage: npm run demo -- [--fast] [--only ${dependencies.join('|')}] [--json FILE]`);
    process.exit(2);
  }
}
