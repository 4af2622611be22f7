/** The value of a transaction that was committed. */
export class Committed {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}
