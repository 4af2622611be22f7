/** A line of a file, without its line feed. */
export interface Line {
  /** Only until the next line is asked for. `undefined` where it is longer than it may be. */
  readonly bytes: Buffer | undefined;
  /** Which line of the file it is, from 1. */
  readonly number: number;
  /** The byte of the file at which it begins, from 0. */
  readonly offset: number;
}

const LINE_FEED = 0x0a;

/** Cuts a file that comes in pieces into lines. Of a line that is too long it keeps nothing. */
export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #number = 1;
  #offset: number;

  /** @param offset where in the file the first piece begins */
  constructor(maxBytes: number, offset = 0) {
    this.#maxBytes = maxBytes;
    this.#offset = offset;
  }

  /** Where the line begins that has not ended yet. */
  get offset(): number {
    return this.#offset;
  }

  /** The lines that end within `piece`. */
  *push(piece: Buffer): Generator<Line> {
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, from)) {
      this.#add(piece.subarray(from, end));
      yield this.#end(1);
      from = end + 1;
    }
    // The piece is the reader's, who uses it again.
    if (from < piece.length) this.#add(Buffer.from(piece.subarray(from)));
  }

  /** What is left where the file does not end with a line feed. */
  rest(): Line | undefined {
    return this.#length === 0 ? undefined : this.#end(0);
  }

  #add(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#maxBytes) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  #end(terminator: number): Line {
    const [first, ...others] = this.#pieces;
    const whole = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#pieces);
    const bytes = this.#length > this.#maxBytes ? undefined : whole;
    const line = { bytes, number: this.#number, offset: this.#offset };
    this.#offset += this.#length + terminator;
    this.#number += 1;
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}
