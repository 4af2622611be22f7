import { join } from 'node:path';
import type { EntryCollector } from './collector.ts';
import { type Disk, type DiskFile, type FileState, isSameFile } from './disk.ts';
import { type JournalEntry, MAX_RECORD_BYTES } from './entry.ts';
import { LineSplitter } from './lines.ts';
import { monthFiles } from './months.ts';

/** Of how many months the files are looked at: somebody may still write to the last one, and its clock may be off. */
const MONTHS = 3;

const PIECE_BYTES = 64 * 1024;

/** How far a file was read. */
export interface Position {
  readonly file: FileState;
  readonly splitter: LineSplitter;
  /** The byte after the last one that was read. */
  readonly read: number;
}

/** Reads what is added to the files of a directory, in order, each line once it has ended. */
export class Tail {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #collector: EntryCollector;
  readonly #positions: Map<string, Position>;
  #latest = '';

  /** @param positions how far each file was read before */
  constructor(
    directory: string,
    disk: Disk,
    collector: EntryCollector,
    positions: ReadonlyMap<string, Position>,
  ) {
    this.#directory = directory;
    this.#disk = disk;
    this.#collector = collector;
    this.#positions = new Map(positions);
  }

  /** The latest file that was seen; empty before there is one. */
  get latest(): string {
    return this.#latest;
  }

  /** Gives `take` every entry that was added since the last look. Two looks never run at once. */
  async look(take: (entry: JournalEntry) => void): Promise<void> {
    const names = monthFiles(await this.#disk.names(this.#directory)).slice(-MONTHS);
    for (const name of this.#positions.keys()) if (!names.includes(name)) this.#positions.delete(name);
    this.#latest = names.at(-1) ?? '';
    // Sizes are taken from the newest file to the oldest: what a writer wrote to the older one before the newer is then seen.
    const states = new Map<string, FileState>();
    for (const name of [...names].reverse()) {
      const state = await this.#disk.state(join(this.#directory, name));
      if (state !== undefined) states.set(name, state);
    }
    for (const name of names) {
      const state = states.get(name);
      if (state !== undefined) await this.#readTo(name, state, take);
    }
  }

  async #readTo(name: string, state: FileState, take: (entry: JournalEntry) => void): Promise<void> {
    let position = this.#positions.get(name);
    if (position === undefined || !isSameFile(position.file, state) || state.bytes < position.read) {
      position = { file: state, splitter: new LineSplitter(MAX_RECORD_BYTES), read: 0 };
    }
    this.#positions.set(name, position);
    if (position.read >= state.bytes) return;
    const file = await this.#disk.openForRead(join(this.#directory, name));
    try {
      await this.#readOn(file, name, position, state.bytes, take);
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  async #readOn(
    file: DiskFile,
    name: string,
    { splitter, file: state, read }: Position,
    end: number,
    take: (entry: JournalEntry) => void,
  ): Promise<void> {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let at = read;
    while (at < end) {
      const got = await file.read(piece.subarray(0, Math.min(PIECE_BYTES, end - at)), at);
      if (got === 0) return;
      at += got;
      this.#positions.set(name, { file: state, splitter, read: at });
      for (const line of splitter.push(piece.subarray(0, got))) {
        const entry = this.#collector.take(name, line);
        if (entry !== undefined) take(entry);
      }
    }
  }
}
