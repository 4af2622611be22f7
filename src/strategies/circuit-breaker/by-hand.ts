import { monotonicNow } from '../../core/clock.ts';
import { InvalidOptionsError } from '../../core/errors.ts';
import { durationMs, options, parseOptions, text } from '../../core/options.ts';

const schemas = {
  forceOpen: options({ reason: text, forMs: durationMs.optional() }),
  disable: options({ forMs: durationMs.optional() }),
  probeNow: options({ reason: text }),
};

/** @throws {InvalidOptionsError} when a person gave a method of a circuit wrong arguments */
export function checkArguments(method: keyof typeof schemas, given: object, policy: string): void {
  parseOptions(schemas[method], given, policy, `Arguments of circuit.${method}()`);
}

/** @throws {InvalidOptionsError} always: the key of that circuit has none any more, or another one */
export function refuseForgotten(method: keyof typeof schemas, policy: string): never {
  throw new InvalidOptionsError(policy, `circuit.${method}() cannot be used`, [
    { path: 'circuit', message: 'was forgotten; policy.circuits has those that are in use' },
  ]);
}

/** The monotonic time at which what lasts so long is over. */
export function untilAfter(forMs: number | undefined): number {
  return forMs === undefined ? Number.POSITIVE_INFINITY : monotonicNow() + forMs;
}
