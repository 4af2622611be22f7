/** Tells things one after the other: what is caused while one is told is told after it. */
export class InOrder {
  #untold: (() => void)[] | undefined = undefined;

  /** @param tell must not throw */
  tell(tell: () => void): void {
    if (this.#untold !== undefined) {
      this.#untold.push(tell);
      return;
    }
    const untold = [tell];
    this.#untold = untold;
    // A list is walked to its end, what is added meanwhile included.
    for (const next of untold) next();
    this.#untold = undefined;
  }
}
