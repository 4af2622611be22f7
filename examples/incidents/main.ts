/**
 * Plays one outage of the example application, from the first failure to the linted post-mortem.
 * `npx tsx examples/incidents/main.ts` prints what happens; with `--write` it also replaces what is kept of an outage in
 * this folder: the journal, and the post-mortems in English and Japanese that were written from it.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lintPostmortem, postmortem } from 'breakwater/incidents';
import { Terminal } from '../demo/terminal.ts';
import { Cleanup } from '../support/cleanup.ts';
import { playOutage } from './outage.ts';

const terminal = new Terminal(process.stdout, process.env);
const cleanup = new Cleanup();
const directory = await mkdtemp(join(tmpdir(), 'breakwater-outage-'));
cleanup.add('the journal', () => rm(directory, { recursive: true }));
const here = (name: string): URL => new URL(name, import.meta.url);

try {
  const began = performance.now();
  const { incident, pages } = await playOutage({
    directory,
    cleanup,
    tell: (what) =>
      terminal.line(`  ${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${what}`),
  });
  terminal.line();
  for (const page of pages) terminal.line(`  the pager was sent: ${page}`);
  terminal.line();
  for (const language of ['en', 'ja'] as const) {
    const text = postmortem(incident, { language });
    const findings = lintPostmortem(text);
    for (const { line, message } of findings) terminal.line(`  ${language}, line ${line}: ${message}`);
    if (findings.length > 0) process.exitCode = 1;
    if (process.argv.includes('--write')) await writeFile(here(`postmortem.${language}.md`), text);
    else terminal.line(text);
  }
  if (process.argv.includes('--write')) {
    await rm(here('journal'), { recursive: true, force: true });
    await cp(directory, here('journal'), { recursive: true, filter: (path) => !path.includes('instances') });
  }
} finally {
  for (const problem of await cleanup.run()) {
    terminal.line(`  ${problem}`);
    process.exitCode = 1;
  }
}
