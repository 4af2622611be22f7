import { resolve } from 'node:path';
import { AppendFile } from './append-file.ts';
import { localDisk } from './disk.ts';
import { encodeEntry, type JournalBody } from './entry.ts';
import { monthFiles } from './months.ts';
import { namesIn, readJournal } from './read.ts';

/**
 * Adds entries to a journal, as a command does beside the application that has it open. Resolves once they are on disk.
 * Throws `InvalidOptionsError` where there is no such directory, which is not made.
 *
 * @param directory what the application gave as `incidents.directory`
 * @param writer a name that nobody else writes under, such as `cli-` and eight random hexadecimal digits
 */
export async function writeEntries(
  directory: string,
  writer: string,
  bodies: readonly JournalBody[],
): Promise<void> {
  if (bodies.length === 0) return;
  const path = resolve(directory);
  const latest = monthFiles(await namesIn(path)).at(-1);
  const { entries } = await readJournal(path);
  let seq = entries.findLast((entry) => entry.writer === writer)?.seq ?? 0;
  const records = bodies.map((body) => {
    seq += 1;
    return encodeEntry(writer, seq, body);
  });
  const file = new AppendFile(path, localDisk);
  if (latest !== undefined) file.notBefore(latest);
  try {
    await file.write(records);
  } finally {
    await file.close();
  }
}
