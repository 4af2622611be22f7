/** A benchmark timed something that did not happen; its figures mean nothing. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
}

/** Fails the benchmark unless `holds`. */
export function prove(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ProofError(`Not so: ${what}`);
}

/** Fails the benchmark unless a counter moved by exactly what was done. */
export function proveCount(what: string, counted: number | undefined, done: number): void {
  prove(counted === done, `${what} is ${done} (it is ${counted})`);
}
