import { inspect } from 'node:util';

/** A benchmark timed something that did not happen; its figures mean nothing. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
}

/** Says why a benchmark failed: in one line where a proof did, and with the stack where it is a defect. */
export function failureText(subject: string, error: unknown): string {
  const reason = error instanceof ProofError ? error.message : inspect(error);
  return `${subject} failed: ${reason}\n`;
}

/** Fails the benchmark unless `holds`. */
export function prove(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ProofError(`Not so: ${what}`);
}

/** Fails the benchmark unless a counter moved by exactly what was done. */
export function proveCount(what: string, counted: number | undefined, done: number): void {
  prove(counted === done, `${what} is ${done} (it is ${counted})`);
}
