import type { OperationContext } from './attempt.ts';
import type { Passage } from './passage.ts';
import type { PolicyRuntime } from './runtime.ts';

/**
 * The retrying policy whose operation runs right now: between its call and its return, not until what it returns settles.
 * That is enough to see a policy called within another's operation up to its first `await`, and costs an assignment;
 * following operations through their waits would cost every call of the process more.
 */
let running: PolicyRuntime | undefined;

/**
 * Runs the operation of an attempt of a retrying policy, and is seen to do so by policies that are called within it. Who
 * lets an operation begin later calls it again then.
 */
export function invokeWithin(runtime: PolicyRuntime, passage: Passage, context: OperationContext): unknown {
  const around = running;
  running = runtime;
  try {
    return passage.invoke(context);
  } finally {
    running = around;
  }
}

/** A call of a retrying policy has begun: warns where it is itself what another one repeats. */
export function noteNesting(runtime: PolicyRuntime): void {
  if (running === undefined) return;
  const { name } = running;
  runtime.hazards.found(
    'RETRY_ON_RETRY',
    `Calls of policy '${runtime.name}', which retries, are made within attempts of policy '${name}', which retries too: ` +
      'their attempts multiply, and a dependency in trouble gets a storm. Retry in one of them only.',
    name,
  );
}
