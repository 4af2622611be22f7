import type { Breakwater, BulkheadOptions, Policy, PolicyOptions } from '../../../src/index.ts';
import { flush, follow, scraped } from '../../support.ts';
import { useFreshHub } from '../fresh-hub.ts';

/** Fake time and a hub of its own for each test of a file, with a policy of nothing but a bulkhead and a timeout. */
export function useBulkhead() {
  const current = useFreshHub();
  return {
    get hub(): Breakwater {
      return current.hub;
    },
    made: (options: BulkheadOptions, rest: PolicyOptions = {}): Policy =>
      current.hub.policy('database', {
        bulkhead: options,
        circuitBreaker: false,
        totalTimeoutMs: false,
        ...rest,
      }),
    metric: (name: string): Promise<number> => scraped(current.hub, name),
  };
}

/** Calls whose operations the test ends, in the order in which they got in. */
export class Calls {
  readonly running: string[] = [];
  readonly order: string[] = [];
  readonly #policy: Policy;
  readonly #ends = new Map<string, (value: unknown) => void>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  start(name: string, options: Parameters<Policy['execute']>[1] = {}) {
    return follow(
      this.#policy.execute(() => {
        this.order.push(name);
        this.running.push(name);
        return new Promise((resolve) => this.#ends.set(name, resolve));
      }, options),
    );
  }

  async end(name: string): Promise<void> {
    this.running.splice(this.running.indexOf(name), 1);
    this.#ends.get(name)?.(name);
    await flush();
  }
}
