import { decodeLine, type JournalEntry, MAX_RECORD_BYTES } from './entry.ts';
import type { Line } from './lines.ts';

/** How many problems are told one by one. */
const MAX_PROBLEMS = 100;

/** How many writers are remembered, to know what was written twice. */
const MAX_WRITERS = 10_000;

/**
 * Makes entries of lines. A record whose `fsync` failed is written again, so an entry may stand there twice; the first
 * one counts.
 */
export class EntryCollector {
  readonly #lastSeq = new Map<string, number>();
  readonly #problems: string[] = [];
  #untold = 0;

  /** The entry of the line, where it has one that is new. What is wrong with it goes to the problems. */
  take(file: string, line: Line): JournalEntry | undefined {
    const decoded =
      line.bytes === undefined
        ? { problem: `is longer than ${MAX_RECORD_BYTES} bytes` }
        : decodeLine(line.bytes);
    if (decoded.problem !== undefined) {
      this.problem(`${file}, line ${line.number} (byte ${line.offset}) ${decoded.problem}`);
    }
    const { entry } = decoded;
    if (entry === undefined || entry.seq <= this.lastSeq(entry.writer)) return undefined;
    this.#lastSeq.delete(entry.writer);
    this.#lastSeq.set(entry.writer, entry.seq);
    if (this.#lastSeq.size > MAX_WRITERS) {
      for (const writer of this.#lastSeq.keys()) {
        this.#lastSeq.delete(writer);
        break;
      }
    }
    return entry;
  }

  /** The number of the last entry of that writer, 0 where none was seen. */
  lastSeq(writer: string): number {
    return this.#lastSeq.get(writer) ?? 0;
  }

  problem(text: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(text);
    else this.#untold += 1;
  }

  /** All problems since the last time that this was asked. */
  takeProblems(): string[] {
    const problems = this.#problems.splice(0);
    if (this.#untold > 0) problems.push(`and ${this.#untold} more`);
    this.#untold = 0;
    return problems;
  }
}
