import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { encodeEntry, MAX_RECORD_BYTES } from '../../../src/incidents/journal/entry.ts';
import { thisProcess } from '../../../src/incidents/journal/process-identity.ts';
import { readJournal } from '../../../src/incidents/journal/read.ts';
import { writeEntries } from '../../../src/incidents/journal/write.ts';
import { fc } from '../../fast-check.ts';
import { diskThat, note, open, systemError, temporaryFolder, texts } from './support.ts';

const file = 'journal-2026-02.jsonl';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-02-04T10:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a journal', () => {
  it('has each entry on disk when append resolves, in order and for its owner only', async () => {
    const directory = join(temporaryFolder(), 'journal');
    const { journal } = open(directory);
    await Promise.all([journal.append([note('a'), note('b')]), journal.append([note('c')])]);
    const { entries, problems } = await readJournal(directory);
    expect(texts(entries)).toEqual(['a', 'b', 'c']);
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(problems).toEqual([]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
  });

  it('goes on counting where the writer left off', async () => {
    const directory = temporaryFolder();
    const first = open(directory);
    await first.journal.append([note('a')]);
    await first.journal.close();
    await writeEntries(directory, 'cli-00000001', [note('b')]);
    await writeEntries(directory, 'cli-00000001', [note('c')]);
    const second = open(directory);
    await second.journal.append([note('d')]);
    expect(texts(second.entries)).toEqual(['a', 'b', 'c']);
    expect(texts((await readJournal(directory)).entries)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('reports what it cannot keep, and keeps the rest', async () => {
    const { journal, reports } = open(temporaryFolder());
    await journal.append([note('x'.repeat(MAX_RECORD_BYTES)), note('a', '../../etc'), note('kept')]);
    expect(reports).toEqual([
      expect.stringContaining('is longer than 1048576 bytes'),
      expect.stringContaining('incident'),
    ]);
    await journal.flush();
  });

  it('never goes back to an earlier month', async () => {
    const directory = temporaryFolder();
    const { journal } = open(directory);
    await journal.append([note('a')]);
    vi.setSystemTime(Date.parse('2026-03-01T00:00:00Z'));
    await journal.append([note('b')]);
    vi.setSystemTime(Date.parse('2026-02-28T00:00:00Z'));
    await journal.append([note('c')]);
    await writeEntries(directory, 'cli-00000001', [note('d')]);
    expect(readdirSync(directory).filter((name) => name.startsWith('journal'))).toEqual([
      file,
      'journal-2026-03.jsonl',
    ]);
    expect(texts((await readJournal(directory)).entries)).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    ['is removed', (path: string) => rmSync(path)],
    ['is moved away', (path: string) => renameSync(path, `${path}.old`)],
  ])('writes to a new file when its own %s', async (_, happen) => {
    const directory = temporaryFolder();
    const { journal, reports } = open(directory);
    await journal.append([note('a')]);
    happen(join(directory, file));
    await journal.append([note('b')]);
    expect(texts((await readJournal(directory)).entries)).toEqual(['b']);
    expect(reports).toEqual([]);
  });

  it('makes its folder again when it is removed', async () => {
    const directory = join(temporaryFolder(), 'journal');
    const { journal } = open(directory);
    await journal.append([note('a')]);
    rmSync(directory, { recursive: true });
    await journal.append([note('b')]);
    expect(texts((await readJournal(directory)).entries)).toEqual(['b']);
  });
});

describe('lines that are no entries', () => {
  const good = (text: string): string => encodeEntry('bbbbbbbb', text.length, note(text)).toString();

  it('are told with file, line and byte, and stay', async () => {
    const directory = temporaryFolder();
    const lines = [
      '\ufeff{"v":1',
      Buffer.from([0xff, 0xfe]),
      '{"v":2,"writer":"bbbbbbbb","seq":1}',
      '{"v":1,"writer":"bbbbbbbb","seq":1,"incident":"i","change":{"type":"teleported","at":1}}',
      'null',
      'x'.repeat(MAX_RECORD_BYTES + 1),
    ];
    const bytes = Buffer.concat([
      ...lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]),
      Buffer.from(`${good('a')}{"torn`),
    ]);
    writeFileSync(join(directory, file), bytes);
    const { entries, problems } = open(directory);
    expect(texts(entries)).toEqual(['a']);
    expect(problems).toEqual([
      expect.stringContaining(`${file} ended at byte ${bytes.length} within a line`),
      expect.stringMatching(/line 1 \(byte 0\) is not JSON/),
      expect.stringMatching(/line 2 \(byte 10\) is not UTF-8/),
      expect.stringMatching(/line 3 \(byte 13\) is no entry: its version is 2/),
      expect.stringMatching(/line 4 .*'teleported'/),
      expect.stringMatching(/line 5 .*is no entry/),
      expect.stringMatching(/line 6 .*is longer than/),
      expect.stringMatching(/line 9 .*is not JSON/),
    ]);
    expect(readFileSync(join(directory, file)).equals(Buffer.concat([bytes, Buffer.from('\n')]))).toBe(true);
  });

  it('have nothing special in __proto__', async () => {
    const directory = temporaryFolder();
    const line = good('a').replace(
      '"deadEnd"',
      '"__proto__":{"polluted":1},"\\u005f_proto__":{"polluted":1},"deadEnd"',
    );
    writeFileSync(join(directory, file), line);
    const { entries } = await readJournal(directory);
    expect(texts(entries)).toEqual(['a']);
    expect(JSON.stringify(entries)).not.toContain('polluted');
  });

  it('do not spoil what others wrote, wherever a record was cut', async () => {
    const record = encodeEntry('bbbbbbbb', 1, note('torn'));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: record.length }), async (cut) => {
        const directory = temporaryFolder();
        const whole = encodeEntry('cccccccc', 1, note('whole'));
        writeFileSync(join(directory, file), Buffer.concat([record.subarray(0, cut), whole]));
        const expected = cut >= record.length - 1 ? ['torn', 'whole'] : ['whole'];
        expect(texts((await readJournal(directory)).entries)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

describe('entries of several writers', () => {
  it('are kept in the order of each, with none twice or lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 3 }))),
        async (steps) => {
          const directory = temporaryFolder();
          const writers = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map(
            (writer) => open(directory, { writer }).journal,
          );
          const wanted = new Map<number, string[]>();
          await Promise.all(
            steps.map(([at, count], step) => {
              const said = Array.from({ length: count }, (_, part) => `${step}.${part}`);
              wanted.set(at, [...(wanted.get(at) ?? []), ...said]);
              return writers[at]?.append(said.map((text) => note(text)));
            }),
          );
          const { entries } = await readJournal(directory);
          for (const [at, said] of wanted) {
            expect(texts(entries.filter(({ writer }) => writer.startsWith('abc'.charAt(at))))).toEqual(said);
          }
          expect(entries.length).toBe([...wanted.values()].flat().length);
          await Promise.all(writers.map((journal) => journal.close()));
        },
      ),
      { numRuns: 10 },
    );
  });

  it('are heard by the others, whole, in order and once, across months', async () => {
    const directory = temporaryFolder();
    const { journal } = open(directory);
    await writeEntries(directory, 'cli-00000001', [note('before it listens')]);
    const heard: string[] = [];
    const stop = journal.listen((entry) => heard.push(...texts([entry])));
    journal.listen(() => {
      throw new Error('a listener');
    });
    await journal.append([note('own')]);
    const look = async (): Promise<void> => {
      await vi.advanceTimersByTimeAsync(1_000);
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(2), { interval: 1 });
    };
    await look();
    const record = encodeEntry('cccccccc', 1, note('in two parts'));
    appendFileSync(join(directory, file), record.subarray(0, 30));
    await look();
    appendFileSync(join(directory, file), record.subarray(30));
    vi.setSystemTime(Date.parse('2026-03-01T00:00:00Z'));
    await writeEntries(directory, 'cli-00000001', [note('next month')]);
    await look();
    expect(heard).toEqual(['before it listens', 'in two parts', 'next month']);
    stop();
    await writeEntries(directory, 'cli-00000002', [note('unheard')]);
    await look();
    expect(heard.length).toBe(3);
  });

  it('need a directory that is there', async () => {
    const missing = join(temporaryFolder(), 'mistyped');
    await expect(writeEntries(missing, 'cli-00000001', [note('a')])).rejects.toThrow(InvalidOptionsError);
    await expect(readJournal(missing)).rejects.toThrow(/mistyped' is no directory/);
  });
});

describe('a disk that does not take entries', () => {
  it.each(['ENOSPC', 'EROFS', 'EACCES', 'EIO'])(
    'keeps them in memory on %s, says so once, and writes them when it is back',
    async (code) => {
      const directory = temporaryFolder();
      let failing = true;
      const disk = diskThat(async (bytes, write) => {
        if (failing) throw systemError(code);
        return write(bytes);
      });
      const { journal, reports } = open(directory, { disk });
      await journal.append([note('a')]);
      expect(journal.degraded).toBe(true);
      await journal.append([note('b')]);
      await vi.advanceTimersByTimeAsync(1_000);
      await journal.flush();
      expect(reports).toEqual([expect.stringContaining(code)]);
      failing = false;
      await journal.flush();
      expect(journal.degraded).toBe(false);
      expect(texts((await readJournal(directory)).entries)).toEqual(['a', 'b']);
      expect(reports.length).toBe(1);
    },
  );

  it('ends records that there was no room for, and writes them again as a whole', async () => {
    const directory = temporaryFolder();
    const room = [70, 300, 10];
    const disk = diskThat(async (bytes, write) => write(bytes.subarray(0, room.shift() ?? bytes.length)));
    const { journal } = open(directory, { disk });
    await journal.append([note('a'), note('b'), note('c'), note('d')]);
    // The first two tries left no record whole, and it gave up until the next.
    await journal.flush();
    await journal.flush();
    const { entries, problems } = await readJournal(directory);
    expect(texts(entries)).toEqual(['a', 'b', 'c', 'd']);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('keeps nobody waiting when it hangs, and what it took in the end is there once', async () => {
    const directory = temporaryFolder();
    let answer = (): void => {};
    const hung = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const disk = diskThat(async (bytes, write) => {
      await hung;
      return write(bytes);
    });
    const { journal, reports } = open(directory, { disk });
    const appended = journal.append([note('a')]);
    await vi.advanceTimersByTimeAsync(10_000);
    await appended;
    expect(reports).toEqual([expect.stringContaining('did not answer within 10000 ms')]);
    await journal.append([note('b')]);
    answer();
    await journal.flush();
    expect(texts((await readJournal(directory)).entries)).toEqual(['a', 'b']);
  });

  it('has a bound, and how many were lost is told', async () => {
    const directory = temporaryFolder();
    let failing = true;
    const disk = diskThat(async (bytes, write) => {
      if (failing) throw systemError('ENOSPC');
      return write(bytes);
    });
    const { journal, reports } = open(directory, { disk });
    await journal.append(Array.from({ length: 10_003 }, (_, at) => note(String(at))));
    failing = false;
    await journal.flush();
    expect(reports.at(-1)).toContain('3 entries are lost');
    expect((await readJournal(directory)).entries.length).toBe(10_000);
  });

  it('may be a file where the folder should be', async () => {
    const directory = join(temporaryFolder(), 'taken');
    writeFileSync(directory, '');
    const { journal, reports } = open(directory);
    expect(journal.degraded).toBe(true);
    expect(reports).toEqual([expect.stringMatching(/EEXIST|ENOTDIR/)]);
    await journal.append([note('a')]);
    rmSync(directory);
    await journal.flush();
    expect(texts((await readJournal(directory)).entries)).toEqual(['a']);
  });
});

describe('taking over', () => {
  const gone = { ...thisProcess(), pid: 2 ** 22 + 1, began: '1' };

  it('is for one process, and only from one that is no more', () => {
    const directory = temporaryFolder();
    const living = open(directory, { writer: 'living' }).journal;
    const a = open(directory, { writer: 'a' }).journal;
    open(directory, { writer: 'dead', process: gone });
    expect(a.adopt('living')).toBe(false);
    expect(a.adopt('dead')).toBe(true);
    expect(a.adopt('dead')).toBe(true);
    expect(living.adopt('dead')).toBe(false);
    expect(living.adopt('cli-00000001')).toBe(true);
    expect(a.adopt('cli-00000001')).toBe(false);
    expect(a.adopt('../a')).toBe(false);
  });

  it('goes on to the next when whoever took over died too', () => {
    const directory = temporaryFolder();
    const dying = open(directory, { writer: 'dying', process: { ...gone, pid: gone.pid + 1 } }).journal;
    expect(dying.adopt('dead')).toBe(true);
    expect(open(directory, { writer: 'next' }).journal.adopt('dead')).toBe(true);
  });

  it('knows a former process of the same container by its start', () => {
    const directory = temporaryFolder();
    open(directory, { writer: 'former', process: { ...thisProcess(), began: '1' } });
    expect(open(directory, { writer: 'a' }).journal.adopt('former')).toBe(true);
  });

  it('waits for a silence that is also watched where a process cannot be looked up', async () => {
    const directory = temporaryFolder();
    const { journal } = open(directory, { writer: 'a' });
    mkdirSync(join(directory, 'instances'), { recursive: true });
    const elsewhere = { v: 1, writer: 'far', ...thisProcess(), host: 'another' };
    writeFileSync(join(directory, 'instances', 'far.json'), JSON.stringify(elsewhere));
    // The clock jumps: its file is old at once.
    vi.setSystemTime(Date.now() + 40 * 365 * 86_400_000);
    expect(journal.adopt('far')).toBe(false);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(journal.adopt('far')).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(journal.adopt('far')).toBe(true);
  });

  it('finds the file of who lives whole at any time, and made again where it was removed', async () => {
    const directory = temporaryFolder();
    const { journal } = open(directory, { writer: 'a' });
    const card = join(directory, 'instances', 'a.json');
    const { ino } = statSync(card);
    await journal.append([note('a')]);
    // Not written anew in place, where it would be empty for a moment.
    expect(statSync(card).ino).toBe(ino);
    rmSync(card);
    await vi.advanceTimersByTimeAsync(15_000);
    await vi.waitFor(() => expect(JSON.parse(readFileSync(card, 'utf8')).writer).toBe('a'), { interval: 1 });
  });

  it('leaves nothing behind at a clean end', async () => {
    const directory = temporaryFolder();
    const { journal } = open(directory);
    await journal.append([note('a')]);
    await journal.close();
    expect(readdirSync(join(directory, 'instances'))).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
