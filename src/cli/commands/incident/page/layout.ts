import stringWidth from 'string-width';
import { printable } from '../../../../slo/spec/problems.ts';
import { fold } from '../../../table.ts';
import { type Style, styled, type Terminal } from '../../../terminal.ts';

const INDENT = '  ';
/** A column of text is not folded to less than this. */
const NARROWEST = 24;

/** A part of a line, in one style. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** What the page knows of how it is read. */
export interface PageOptions {
  /** Wall-clock time in milliseconds. */
  readonly now: number;
  /** What commands to copy say of where the journal is. */
  readonly suffix: string;
  /** What commands to copy begin with. Default `breakwater`. */
  readonly program?: string | undefined;
  /** Whether the incident's folder has a post-mortem. Default `false`. */
  readonly postmortemWritten?: boolean | undefined;
}

/** What every command to copy begins with. */
export function commandStart({ program = 'breakwater' }: Pick<PageOptions, 'program'>): string {
  return `${program} incident`;
}

/**
 * A page of text that fits its terminal. Everything on it may come from outside: what could not be seen, or would move
 * the cursor, is written as an escape.
 */
export class Page {
  readonly #terminal: Terminal;
  readonly #lines: string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** A line of spans, folded as it must be; then all of it has the first one's style. */
  line(...spans: readonly Span[]): void {
    const text = spans.map(({ text }) => printable(text)).join('');
    if (stringWidth(text) <= this.#room) {
      this.#lines.push(
        spans.map(({ text, style }) => styled(this.#terminal, style, printable(text))).join(''),
      );
      return;
    }
    for (const part of fold(text, this.#room))
      this.#lines.push(styled(this.#terminal, spans[0]?.style, part));
  }

  blank(): void {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== '') this.#lines.push('');
  }

  heading(text: string): void {
    this.blank();
    this.#lines.push(styled(this.#terminal, 'bold', printable(text)));
  }

  /** Text under a heading; what does not fit goes on beneath its own beginning. */
  item(text: string, style?: Style): void {
    this.#hang(INDENT, printable(text), style);
  }

  /** As `item`, further in. */
  detail(text: string, style?: Style): void {
    this.#hang(INDENT.repeat(3), printable(text), style);
  }

  /** A command to copy: never folded, so that it can be. */
  command(text: string): void {
    this.#lines.push(`${INDENT.repeat(3)}${styled(this.#terminal, 'dim', printable(text))}`);
  }

  /** Labels with their texts beside them, in two columns. */
  fields(rows: readonly (readonly [label: Span, text: Span])[]): void {
    const width = Math.max(0, ...rows.map(([{ text }]) => stringWidth(printable(text))));
    for (const [label, { text, style }] of rows) {
      const name = printable(label.text);
      const space = ' '.repeat(width - stringWidth(name) + INDENT.length);
      this.#hang(
        `${INDENT}${name}${space}`,
        printable(text),
        style,
        `${INDENT}${styled(this.#terminal, label.style, name)}${space}`,
      );
    }
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  get #room(): number {
    return this.#terminal.columns ?? Number.POSITIVE_INFINITY;
  }

  #hang(start: string, text: string, style: Style | undefined, shownStart = start): void {
    const width = stringWidth(start);
    const parts = fold(text, Math.max(NARROWEST, this.#room - width));
    for (const [at, part] of parts.entries()) {
      const before = at === 0 ? shownStart : ' '.repeat(width);
      this.#lines.push(`${before}${styled(this.#terminal, style, part)}`.trimEnd());
    }
  }
}
