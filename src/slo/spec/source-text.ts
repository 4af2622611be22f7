import { LineCounter } from 'yaml';
import { type Position, pathOf, printable, type SpecProblem } from './problems.ts';

/** Characters that a spec file may have; more is no spec that somebody wrote. */
export const MAX_TEXT_LENGTH = 1_000_000;

const BYTE_ORDER_MARK = '\ufeff';

/** What YAML 1.2 does not allow in a text (section 5.1), and a byte order mark that is not at the start. */
const FORBIDDEN = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/gu;

/** The text of a spec file, and where in it each character stands. */
export class SourceText {
  /** Without the byte order mark that some editors put at the start. */
  readonly text: string;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.text = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    this.#lines.addNewLine(0);
    for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) {
      this.#lines.addNewLine(at + 1);
    }
  }

  /** The place of a character; of the end of the text, where `offset` lies behind it. */
  position(offset: number): Position {
    const { line, col } = this.#lines.linePos(Math.max(0, Math.min(offset, this.text.length)));
    return { line, column: col };
  }

  problemAt(offset: number, message: string, path: readonly PropertyKey[] = []): SpecProblem {
    return specProblem(this.position(offset), message, path);
  }

  /** What makes it unfit to be parsed at all. */
  problems(): SpecProblem[] {
    if (this.text.length > MAX_TEXT_LENGTH) {
      const message = `has ${this.text.length} characters; a spec has at most ${MAX_TEXT_LENGTH}`;
      return [this.problemAt(0, message)];
    }
    return Array.from(this.text.matchAll(FORBIDDEN), ({ 0: character, index }) =>
      this.problemAt(index, `the character ${printable(character)} is not allowed in YAML`),
    );
  }
}

/** A problem at a place. What it quotes of the file may be printed anywhere. */
export function specProblem(
  position: Position,
  message: string,
  path: readonly PropertyKey[] = [],
): SpecProblem {
  return { path: pathOf(path), message: printable(message), ...position };
}
