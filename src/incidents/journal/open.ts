import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EntryCollector } from './collector.ts';
import { errorCode, FOLDER_MODE } from './disk.ts';
import { type JournalEntry, MAX_RECORD_BYTES } from './entry.ts';
import { LineSplitter } from './lines.ts';
import { monthFiles } from './months.ts';
import type { Position } from './tail.ts';

/** How many bytes of journal are read at the start. Older months are left out, whole. */
const MAX_READ_BYTES = 64 * 1024 * 1024;

const PIECE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** What stood in the journal when it was opened. */
export interface Found {
  readonly entries: readonly JournalEntry[];
  readonly problems: readonly string[];
  readonly collector: EntryCollector;
  readonly positions: ReadonlyMap<string, Position>;
  /** The file of the latest month; empty where there is none. */
  readonly latest: string;
  /** Why nothing can be written, where that is so. */
  readonly unwritable: unknown;
}

/** Makes the directory where it is missing, ends torn lines, and reads the journal. Never throws. */
export function readAtStart(directory: string): Found {
  const entries: JournalEntry[] = [];
  const collector = new EntryCollector();
  const positions = new Map<string, Position>();
  let names: readonly string[] = [];
  let unwritable: unknown;
  try {
    mkdirSync(directory, { recursive: true, mode: FOLDER_MODE });
    names = monthFiles(readdirSync(directory));
  } catch (error) {
    unwritable = error;
  }
  for (const name of wanted(directory, names, collector)) {
    try {
      const repaired = repair(join(directory, name), (text) => collector.problem(`${name}${text}`));
      unwritable ??= repaired;
      positions.set(name, readWhole(directory, name, collector, entries));
    } catch (error) {
      collector.problem(`${name} cannot be read: ${reasonOf(error)}`);
    }
  }
  return {
    entries,
    problems: collector.takeProblems(),
    collector,
    positions,
    latest: names.at(-1) ?? '',
    unwritable,
  };
}

/** The latest files up to the bound, the oldest first. */
function wanted(directory: string, names: readonly string[], collector: EntryCollector): string[] {
  const chosen: string[] = [];
  let bytes = 0;
  for (const name of [...names].reverse()) {
    bytes += sizeOf(join(directory, name));
    if (bytes > MAX_READ_BYTES && chosen.length > 0) {
      collector.problem(
        `${name} and what is older is not read: it would be more than ${MAX_READ_BYTES} bytes`,
      );
      break;
    }
    chosen.unshift(name);
  }
  return chosen;
}

function sizeOf(path: string): number {
  try {
    return withFile(path, constants.O_RDONLY, (file) => fstatSync(file).size);
  } catch {
    return 0;
  }
}

/**
 * Ends the last line of a file that has no line feed at its end, which a process or machine that died while it wrote
 * leaves behind. A process that is just writing takes no harm: the line feed comes after its record. Gives the error where
 * the file cannot be written.
 */
function repair(path: string, problem: (text: string) => void): unknown {
  const last = Buffer.alloc(1);
  const torn = withFile(path, constants.O_RDONLY, (file) => {
    const { size } = fstatSync(file);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== LINE_FEED ? size : undefined;
  });
  if (torn === undefined) return undefined;
  try {
    withFile(path, constants.O_WRONLY | constants.O_APPEND, (file) => {
      writeSync(file, '\n');
      fsyncSync(file);
    });
  } catch (error) {
    problem(` ends at byte ${torn} within a line, and that cannot be repaired: ${reasonOf(error)}`);
    return error;
  }
  problem(` ended at byte ${torn} within a line; a line feed was added`);
  return undefined;
}

function readWhole(
  directory: string,
  name: string,
  collector: EntryCollector,
  entries: JournalEntry[],
): Position {
  return withFile(join(directory, name), constants.O_RDONLY, (file) => {
    const splitter = new LineSplitter(MAX_RECORD_BYTES);
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let read = 0;
    for (let got = readSync(file, piece); got > 0; got = readSync(file, piece, 0, PIECE_BYTES, read)) {
      read += got;
      for (const line of splitter.push(piece.subarray(0, got))) {
        const entry = collector.take(name, line);
        if (entry !== undefined) entries.push(entry);
      }
    }
    const { dev, ino, size } = fstatSync(file);
    return { file: { device: dev, inode: ino, bytes: size }, splitter, read };
  });
}

function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** An error in a few words, with its code. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`;
}
