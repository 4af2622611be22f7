import { cutAtWord } from './redact-lines.ts';

/** What a collector wrote, up to a bound. */
export class BoundedOutput {
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isClosed = false;
  #isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether something did not fit. */
  get isCut(): boolean {
    return this.#isCut;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** False when it takes nothing more. */
  write(text: string | Uint8Array): boolean {
    if (this.#isClosed) return false;
    const room = this.#maxBytes - this.#bytes;
    // No character takes less than a byte.
    const given = typeof text === 'string' ? Buffer.from(text.slice(0, room + 1)) : text;
    const kept = given.byteLength > room ? given.subarray(0, room) : given;
    if (kept.byteLength > 0) this.#chunks.push(Uint8Array.from(kept));
    this.#bytes += kept.byteLength;
    if (given.byteLength > room) {
      this.#isCut = true;
      this.#isClosed = true;
    }
    return !this.#isClosed;
  }

  /** Takes nothing more, whoever still writes. */
  close(): void {
    this.#isClosed = true;
  }

  /** All of it, less the line that the bound cut in two, or its last word where it is the only line. */
  text(): string {
    const text = new TextDecoder().decode(Buffer.concat(this.#chunks));
    if (!this.#isCut) return text;
    const lineBreak = text.lastIndexOf('\n');
    return lineBreak === -1 ? cutAtWord(text, text.length - 1) : text.slice(0, lineBreak);
  }
}
