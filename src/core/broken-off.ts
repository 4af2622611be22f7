/**
 * What `Passage.invoke` rejects with in place of an operation that runs on: the attempt fails with `error`, and takes the
 * operation for one that was given up, until it really ends.
 */
export class BrokenOff {
  readonly error: unknown;
  /** What the operation comes to then; it is nobody's. */
  readonly operation: Promise<unknown>;

  constructor(error: unknown, operation: Promise<unknown>) {
    this.error = error;
    this.operation = operation;
  }
}

/** The real end of an operation that others may have broken off too. */
export function realEnd(operation: Promise<unknown>): Promise<unknown> {
  return operation.catch((error) => {
    if (error instanceof BrokenOff) return error.operation;
    throw error;
  });
}
