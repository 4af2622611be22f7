/**
 * Does a piece of work for all who ask, once at a time. Who asks while it is being done shares the next run with all
 * others who do, and not the one under way, which may have missed what happened since it began.
 */
export class SharedRuns<Result> {
  readonly #work: () => Promise<Result>;
  #running: Promise<unknown> | undefined = undefined;
  #next: Promise<Result> | undefined = undefined;

  constructor(work: () => Promise<Result>) {
    this.#work = work;
  }

  run(): Promise<Result> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#start();
    this.#next = this.#running.then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<Result> {
    const result = this.#work();
    const over = (): void => {
      this.#running = undefined;
    };
    this.#running = result.then(over, over);
    return result;
  }
}
