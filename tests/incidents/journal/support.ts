import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Disk, localDisk } from '../../../src/incidents/journal/disk.ts';
import type { JournalBody } from '../../../src/incidents/journal/entry.ts';
import { type JournalOptions, openJournal } from '../../../src/incidents/journal/journal.ts';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function note(text: string, incident = 'INC-20260204-001-9f3a01bc'): JournalBody {
  return { incident, change: { type: 'noted', at: 1, id: 'n-1', text, by: 'Ada', deadEnd: false } };
}

/** What the entries of notes say. */
export function texts(bodies: readonly JournalBody[]): string[] {
  return bodies.flatMap((body) =>
    'change' in body && body.change.type === 'noted' ? [body.change.text] : [],
  );
}

/** A journal that is closed after the test, with what it reported. */
export function open(directory: string, given: Partial<JournalOptions> = {}) {
  const reports: string[] = [];
  const report = (error: unknown): void => {
    reports.push(error instanceof Error ? error.message : String(error));
  };
  const opened = openJournal({ directory, writer: 'aaaaaaaa', report, ...given });
  onTestFinished(() => opened.journal.close());
  return { ...opened, reports };
}

/** A disk on which a write is done by `append`, which is given what would be done otherwise. */
export function diskThat(
  append: (bytes: Buffer, write: (bytes: Buffer) => Promise<number>) => Promise<number>,
): Disk {
  return {
    ...localDisk,
    async openForAppend(path) {
      const file = await localDisk.openForAppend(path);
      return { ...file, append: (bytes) => append(bytes, (some) => file.append(some)) };
    },
  };
}

/** The error of a system call. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code });
}
