import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalBody, JournalEntry } from '../../../src/incidents/journal/entry.ts';
import { encodeEntry } from '../../../src/incidents/journal/entry.ts';
import { monthFile } from '../../../src/incidents/journal/months.ts';
import { isRunning, type ProcessIdentity } from '../../../src/incidents/journal/process-identity.ts';
import { detected } from '../incident/changes.ts';
import { note, open, temporaryFolder, texts } from './support.ts';

const OPEN = 'INC-20260104-001-9f3a01bc';
const OVER = 'INC-20260105-001-9f3a01bc';
const LATER = 'INC-20260106-001-9f3a01bc';
const at = 1;

/** Writes months of a journal, the oldest first. */
function journalOf(months: Readonly<Record<string, readonly JournalBody[]>>): string {
  const directory = temporaryFolder();
  let seq = 0;
  for (const [month, bodies] of Object.entries(months)) {
    const records = bodies.map((body) => {
      seq += 1;
      return encodeEntry('9f3a01bc', seq, body);
    });
    writeFileSync(join(directory, `journal-${month}.jsonl`), Buffer.concat(records));
  }
  return directory;
}

const resolved: JournalBody = {
  incident: OVER,
  change: { type: 'resolved', at, reason: 'It is over.', durationMs: 1 },
};

describe('a journal that is longer than what is read whole', () => {
  const months = {
    '2026-01': [
      { incident: OPEN, change: detected() },
      { incident: OVER, change: detected() },
      { incident: LATER, change: detected() },
      note('open', OPEN),
      note('over', OVER),
      note('later', LATER),
      { hub: { type: 'changed', at, what: 'a release' } },
    ],
    '2026-02': [resolved, { ...resolved, incident: LATER }, note('still open', OPEN)],
    '2026-03': [note('what was over', LATER), note('now', 'INC-20260301-001-9f3a01bc')],
  } satisfies Record<string, readonly JournalBody[]>;

  it('is read back to the beginning of what is open, or was changed since, and of nothing else', () => {
    const { entries, problems } = open(journalOf(months), { wholeBytes: 1 });
    expect(texts(entries)).toEqual(['open', 'later', 'still open', 'what was over', 'now']);
    expect(entries.filter((entry) => 'hub' in entry)).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  it('is read whole where it is short', () => {
    expect(open(journalOf(months)).entries).toHaveLength(12);
  });

  it('has its last month read whole however long that is', () => {
    const directory = journalOf({ '2026-03': months['2026-01'] });
    const { size } = statSync(join(directory, 'journal-2026-03.jsonl'));
    expect(open(directory, { wholeBytes: size - 1 }).entries).toHaveLength(7);
  });

  it('gives its entries one by one to whoever takes them, and keeps none', () => {
    const taken: JournalEntry[] = [];
    const { entries } = open(journalOf(months), { take: (entry) => taken.push(entry) });
    expect(taken).toHaveLength(12);
    expect(entries).toEqual([]);
  });

  it('does not hear again what is old', async () => {
    const directory = journalOf({ ...months, [monthFile(Date.now()).slice(8, 15)]: [note('today')] });
    const { journal, reports } = open(directory, { wholeBytes: 1, writer: 'bbbbbbbb' });
    const heard: JournalEntry[] = [];
    journal.listen((entry) => heard.push(entry));
    expect(await journal.history(OPEN)).toHaveLength(3);
    expect(heard).toEqual([]);
    expect(reports).toEqual([]);
  });
});

describe('a process with the id of this one', () => {
  const here: ProcessIdentity = { host: 'node-7', boot: 'b', pid: 1, pidNamespace: 'pid:[1]', began: '100' };

  it('is a former one only where both count ids in the same namespace', () => {
    expect(isRunning({ ...here, began: '90' }, here)).toBe(false);
    expect(isRunning(here, here)).toBe(true);
    expect(isRunning({ ...here, pidNamespace: 'pid:[2]', began: '90' }, here)).toBeUndefined();
    expect(isRunning({ ...here, boot: 'c', pidNamespace: 'pid:[2]' }, here)).toBe(false);
  });

  it('in another container tends what it tends while it shows that it lives', () => {
    const directory = temporaryFolder();
    const there = { ...here, pidNamespace: 'pid:[2]', began: '200' };
    const [a, b] = [
      open(directory, { process: here }),
      open(directory, { process: there, writer: 'bbbbbbbb' }),
    ];
    expect([b.journal.adopt('aaaaaaaa'), a.journal.adopt('bbbbbbbb')]).toEqual([false, false]);
  });
});
