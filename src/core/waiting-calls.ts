import { ClosedError, withoutStack } from './errors.ts';
import { failed, type Outcome } from './outcome.ts';
import type { PolicyRuntime } from './runtime.ts';

/**
 * Has those looked at who wait in a layer's queue when a circuit moves, once whoever moved it is done: what waits behind
 * one that has opened need not wait.
 *
 * @param count how many wait now
 */
export function lookWhenCircuitMoves(runtime: PolicyRuntime, count: () => number, look: () => void): void {
  runtime.onCircuitMove(() => {
    if (count() > 0) queueMicrotask(look);
  });
}

/** What comes of a call that waits when its policy is closed. */
export function closedOutcome({ name }: PolicyRuntime): Outcome {
  return failed(
    withoutStack(() => new ClosedError(name)),
    'ignored',
  );
}
