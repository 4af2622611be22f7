import {
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  type IPolicy,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import CircuitBreaker from 'opossum';
import pRetry from 'p-retry';
import pTimeout from 'p-timeout';

/** opossum around p-retry around p-timeout, as one stacks them by hand, with the bounds of `fullPolicy`. */
export function stackByHand<Args extends unknown[], T>(
  operation: (...args: Args) => Promise<T>,
  options: CircuitBreaker.Options = {},
): CircuitBreaker<Args, T> {
  return new CircuitBreaker(
    (...args: Args) =>
      pRetry(() => pTimeout(operation(...args), { milliseconds: 2_000 }), { retries: 3, minTimeout: 1 }),
    { timeout: 15_000, ...options },
  );
}

/** opossum with what costs time and is not needed for breaking switched off. */
export const tunedOpossum = {
  timeout: false,
  rollingPercentilesEnabled: false,
  enableSnapshots: false,
} satisfies CircuitBreaker.Options;

/**
 * cockatiel's retry, breaker and timeout, with the bounds of `fullPolicy`; without retry where `maxAttempts` is 0.
 *
 * @param threshold share of failures in 30 s that opens the circuit
 * @param halfOpenAfter milliseconds
 */
export function cockatielStack({ maxAttempts = 3, threshold = 0.5, halfOpenAfter = 30_000 } = {}): IPolicy {
  const inner = wrap(
    circuitBreaker(handleAll, {
      halfOpenAfter,
      breaker: new SamplingBreaker({ threshold, duration: 30_000, minimumRps: 1 }),
    }),
    timeout(2_000, TimeoutStrategy.Aggressive),
  );
  if (maxAttempts === 0) return inner;
  return wrap(retry(handleAll, { maxAttempts, backoff: new ExponentialBackoff({ initialDelay: 1 }) }), inner);
}
