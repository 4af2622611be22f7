import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { count, numberThat } from '../../core/options.ts';
import { cutAtWord } from './redact-lines.ts';
import { tapped } from './tapped-logger.ts';

const MAX_LINES = 100_000;

/** The options of a ring. */
export const logRingShape = {
  lines: numberThat(
    (n) => Number.isSafeInteger(n) && n >= 1 && n <= MAX_LINES,
    `a whole number from 1 to ${MAX_LINES}`,
  ).default(1_000),
  maxLineLength: count.default(2_000),
};

/**
 * The last lines of a log, in memory. It is a stream, so that a log can be written to it beside where it goes now:
 * `pino({}, pino.multistream([{ stream: process.stdout }, { stream: ring }]))`. It takes everything at once, and never
 * fails.
 */
export class LogRing extends Writable {
  readonly #size: number;
  readonly #maxLineLength: number;
  readonly #ring: string[] = [];
  /** Where the next line goes, once the ring is full: the oldest is there. */
  #next = 0;
  /** What came after the last line break. */
  #partial = '';
  readonly #decoder = new StringDecoder('utf8');

  constructor({ lines, maxLineLength }: { readonly lines: number; readonly maxLineLength: number }) {
    super({ decodeStrings: false });
    this.#size = lines;
    this.#maxLineLength = maxLineLength;
  }

  /** The lines, oldest first; the last may not be complete yet. */
  lines(): readonly string[] {
    const kept = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return this.#partial === '' ? kept : [...kept, this.#cut(this.#partial)];
  }

  /**
   * A logger like `logger` whose messages come here as well. Its children do too. For a logger that has pino's level
   * methods and is no pino: that is better given this stream, since it replaces its methods when its level changes.
   */
  tap<Logger extends object>(logger: Logger): Logger {
    return tapped(logger, (line) => this.#add(line));
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    const text = typeof chunk === 'string' ? chunk : chunk instanceof Uint8Array ? this.#decode(chunk) : '';
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      this.#add(this.#partial + text.slice(from, to));
      this.#partial = '';
      from = to + 1;
    }
    // Of a line that never ends no more is kept than of one that does, and a little so that it is seen to be cut.
    const room = this.#maxLineLength + 1 - this.#partial.length;
    if (from < text.length && room > 0) this.#partial += text.slice(from, from + room);
    done();
  }

  #decode(bytes: Uint8Array): string {
    return this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  #add(line: string): void {
    const kept = this.#cut(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (kept === '') return;
    if (this.#ring.length < this.#size) this.#ring.push(kept);
    else {
      this.#ring[this.#next] = kept;
      this.#next = (this.#next + 1) % this.#size;
    }
  }

  #cut(line: string): string {
    return line.length <= this.#maxLineLength ? line : `${cutAtWord(line, this.#maxLineLength)}...`;
  }
}
