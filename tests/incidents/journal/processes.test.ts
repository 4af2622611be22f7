import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../../../src/incidents/journal/read.ts';
import { writeEntries } from '../../../src/incidents/journal/write.ts';
import { bundle } from './bundle.ts';
import { note, open, temporaryFolder, texts } from './support.ts';

describe('processes that write at once', () => {
  it('lose nothing, a command beside them neither', async () => {
    const folder = temporaryFolder();
    const directory = join(folder, 'journal');
    const heard: string[] = [];
    const { journal, reports } = open(directory, { writer: 'listener' });
    journal.listen((entry) => heard.push(...texts([entry])));
    const program = await bundle('append-child.ts', folder);
    const writers = ['aaaaaaaa', 'bbbbbbbb'];
    const exits = writers.map((writer) =>
      once(fork(program, [directory, writer, '500'], { execArgv: [] }), 'exit'),
    );
    for (let at = 0; at < 20; at += 1) await writeEntries(directory, `cli-${at}`, [note(`cli ${at}`)]);
    expect(await Promise.all(exits)).toEqual([
      [0, null],
      [0, null],
    ]);
    const { entries, problems } = await readJournal(directory);
    expect(problems).toEqual([]);
    for (const writer of writers) {
      const own = texts(entries.filter((entry) => entry.writer === writer));
      expect(own).toEqual(Array.from({ length: 500 }, (_, at) => `${writer} ${at}`));
    }
    expect(entries.length).toBe(1_020);
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(1_020);
    expect(heard).toEqual(texts(entries));
    expect(reports).toEqual([]);
    expect(readdirSync(join(directory, 'instances'))).toEqual(['listener.json']);
  });
});
