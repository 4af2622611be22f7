import type { EntryCollector } from './collector.ts';
import { localDisk } from './disk.ts';
import { type JournalEntry, MAX_RECORD_BYTES } from './entry.ts';
import { LineSplitter } from './lines.ts';

const PIECE_BYTES = 256 * 1024;

/** Reads a file from its beginning to its end. */
export async function readFileInto(
  path: string,
  name: string,
  collector: EntryCollector,
  take: (entry: JournalEntry) => void,
): Promise<void> {
  const splitter = new LineSplitter(MAX_RECORD_BYTES);
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const file = await localDisk.openForRead(path);
  try {
    let at = 0;
    for (let got = await file.read(piece, at); got > 0; got = await file.read(piece, at)) {
      at += got;
      for (const line of splitter.push(piece.subarray(0, got))) {
        const entry = collector.take(name, line);
        if (entry !== undefined) take(entry);
      }
    }
  } finally {
    await file.close();
  }
  const rest = splitter.rest();
  const entry = rest && collector.take(name, rest);
  if (entry !== undefined) take(entry);
}
