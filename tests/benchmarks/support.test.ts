import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { parseCommandLine, subjectNames, UsageError } from '../../benchmarks/support/cli.ts';
import { allocatedBytes } from '../../benchmarks/support/heap.ts';
import { Progress } from '../../benchmarks/support/progress.ts';
import { failureText, ProofError, prove, proveCount } from '../../benchmarks/support/proof.ts';
import { race, ratioOf, timingOf } from '../../benchmarks/support/race.ts';
import { commitResults, withResults } from '../../benchmarks/support/readme.ts';
import { isMet, published, type SubjectResult } from '../../benchmarks/support/result.ts';
import { median, quantile } from '../../benchmarks/support/statistics.ts';
import { asMarkdown, asText, shown } from '../../benchmarks/support/table.ts';

const result: SubjectResult = {
  subject: 'overhead',
  title: 'A call that succeeds at once',
  columns: ['contestant', 'us per call'],
  rows: [
    ['bare', 0.1512],
    ['full | policy', 12_345.6],
  ],
  details: [
    { title: 'by fault', columns: ['contestant', 'outage'], rows: [['bare', Number.POSITIVE_INFINITY]] },
  ],
  targets: [
    { figure: 'full / bare', measured: 7, limit: 'at most', bound: 6, unit: '' },
    { figure: 'kept', measured: 96, limit: 'at least', bound: 95, unit: '%' },
  ],
  notes: ['A note.'],
};

describe('the command line', () => {
  it('asks for all benchmarks, in full, with seed 1', () => {
    const options = { subjects: subjectNames, help: false, json: false, write: false, size: 'full', seed: 1 };
    expect(parseCommandLine([])).toEqual(options);
  });

  it('takes benchmarks and flags', () => {
    const options = {
      subjects: ['idle', 'http'],
      help: false,
      json: true,
      write: false,
      size: 'short',
      seed: 42,
    };
    expect(parseCommandLine(['idle', 'http', '--json', '--short', '--seed', '42'])).toEqual(options);
  });

  it('runs a benchmark once that is named twice', () => {
    expect(parseCommandLine(['idle', 'http', 'idle']).subjects).toEqual(['idle', 'http']);
  });

  it('keeps committed results to one seed', () => {
    expect(() => parseCommandLine(['--write', '--seed', '7'])).toThrow('--write keeps results of seed 1');
    expect(parseCommandLine(['--write', '--seed', '1']).write).toBe(true);
  });

  it.each([[['nothing']], [['--fast']], [['--seed', 'x']], [['--write', '--short']]])(
    'refuses %j',
    (args) => {
      expect(() => parseCommandLine(args)).toThrow(UsageError);
    },
  );
});

describe('a race', () => {
  it('makes the calls that it counts, and lets each contestant prove itself', async () => {
    let made = 0;
    const contestant = {
      name: 'one',
      repeat: async (times: number) => {
        made += times;
      },
      prove: (calls: number) => proveCount('calls', made, calls),
    };
    const [timing] = await race([contestant], { size: 'short', progress: () => {} });
    expect(timing?.calls).toBe(made);
    expect(timing?.rounds).toHaveLength(3);
    expect(timing?.microseconds).toBe(median(timing?.rounds ?? []));
  });

  it('fails when what it timed did not happen', async () => {
    const idler = {
      name: 'idler',
      repeat: async () => {},
      prove: (calls: number) => proveCount('calls', 0, calls),
    };
    await expect(race([idler], { size: 'short', progress: () => {} })).rejects.toThrow(ProofError);
  });

  it('compares round by round', () => {
    const timing = (name: string, rounds: number[]) => ({
      name,
      calls: 1,
      rounds,
      microseconds: median(rounds),
    });
    // Two rounds in which the machine was ten times slower for both.
    const timings = [timing('base', [1, 10, 10, 1, 1]), timing('other', [2, 20, 20, 2, 2])];
    expect(ratioOf(timingOf(timings, 'other'), timingOf(timings, 'base'))).toBe(2);
    expect(() => timingOf(timings, 'missing')).toThrow("no contestant 'missing'");
  });
});

describe('measures', () => {
  it('ranks values by size, not by text', () => {
    expect(median([10, 9, 100])).toBe(10);
    expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5);
    expect(median([])).toBeNaN();
  });

  it('sees what is allocated', async () => {
    const kept: unknown[] = [];
    const bytes = await allocatedBytes(async () => {
      for (let index = 0; index < 1_000; index += 1) kept.push({ index, text: `${index}` });
    });
    expect(bytes).toBeGreaterThan(20_000);
  });

  it('fails loudly', () => {
    expect(() => prove(false, 'the breaker counted')).toThrow('Not so: the breaker counted');
    expect(() => proveCount('calls', 3, 4)).toThrow('calls is 4 (it is 3)');
    expect(() => proveCount('calls', 4, 4)).not.toThrow();
  });

  it('says in one line which proof failed, and shows the stack of anything else', () => {
    expect(failureText('overhead', new ProofError('Not so: calls is 4'))).toBe(
      'overhead failed: Not so: calls is 4\n',
    );
    expect(failureText('overhead', new TypeError('oops'))).toMatch(
      /^overhead failed: TypeError: oops\n +at /,
    );
  });
});

describe('a result', () => {
  it('is met at its bound', () => {
    const target = { figure: 'f', measured: 6, bound: 6, unit: '' };
    expect(isMet({ ...target, limit: 'at most' })).toBe(true);
    expect(isMet({ ...target, limit: 'at least' })).toBe(true);
    expect(isMet({ ...target, limit: 'at most', measured: 6.01 })).toBe(false);
    expect(isMet({ ...target, limit: 'at most', measured: Number.NaN })).toBe(false);
  });

  it.each([
    [0, '0'],
    [0.151_234, '0.151'],
    [12_345.6, '12346'],
    [0.000_123_4, '0.0001'],
    [Number.POSITIVE_INFINITY, 'never'],
    ['text', 'text'],
  ])('shows %j as %s', (cell, text) => {
    expect(shown(cell)).toBe(text);
  });

  it('is a table for people, with the target beside each figure', () => {
    expect(asText(result)).toBe(`A call that succeeds at once

  contestant     us per call
  -------------  -----------
  bare                 0.151
  full | policy        12346

  by fault

  contestant  outage
  ----------  ------
  bare         never

  figure       measured  target
  -----------  --------  -------------  ------
  full / bare  7         at most 6      missed
  kept         96 %      at least 95 %  met

  A note.
`);
  });

  it('does not say whether a short run met its targets', () => {
    const short = asText(result, 'short');
    expect(short).toContain('at least 95 %');
    expect(short).not.toMatch(/\b(met|missed)\b/);
  });

  it('tells programs whether each target is met, and leaves files out', () => {
    const { targets, ...rest } = published({ ...result, files: { 'a.svg': '<svg/>' } });
    expect(targets.map(({ figure, met }) => [figure, met])).toEqual([
      ['full / bare', false],
      ['kept', true],
    ]);
    expect(rest).not.toHaveProperty('files');
  });

  it('is Markdown for the README', () => {
    expect(asMarkdown(result)).toContain('| full \\| policy | 12346 |');
    expect(asMarkdown(result)).toContain('| full / bare | 7 | at most 6 | missed |');
  });
});

describe('progress', () => {
  it('shows on a terminal that does not tell its width', () => {
    const written: string[] = [];
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 0 });
    terminal.on('data', (part) => written.push(String(part)));
    new Progress('idle', terminal).say('filling');
    expect(written.join('')).toContain('idle: filling');
  });
});

describe('committed results', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  const environment = (command: string) => ({
    machine: '2 x a processor, linux x64',
    node: 'v20.19.0',
    packages: { opossum: '9.0.0' },
    date: '2026-01-01',
    command,
  });
  const readme =
    '# Benchmarks\n\n<!-- results: written by `npm run bench -- --write` -->\n<!-- end of results -->\n\nEnd\n';

  it('replace those of the same benchmark, keep the others, and are written once only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    folders.push(folder);
    writeFileSync(join(folder, 'README.md'), readme);
    const write = (subject: string, title: string) =>
      commitResults(
        folder,
        [{ ...result, subject, title, files: { 'a.svg': '<svg/>' } }],
        new Map([[subject, environment(`npm run bench -- ${subject}`)]]),
        ['overhead', 'idle'],
      );
    write('idle', 'Idle');
    write('overhead', 'Old');
    write('overhead', 'New');

    const text = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(text).not.toContain('Old');
    expect(text.indexOf('### overhead')).toBeLessThan(text.indexOf('### idle'));
    expect(text.match(/### /g)).toHaveLength(2);
    expect(text).toContain(
      '`npm run bench -- idle`, 2026-01-01: 2 x a processor, linux x64, Node v20.19.0, opossum 9.0.0.',
    );
    expect(text.endsWith('<!-- end of results -->\n\nEnd\n')).toBe(true);
    expect(readFileSync(join(folder, 'results', 'a.svg'), 'utf8')).toBe('<svg/>');
  });

  it('need their place in the README', () => {
    expect(() => withResults('# Benchmarks\n', {}, [])).toThrow('no place for results');
  });

  it('are what the committed README shows', () => {
    const folder = join(import.meta.dirname, '..', '..', 'benchmarks');
    const text = readFileSync(join(folder, 'README.md'), 'utf8');
    const committed = JSON.parse(readFileSync(join(folder, 'results', 'results.json'), 'utf8'));
    expect(withResults(text, committed, subjectNames)).toBe(text);
  });
});
