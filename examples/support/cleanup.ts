/** How long one thing may take to stop before the next one is stopped. */
const STEP_TIMEOUT_MS = 10_000;

/** What was started, to be stopped in the opposite order. */
export class Cleanup {
  readonly #steps: { readonly name: string; readonly stop: () => unknown }[] = [];
  #running: Promise<readonly string[]> | undefined = undefined;

  /** Remembers how to stop something. Call it before the start can fail half-way. */
  add(name: string, stop: () => unknown): void {
    this.#steps.push({ name, stop });
  }

  /**
   * Stops everything, the latest first. One step that fails or hangs keeps none of the others from being made.
   *
   * @returns what could not be stopped, in words
   */
  run(): Promise<readonly string[]> {
    this.#running ??= this.#stopAll();
    return this.#running;
  }

  async #stopAll(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      const { name, stop } = step;
      try {
        await within(STEP_TIMEOUT_MS, stop);
      } catch (error) {
        problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return problems;
  }
}

async function within(timeoutMs: number, stop: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not stop within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([Promise.resolve().then(stop), late]);
  } finally {
    clearTimeout(timer);
  }
}
