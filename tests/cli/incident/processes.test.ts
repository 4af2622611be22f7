import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { buildCommand, main, program } from '../built.ts';
import { TestJournal } from './journal.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

buildCommand();

/** Runs Node as a process of its own, on a journal. */
function node(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: repository,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 40_000,
    });
    const texts = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
    child.once('error', reject).once('close', (code) => resolve({ code, ...texts }));
  });
}

/** Adds `count` notes, one command after the other. */
const noteLoop = (name: string, count: number) => `
const { run } = await import(${JSON.stringify(program)});
const quiet = { isTTY: false, columns: undefined, colors: false, write: async () => {} };
const err = { ...quiet, write: async (text) => { process.stderr.write(text); } };
for (let n = 0; n < ${count}; n += 1) {
  const code = await run(['incident', 'note', '${name} ' + n, '--by', '${name}'], {
    out: quiet, err, stdin: process.stdin, cwd: process.cwd(), env: process.env, userName: () => 'x', now: Date.now,
  });
  if (code !== 0) process.exitCode = 1;
}`;

it('loses nothing where two processes write at once, and answers as a process', {
  timeout: 60_000,
}, async () => {
  const journal = new TestJournal();
  await journal.begin();
  const env = { BREAKWATER_INCIDENTS: journal.directory };
  const each = 40;
  const loops = await Promise.all(
    ['one', 'two'].map((name) => node(['--input-type=module', '--eval', noteLoop(name, each)], env)),
  );
  expect(loops).toEqual([
    { code: 0, out: '', err: '' },
    { code: 0, out: '', err: '' },
  ]);
  const { notes } = await journal.json(['show']);
  for (const name of ['one', 'two']) {
    expect(notes.filter(({ by }) => by === name).map(({ text }) => text)).toEqual(
      Array.from({ length: each }, (_, n) => `${name} ${n}`),
    );
  }
  expect(new Set(notes.map(({ id }) => id)).size).toBe(2 * each);

  const [acknowledged, unknown] = await Promise.all([
    node([main, 'incident', 'ack', '--by', 'alice', '--json'], env),
    node([main, 'incident', 'show', 'nothing-like-it'], env),
  ]);
  expect(JSON.parse(acknowledged.out)).toMatchObject({ status: 'acknowledged' });
  expect(acknowledged).toMatchObject({ code: 0, err: '' });
  expect(unknown).toMatchObject({ code: 1, out: '' });
});
