/** The width of a terminal that does not tell it. */
const USUAL_COLUMNS = 80;

/** How often a log, which nobody can overwrite, is told how far it is. */
const LOG_EVERY_MS = 5_000;

/** Where progress is written: a terminal, which has columns, or a log. */
interface ProgressStream {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly write: (text: string) => unknown;
}

/** Says on stderr what is under way: in one line on a terminal, else in a plain line now and then. */
export class Progress {
  readonly #subject: string;
  readonly #stream: ProgressStream;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(subject: string, stream: ProgressStream = process.stderr) {
    this.#subject = subject;
    this.#stream = stream;
  }

  readonly say = (step: string): void => {
    const line = `${this.#subject}: ${step}`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[2K${line.slice(0, (this.#stream.columns || USUAL_COLUMNS) - 1)}`);
      return;
    }
    const now = performance.now();
    if (now - this.#saidAt < LOG_EVERY_MS) return;
    this.#saidAt = now;
    this.#stream.write(`${line}\n`);
  };

  /** Clears the line. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
  }
}
