import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Collector } from '../../../src/incidents/collectors/collector.ts';
import { commandCollector } from '../../../src/incidents/collectors/command.ts';
import { jsonText } from '../../../src/incidents/collectors/json-text.ts';
import { logCollector } from '../../../src/incidents/collectors/log.ts';
import { type CollectorOptions, collectorSchema } from '../../../src/incidents/collectors/options.ts';
import { CollectorRunner } from '../../../src/incidents/collectors/run.ts';
import { incidentChange } from '../../../src/incidents/incident/changes/change.ts';
import { fc } from '../../fast-check.ts';
import { sampleIncident } from '../sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'collectors-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const fixed = (name: string, collect: Collector['collect'], bounds: Partial<Collector> = {}): Collector => ({
  name,
  file: `${name}.txt`,
  collect,
  ...bounds,
});

async function collect(
  collectors: readonly Collector[],
  bounds: Partial<CollectorOptions> = {},
  signal?: AbortSignal,
) {
  const settings = collectorSchema.parse({ collectors: [...collectors], ...bounds });
  const changes = await new CollectorRunner(settings).run({
    incident: sampleIncident(),
    folder: () => folder,
    signal,
  });
  for (const change of changes) expect(incidentChange.parse(change)).toEqual(change);
  return changes;
}

const content = (file: string): string => readFileSync(join(folder, file), 'utf8');

describe('files', () => {
  test('have the fixed name, belong to their owner alone, and are told', async () => {
    const changes = await collect([fixed('state', ({ incident }) => `of ${incident.id}`)]);
    expect(changes).toMatchObject([
      { type: 'collected', collector: 'state', file: 'state.txt', bytes: 29, truncated: false },
    ]);
    expect(content('state.txt')).toBe('of INC-20260204-001-9f3a01bc\n');
    expect(statSync(join(folder, 'state.txt')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['state.txt']);
  });

  test('a link of that name is replaced, not followed', async () => {
    const outside = join(folder, 'outside');
    writeFileSync(outside, 'untouched');
    symlinkSync(outside, join(folder, 'state.txt'));
    await collect([fixed('state', () => 'new')]);
    expect(readFileSync(outside, 'utf8')).toBe('untouched');
    expect(content('state.txt')).toBe('new\n');
  });

  test('a folder that cannot be written to, or made, is told and harms nothing', async () => {
    const settings = collectorSchema.parse([fixed('state', () => 'new')]);
    const incident = sampleIncident();
    const missing = await new CollectorRunner(settings).run({
      incident,
      folder: () => join(folder, 'missing'),
    });
    expect(missing).toMatchObject([{ bytes: 0, error: expect.stringContaining('ENOENT') }]);
    const unmade = await new CollectorRunner(settings).run({
      incident,
      folder: () => {
        throw new Error('the disk is full');
      },
    });
    expect(unmade).toMatchObject([{ bytes: 0, truncated: false, error: 'the disk is full' }]);
    expect('file' in (unmade[0] ?? {})).toBe(false);
  });

  test('lines are redacted, indented as they were, and keys and escapes left out', async () => {
    await collect([
      fixed('nodes', () =>
        [
          'Name: node-1',
          '    PGPASSWORD: hunter2',
          '\tpostgres://app:s3cret@db:5432/shop',
          '\u001b[31mred\u001b[0m',
          '-----BEGIN RSA PRIVATE KEY-----',
          'MIIEpAIBAAKCAQEA',
          '-----END RSA PRIVATE KEY-----',
          `long ${'x'.repeat(20_000)}`,
          'last',
        ].join('\n'),
      ),
    ]);
    const lines = content('nodes.txt').split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'Name: node-1',
      '    PGPASSWORD: [redacted]',
      '\tpostgres://[redacted]@db:5432/shop',
      'red',
      '[redacted]',
    ]);
    expect(lines[5]).toBe('long [20005 characters, cut]');
    expect(lines.slice(6)).toEqual(['last', '']);
  });

  test('data becomes JSON without what its names say is secret', async () => {
    await collect([
      {
        ...fixed('data', () => ({ json: { user: 'app', password: 'hunter2', at: ['postgres://a:b@c', 1] } })),
        file: 'data.json',
      },
    ]);
    expect(JSON.parse(content('data.json'))).toEqual({
      user: 'app',
      password: '[redacted]',
      at: ['postgres://[redacted]@c', 1],
    });
  });
});

describe('data', () => {
  test('has nothing under the name of a secret, whatever it is', async () => {
    const json = {
      env: { DB_PASSWORD: 'hunter2', password: 12345, secret: ['hunter2'], token: { value: 'hunter2' } },
      auth: { pass: 'hunter2', apiKey: 17n, dbPass: 'hunter2', 'set-cookie': ['sid=hunter2'] },
      nested: '{"password":"hunter2"}',
      left: { password: null, secret: true, maxTokens: 5, compass: 'north', keys: 3 },
    };
    const { text, isCut } = await jsonText(json, 10_000);
    const gone = '[redacted]';
    expect({ isCut, ...JSON.parse(text) }).toEqual({
      isCut: false,
      env: { DB_PASSWORD: gone, password: gone, secret: gone, token: gone },
      auth: { pass: gone, apiKey: gone, dbPass: gone, 'set-cookie': gone },
      nested: '{"password":[redacted]}',
      left: json.left,
    });
  });

  test('is written as JSON.stringify does, where there is nothing to hide', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 5 }), async (value) => {
        const words = JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
          typeof inner === 'string' ? `w${inner.length}` : inner,
        );
        const named: unknown = renamed(words);
        expect((await jsonText(named, 1_000_000)).text).toBe(JSON.stringify(named, undefined, 1));
      }),
    );
    const odd = [undefined, Number.NaN, new Date(0), { a: undefined, b: () => 1 }, [], {}, 2n];
    expect(JSON.parse((await jsonText(odd, 1_000)).text)).toEqual([
      null,
      null,
      '1970-01-01T00:00:00.000Z',
      {},
      [],
      {},
      '2',
    ]);
  });

  test('is gone through only as far as there is room, and others have their turn meanwhile', async () => {
    let read = 0;
    const items = Array.from({ length: 100_000 }, (_, at) => ({
      get note() {
        read += 1;
        return `note ${at} ${'p'.repeat(40)}`;
      },
    }));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const { text, isCut } = await jsonText(items, 100_000);
    clearImmediate(next);
    expect(isCut).toBe(true);
    expect(text.length).toBeLessThan(100_200);
    expect(read).toBeLessThan(2_000);
    expect(turns).toBeGreaterThanOrEqual(3);
    const loop: { self?: unknown; other?: unknown } = {};
    loop.self = loop;
    loop.other = loop;
    expect((await jsonText(loop, 5_000)).isCut).toBe(true);
  });
});

/** The same with names that tell nothing. */
function renamed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(renamed);
  return Object.fromEntries(Object.values(value).map((inner, at) => [`name${at}`, renamed(inner)]));
}

describe('bounds', () => {
  test('a file is cut visibly, at a line, and no more is kept than it may hold', async () => {
    const line = `${'y'.repeat(99)}\n`;
    let taken = 0;
    const changes = await collect([
      fixed(
        'flood',
        ({ write }) => {
          while (write(line) && taken < 1_000_000) taken += 1;
          return 'more, too late';
        },
        { maxBytes: 1_050 },
      ),
    ]);
    expect(taken).toBe(10);
    expect(changes).toMatchObject([{ file: 'flood.txt', truncated: true }]);
    expect(content('flood.txt')).toBe(
      `${line.repeat(10)}[cut here: the file has reached its largest size]\n`,
    );
  });

  test('half a secret at the cut is left out', async () => {
    await collect([fixed('half', () => 'fine postgres://app:hunter2@db', { maxBytes: 22 })]);
    expect(content('half.txt')).not.toContain('hun');
    expect(content('half.txt')).toMatch(/^fine\n\[cut here/);
  });

  test('one that hangs is ended in time, what it wrote is kept, and what it does later is nothing', async () => {
    vi.useFakeTimers();
    let late: boolean | undefined;
    let aborted = false;
    const run = collect([
      fixed('hangs', async ({ write, signal }) => {
        write('so far\n');
        signal.addEventListener('abort', () => {
          aborted = true;
          late = write('late\n');
        });
        await new Promise(() => {});
        return 'never';
      }),
      fixed('silent', () => new Promise(() => {})),
      fixed('quick', () => 'done', { timeoutMs: 5 }),
    ]);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    const changes = await run;
    expect(changes).toMatchObject([
      { file: 'hangs.txt', error: 'it took longer than 10000 ms and was ended' },
      { bytes: 0, error: 'it took longer than 10000 ms and was ended' },
      { file: 'quick.txt' },
    ]);
    expect([aborted, late]).toEqual([true, false]);
    expect(content('hangs.txt')).toBe('so far\n');
    expect(existsSync(join(folder, 'silent.txt'))).toBe(false);
  });

  test('one that throws, whatever it throws, is told redacted', async () => {
    const changes = await collect([
      fixed('a', () => {
        throw new Error('no route to postgres://u:p@db');
      }),
      fixed('b', () => Promise.reject(null)),
    ]);
    expect(changes).toMatchObject([
      { collector: 'a', bytes: 0, error: 'no route to postgres://[redacted]@db' },
      { collector: 'b', bytes: 0, error: expect.stringContaining('null') },
    ]);
  });

  test('a few run at once, over all incidents, and the hub that closes ends them', async () => {
    let running = 0;
    let most = 0;
    const slow = (name: string): Collector =>
      fixed(name, async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return name;
      });
    const settings = collectorSchema.parse({
      collectors: ['a', 'b', 'c', 'd', 'e'].map(slow),
      concurrency: 2,
    });
    const runner = new CollectorRunner(settings);
    const request = { incident: sampleIncident(), folder: () => folder };
    const results = await Promise.all([runner.run(request), runner.run(request)]);
    expect(most).toBe(2);
    expect(results.flat().filter(({ error }) => error !== undefined)).toEqual([]);

    const closing = new AbortController();
    const pending = collect([fixed('hangs', () => new Promise(() => {}))], {}, closing.signal);
    closing.abort();
    expect(await pending).toMatchObject([{ error: 'the hub is closing' }]);
  });
});

describe('options', () => {
  const wrong = (given: unknown): string =>
    (collectorSchema.safeParse(given).error?.issues ?? [])
      .flatMap((issue) => (issue.code === 'invalid_union' ? issue.errors.flat() : [issue]))
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('\n');

  test.each(['../escape', 'a/b', 'A', '', '.hidden', 'x'.repeat(65), 'a\u0000b', 'con txt'])(
    'the name %j is refused',
    (name) => expect(wrong([{ ...fixed('ok', () => ''), name }])).toContain('a-z, 0-9 and -'),
  );

  test.each([
    '../../etc/passwd',
    'log',
    '/tmp/log.txt',
    'a/../b.txt',
    '.log.txt',
    'log.txt/',
    'LOG.TXT',
    'a\n.txt',
  ])('the file %j is refused', (file) =>
    expect(wrong([{ ...fixed('ok', () => ''), file }])).toContain('must be a file name'),
  );

  test('names and files are of one collector each', () => {
    expect(wrong([fixed('a', () => ''), fixed('a', () => '')])).toContain("'a' is that of another collector");
    expect(collectorSchema.parse([logCollector(), fixed('a', () => '')]).collectors).toHaveLength(2);
    expect(wrong([{ name: 'a', file: 'a.txt' }])).toContain('must be a collector');
    expect(wrong('log')).not.toBe('');
  });
});

describe('a command', () => {
  const node = (name: string, script: string, more: object = {}) =>
    commandCollector({ name, command: [process.execPath, '-e', script], ...more });

  test('prints what it prints, with the environment that it is given and no input', async () => {
    vi.stubEnv('SECRET_OF_THE_PROCESS', 'hunter2');
    try {
      const script =
        'console.log(JSON.stringify([process.argv.slice(1), process.env.SECRET_OF_THE_PROCESS ?? null, process.env.GIVEN]));' +
        'console.error("  and an error"); process.stdin.on("end", () => console.log("no input")).resume();';
      const command: [string, ...string[]] = [process.execPath, '-e', script, '$(touch x); `y` && z > w'];
      const changes = await collect([commandCollector({ name: 'echo', command, env: { GIVEN: 'yes' } })]);
      expect(changes).toMatchObject([
        { collector: 'command-echo', file: 'command-echo.txt', truncated: false },
      ]);
      expect(changes[0]).not.toHaveProperty('error');
      const text = content('command-echo.txt');
      expect(text).toContain('[["$(touch x); `y` && z > w"],null,"yes"]');
      expect(text).toContain('  and an error');
      expect(text).toContain('no input');
      expect(text).toMatch(/exited with 0\n$/);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('one that floods is killed, one that fails and one that is not there are told, one that hangs takes its children with it', async () => {
    const pidFile = join(folder, 'child.pid');
    const hangs =
      `const { spawn } = require('node:child_process');` +
      `const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });` +
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));` +
      `console.log('started'); setInterval(() => {}, 1000);`;
    const unreadable = join(folder, 'not-executable');
    writeFileSync(unreadable, '');
    chmodSync(unreadable, 0o600);
    const changes = await collect(
      [
        node(
          'flood',
          `const chunk = 'z'.repeat(65536) + '\\n'; const more = () => process.stdout.write(chunk, more); more();`,
        ),
        node('fails', `console.log('partly'); process.exit(3)`),
        commandCollector({ name: 'absent', command: [unreadable] }),
        node('hangs', hangs, { timeoutMs: 1_500 }),
      ],
      { maxBytes: 200_000 },
    );
    expect(changes).toMatchObject([
      { file: 'command-flood.txt', truncated: true },
      { file: 'command-fails.txt', error: expect.stringContaining('exited with 3') },
      { collector: 'command-absent', error: expect.stringContaining('EACCES') },
      { file: 'command-hangs.txt', error: 'it took longer than 1500 ms and was ended' },
    ]);
    expect(statSync(join(folder, 'command-flood.txt')).size).toBeLessThanOrEqual(201_000);
    expect(content('command-fails.txt')).toContain('partly');
    expect(content('command-hangs.txt')).toContain('started');
    const child = Number(readFileSync(pidFile, 'utf8'));
    await vi.waitFor(() => expect(isRunning(child)).toBe(false), { timeout: 3_000, interval: 20 });
  }, 15_000);
});

/** A process that was killed may wait for whoever reaps it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
