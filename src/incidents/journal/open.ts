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
import { Glance } from './glance.ts';
import { type Line, LineSplitter } from './lines.ts';
import { monthFiles } from './months.ts';
import type { Position } from './tail.ts';

/** How many bytes of the latest months are read whole; the latest month is in any case. */
const WHOLE_BYTES = 64 * 1024 * 1024;

const PIECE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** What stood in the journal when it was opened. */
export interface Found {
  readonly problems: readonly string[];
  readonly collector: EntryCollector;
  readonly positions: ReadonlyMap<string, Position>;
  /** The file of the latest month; empty where there is none. */
  readonly latest: string;
  /** Why nothing can be written, where that is so. */
  readonly unwritable: unknown;
}

/**
 * Makes the directory where it is missing, ends torn lines, and reads the journal: the latest months whole, and of those
 * before what belongs to incidents that are not over, and to the hub. Never throws.
 *
 * @param take takes the entries, oldest first
 */
export function readAtStart(
  directory: string,
  take: (entry: JournalEntry) => void,
  wholeBytes: number = WHOLE_BYTES,
): Found {
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
  const { whole, older } = sortOut(directory, names, wholeBytes);
  const glance = glanceAt(directory, older, whole, collector);
  for (const name of [...older, ...whole]) {
    const path = join(directory, name);
    const isOlder = older.includes(name);
    try {
      const repaired = isOlder ? undefined : repair(path, (text) => collector.problem(`${name}${text}`));
      unwritable ??= repaired;
      const position = readLines(path, (line) => {
        const entry = isOlder && !glance.wants(line) ? undefined : collector.take(name, line);
        if (entry !== undefined) take(entry);
      });
      positions.set(name, position);
    } catch (error) {
      collector.problem(`${name} cannot be read: ${reasonOf(error)}`);
    }
  }
  return { problems: collector.takeProblems(), collector, positions, latest: names.at(-1) ?? '', unwritable };
}

/** The latest files up to the bound, and those before; each the oldest first. */
function sortOut(directory: string, names: readonly string[], wholeBytes: number) {
  let bytes = 0;
  let first = names.length;
  while (first > 0) {
    bytes += sizeOf(join(directory, names[first - 1] ?? ''));
    if (bytes > wholeBytes && first < names.length) break;
    first -= 1;
  }
  return { older: names.slice(0, first), whole: names.slice(first) };
}

function glanceAt(
  directory: string,
  older: readonly string[],
  later: readonly string[],
  collector: EntryCollector,
): Glance {
  const glance = new Glance();
  if (older.length === 0) return glance;
  for (const name of [...older, ...later]) {
    const isOlder = older.includes(name);
    try {
      readLines(join(directory, name), (line) => (isOlder ? glance.older(line) : glance.later(line)));
    } catch (error) {
      collector.problem(`${name} cannot be looked through: ${reasonOf(error)}`);
    }
  }
  return glance;
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

/** Gives `use` each line that has ended. */
function readLines(path: string, use: (line: Line) => void): Position {
  return withFile(path, constants.O_RDONLY, (file) => {
    const splitter = new LineSplitter(MAX_RECORD_BYTES);
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let read = 0;
    for (let got = readSync(file, piece); got > 0; got = readSync(file, piece, 0, PIECE_BYTES, read)) {
      read += got;
      for (const line of splitter.push(piece.subarray(0, got))) use(line);
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
