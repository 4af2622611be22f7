import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where the demo writes: lines, and in a terminal one line at the bottom that changes in place. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  readonly #inPlace: boolean;
  readonly #coloured: boolean;
  #status = '';

  constructor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#inPlace = out.isTTY === true && env.TERM !== 'dumb';
    // https://no-color.org
    this.#coloured = this.#inPlace && (env.NO_COLOR ?? '') === '';
  }

  /** `text` in a colour or weight, where there are any. */
  paint(style: Style, text: string): string {
    // The caller has looked at the stream and at NO_COLOR already.
    return this.#coloured ? styleText(style, text, { validateStream: false }) : text;
  }

  line(text = ''): void {
    this.#out.write(`${this.#erase()}${text}\n${this.#status}`);
  }

  /** Shows `text` as the last line until it is replaced; shows nothing where the output is no terminal. */
  status(text: string): void {
    if (!this.#inPlace) return;
    const erase = this.#erase();
    this.#status = fit(text, (this.#out.columns || 80) - 1);
    this.#out.write(`${erase}${this.#status}`);
  }

  /**
   * Waits for `work` with a sign that it goes on: its running time in a terminal, a line elsewhere when it takes
   * long. Its end is a line anywhere.
   */
  async progress<T>(what: string, work: Promise<T>, done: (result: T) => string): Promise<T> {
    const startedAt = performance.now();
    const elapsed = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`;
    let frame = 0;
    const show = (): void => {
      frame += 1;
      this.status(`  ${this.paint('cyan', FRAMES[frame % FRAMES.length] ?? '')} ${what} ... ${elapsed()}`);
    };
    const sign = setTimeout(() => {
      if (!this.#inPlace) this.line(`  ${what} ...`);
    }, 1_000);
    show();
    const timer = setInterval(show, 100);
    try {
      const result = await work;
      this.status('');
      this.line(`  ${this.paint('green', '✓')} ${done(result)} ${this.paint('dim', `(${elapsed()})`)}`);
      return result;
    } finally {
      clearTimeout(sign);
      clearInterval(timer);
      this.status('');
    }
  }

  #erase(): string {
    return this.#status === '' ? '' : '\r\u001b[2K';
  }
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** A status must not wrap: a wrapped line cannot be erased. What is too long loses its colours and its end. */
function fit(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length <= columns ? text : `${plain.slice(0, Math.max(0, columns - 1))}…`;
}

/** Fills `text` up to `width`, colours not counted. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length)) + text;
}

/** `text` in lines of at most `width` characters, broken between words. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
