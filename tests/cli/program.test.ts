import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { withProgress } from '../../src/cli/progress.ts';
import { table } from '../../src/cli/table.ts';
import { type OutputStream, terminalOn } from '../../src/cli/terminal.ts';
import { VERSION } from '../../src/version.ts';
import { buildCommand, main } from './built.ts';
import { fakePrometheus, recorded } from './fake-prometheus.ts';
import { breakwater, CapturedTerminal, temporaryFolder } from './support.ts';

describe('the command', () => {
  it('tells its version and its help on stdout', async () => {
    expect(await breakwater(['--version'])).toEqual({ code: 0, out: `${VERSION}\n`, err: '' });
    for (const args of [['--help'], ['help', 'slo'], ['slo', 'help', 'gate'], ['slo', 'rules', '-h']]) {
      const { code, out, err } = await breakwater(args);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(`Usage: breakwater`);
    }
  });

  it.each(['init', 'check', 'rules', 'test', 'dashboard', 'gate', 'import'])(
    'shows how to use "slo %s"',
    async (name) => {
      const { out } = await breakwater(['slo', name, '--help']);
      expect(out).toContain(`Usage: breakwater slo ${name}`);
      expect(out).toMatch(new RegExp(`Examples?:\\n {2}breakwater slo ${name}`));
    },
  );

  it.each([
    [[], 'Usage: breakwater'],
    [['slo'], 'Usage: breakwater slo'],
    [['slos'], '(Did you mean slo?)'],
    [['slo', 'rulse', 'slo.yaml'], '(Did you mean rules?)'],
    [['slo', 'rules', 'slo.yaml', '--ouput', 'x'], '(Did you mean --output?)'],
    [['slo', 'rules'], "missing required argument 'file'"],
    [['slo', 'rules', 'a.yaml', 'b.yaml'], 'too many arguments'],
    [['slo', 'rules', 'a.yaml', '--sloth', '--openslo'], 'cannot be used with'],
    [['slo', 'rules', 'a.yaml', '--output'], 'argument missing'],
    [['slo', 'init'], 'the option --metrics <url> is needed'],
    [['slo', 'https://me:secret@host/'], "unknown command 'https://host/'"],
  ])('says what is wrong with %j on stderr', async (args, why) => {
    const { code, out, err } = await breakwater(args);
    expect(err).toContain(why);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

const repository = fileURLToPath(new URL('../..', import.meta.url));

interface ProcessOutcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command as a process of its own. `early` closes its output before it writes. */
function start(args: readonly string[], early = false): Promise<ProcessOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: repository,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 25_000,
    });
    const texts = { out: '', err: '' };
    if (early) child.stdout.destroy();
    else child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
    child.once('error', reject).once('close', (code) => resolve({ code, ...texts }));
  });
}

describe('the process', () => {
  buildCommand();

  it('ends with the answer, also when nobody reads it', async () => {
    const { url } = await fakePrometheus(recorded('0'));
    const args = ['slo', 'gate', '--prometheus', url];
    const [read, unread, wrong] = await Promise.all([start(args), start(args, true), start(['slo', 'gat'])]);
    expect(read).toMatchObject({ code: 1, err: '' });
    expect(read.out).toContain('the error budget is used up');
    expect(read.out).toMatch(/Release: no\n$/);
    expect(unread).toEqual({ code: 1, out: '', err: '' });
    expect(wrong).toMatchObject({ code: 2, out: '' });
  });
});

/** A stream that takes what is written as `outcome` says. */
function streamThat(outcome: Error | null, more: Partial<OutputStream> = {}): OutputStream {
  return {
    write: (_, done) => {
      queueMicrotask(() => done(outcome));
      return true;
    },
    on: () => undefined,
    ...more,
  };
}

describe('a terminal', () => {
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{}, {}, false],
    [{}, { FORCE_COLOR: '1' }, false],
  ])('on %j with %j has colours: %s', (stream, env, colors) => {
    expect(terminalOn(streamThat(null, stream), env).colors).toBe(colors);
  });

  it('has a width only where somebody looks', () => {
    expect(terminalOn(streamThat(null, { isTTY: true, columns: 80 }), {}).columns).toBe(80);
    expect(terminalOn(streamThat(null, { isTTY: true, columns: 0 }), {}).columns).toBeUndefined();
    expect(terminalOn(streamThat(null, { columns: 80 }), {}).columns).toBeUndefined();
  });

  it('is quiet when its reader has gone, and not when the disk is full', async () => {
    const failing = (code: string) => terminalOn(streamThat(Object.assign(new Error(code), { code })), {});
    await expect(failing('EPIPE').write('x')).resolves.toBeUndefined();
    await expect(failing('ENOSPC').write('x')).rejects.toThrow(
      'the output cannot be written: the disk is full',
    );
  });
});

describe('a full disk', () => {
  it('is no success', async () => {
    const out = new CapturedTerminal();
    out.write = () => Promise.reject(new Error('ENOSPC'));
    expect((await breakwater(['--version'], { out })).code).toBe(2);
    const { url } = await fakePrometheus(recorded('1'));
    expect((await breakwater(['slo', 'gate', '--prometheus', url], { out })).code).toBe(2);
  });
});

describe('a table', () => {
  const columns = [{ title: 'NAME' }, { title: 'N', align: 'right' as const }, { title: 'WHY' }];
  const rows = [
    [{ text: '数据库' }, { text: '7' }, { text: 'one two three four five six' }],
    [{ text: 'é👍' }, { text: '1000' }, { text: `${'x'.repeat(30)} y` }],
  ];

  it('keeps its columns apart whatever is in them', () => {
    expect(table(new CapturedTerminal(), columns, rows)).toBe(
      'NAME       N  WHY\n' +
        '数据库     7  one two three four five six\n' +
        `é👍     1000  ${'x'.repeat(30)} y\n`,
    );
  });

  it('folds its last column to the width', () => {
    expect(table(new CapturedTerminal({ isTTY: true, columns: 30 }), columns, rows)).toBe(
      'NAME       N  WHY\n' +
        '数据库     7  one two three four five\n' +
        '              six\n' +
        `é👍     1000  ${'x'.repeat(24)}\n` +
        `              ${'x'.repeat(6)} y\n`,
    );
  });

  it('shows what would not be seen', () => {
    const text = table(new CapturedTerminal(), [{ title: 'A' }], [[{ text: 'a\nb\u202e\u001b[1A' }]]);
    expect(text).toBe('A\na\\u000ab\\u202e\\u001b[1A\n');
  });
});

describe('progress', () => {
  it('is told on a terminal after two seconds, and gone at the end', async () => {
    vi.useFakeTimers();
    try {
      const terminal = new CapturedTerminal({ isTTY: true });
      const work = new Promise<string>((resolve) => setTimeout(() => resolve('done'), 3_500));
      const waiting = withProgress(terminal, 'Waiting', work);
      await vi.advanceTimersByTimeAsync(1_999);
      expect(terminal.text).toBe('');
      await vi.advanceTimersByTimeAsync(1_001);
      expect(terminal.text).toBe('\r\u001b[2KWaiting: 2 s\r\u001b[2KWaiting: 3 s');
      await vi.advanceTimersByTimeAsync(500);
      expect(await waiting).toBe('done');
      expect(terminal.text.endsWith(': 3 s\r\u001b[2K')).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is silent elsewhere', async () => {
    const terminal = new CapturedTerminal();
    expect(await withProgress(terminal, 'Waiting', Promise.resolve(1))).toBe(1);
    expect(terminal.text).toBe('');
  });
});

describe('a file', () => {
  it.each([
    ['nowhere.yaml', 'nowhere.yaml cannot be read: there is no such file or folder'],
    ['.', '. cannot be read: it is a folder'],
    ['latin1.yaml', 'latin1.yaml is not a text in UTF-8'],
    ['large.yaml', 'large.yaml has more than 8388608 bytes'],
  ])('%s is refused', async (file, why) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'latin1.yaml'), Buffer.from([0x61, 0xe9, 0x0a]));
    writeFileSync(join(cwd, 'large.yaml'), Buffer.alloc(8 * 1024 * 1024 + 1, 32));
    const { code, err, out } = await breakwater(['slo', 'check', file], { cwd });
    expect(err).toContain(why);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('that cannot be written is told, and nothing is left of it', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'folder'));
    const write = (output: string) =>
      breakwater(['slo', 'dashboard', '--output', output], { cwd }).then(({ err, code }) => ({ err, code }));
    expect(await write('folder')).toEqual({
      code: 2,
      err: 'error: folder cannot be written: it is a folder\n',
    });
    expect(await write('none/x.json')).toEqual({
      code: 2,
      err: 'error: none/x.json cannot be written: there is no such file or folder\n',
    });
    expect(readdirSync(cwd)).toEqual(['folder']);
  });
});
