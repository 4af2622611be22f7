import { join, resolve } from 'node:path';
import { InvalidOptionsError } from '../../core/errors.ts';
import { EntryCollector } from './collector.ts';
import { errorCode, localDisk } from './disk.ts';
import type { JournalEntry } from './entry.ts';
import { monthFiles } from './months.ts';
import { reasonOf } from './open.ts';
import { readFileInto } from './read-file.ts';

/** What stands in a journal. */
export interface ReadJournal {
  /** Every entry of every process, oldest first. */
  readonly entries: readonly JournalEntry[];
  /** What cannot be read, each with its file, line and byte. */
  readonly problems: readonly string[];
}

/**
 * Reads all of a journal, and changes nothing. Throws `InvalidOptionsError` where there is no such directory.
 *
 * @param directory what the application gave as `incidents.directory`
 * @param isWanted which entries are kept. Default: all
 */
export async function readJournal(
  directory: string,
  isWanted: (entry: JournalEntry) => boolean = () => true,
): Promise<ReadJournal> {
  const path = resolve(directory);
  const entries: JournalEntry[] = [];
  const collector = new EntryCollector();
  for (const name of monthFiles(await namesIn(path))) {
    try {
      await readFileInto(join(path, name), name, collector, (entry) => {
        if (isWanted(entry)) entries.push(entry);
      });
    } catch (error) {
      collector.problem(`${name} cannot be read: ${reasonOf(error)}`);
    }
  }
  return { entries, problems: collector.takeProblems() };
}

/** The names in a journal's directory; a directory that is none is the caller's mistake. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await localDisk.names(directory);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    const message = `'${directory}' is no directory; give the one that the application has as incidents.directory`;
    throw new InvalidOptionsError('', 'The journal cannot be read', [{ path: 'directory', message }]);
  }
}
