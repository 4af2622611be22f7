import { monotonicNow } from '../../core/clock.ts';
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

/** The monotonic time at which what lasts so long is over. */
export function untilAfter(forMs: number | undefined): number {
  return forMs === undefined ? Number.POSITIVE_INFINITY : monotonicNow() + forMs;
}
