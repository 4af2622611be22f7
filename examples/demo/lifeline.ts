/** How often to look, in milliseconds. */
const LOOK_EVERY_MS = 100;

/** Ends the story when something dies that the story did not take down itself. */
export class Lifeline {
  readonly #controller = new AbortController();
  readonly #down = new Set<string>();
  readonly #looking: NodeJS.Timeout;

  /** @param things by name, and whether each runs */
  constructor(things: Readonly<Record<string, () => boolean>>) {
    this.#looking = setInterval(() => {
      for (const [name, runs] of Object.entries(things)) {
        if (this.#down.has(name) || runs()) continue;
        this.stop();
        this.#controller.abort(new Error(`${name} died, and the story had no part in it.`));
      }
    }, LOOK_EVERY_MS);
  }

  /** Aborts with an error that says what died. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `name` is about to be taken down. */
  expectDown(name: string): void {
    this.#down.add(name);
  }

  /** `name` is up again. */
  expectUp(name: string): void {
    this.#down.delete(name);
  }

  stop(): void {
    clearInterval(this.#looking);
  }
}
