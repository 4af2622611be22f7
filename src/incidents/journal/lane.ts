/**
 * Runs one task after the other. A disk that hangs then holds one thread of Node's pool, not all four of them, which the
 * rest of the application needs.
 */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
