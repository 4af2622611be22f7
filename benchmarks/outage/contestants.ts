import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import CircuitBreaker from 'opossum';
import pRetry from 'p-retry';
import type { PolicyOptions } from '../../src/index.ts';
import { newHub } from '../support/hub.ts';
import type { Answer } from './dependency.ts';

/** Asks the dependency for something. */
export type Request = (key: string) => Promise<Answer>;

/** A request under some protection, and what ends the protection. */
export interface Protected {
  readonly request: Request;
  readonly close: () => void;
}

/** A way to protect the calls of one client. */
export interface Contestant {
  readonly name: string;
  readonly settings: string;
  readonly protect: (request: Request) => Protected;
}

export const BREAKWATER = 'breakwater';
/** Without what serves callers while the dependency does not, so that the others are met on equal terms. */
export const BREAKWATER_UNCACHED = 'breakwater, no cache';

export const contestants: readonly Contestant[] = [
  {
    name: 'no protection',
    settings: 'the call alone',
    protect: (request) => ({ request, close: () => {} }),
  },
  {
    name: 'p-retry',
    settings: 'defaults: 10 retries from 1 s, doubling',
    protect: (request) => ({ request: (key) => pRetry(() => request(key)), close: () => {} }),
  },
  {
    name: 'opossum',
    settings: 'defaults: 10 s timeout, opens at 50 % for 30 s',
    protect: (request) => {
      const breaker = new CircuitBreaker(request);
      return { request: (key) => breaker.fire(key), close: () => breaker.shutdown() };
    },
  },
  {
    name: 'cockatiel',
    settings: "its README's stack: 3 retries, opens after 5 failures for 10 s, 10 s timeout",
    protect: (request) => {
      const policy = wrap(
        retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
        circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }),
        timeout(10_000, TimeoutStrategy.Aggressive),
      );
      return { request: (key) => policy.execute(() => request(key)), close: () => {} };
    },
  },
  ownContestant(BREAKWATER, 'standard policy with retry: {} and cacheFallback: {}', {
    retry: {},
    cacheFallback: {},
  }),
  ownContestant(BREAKWATER_UNCACHED, 'the same without cacheFallback', { retry: {} }),
];

function ownContestant(name: string, settings: string, options: PolicyOptions): Contestant {
  return {
    name,
    settings,
    protect: (request) => {
      const hub = newHub({ incidents: false });
      const policy = hub.policy('dependency', options);
      return {
        request: policy.wrap(request, { cacheKey: (key) => key }),
        close: () => void hub.close(),
      };
    },
  };
}
