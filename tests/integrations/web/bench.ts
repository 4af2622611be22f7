import type { Agent } from 'node:http';
import { afterEach, expect, vi } from 'vitest';
import type { Breakwater, Policy, PolicyOptions } from '../../../src/index.ts';
import { testHub } from '../../support.ts';
import { oneConnection } from './http-client.ts';
import type { Application, Running, Visit, WebKit } from './kit.ts';

/** An application with one guarded route at `url`. */
export interface Guarded {
  readonly url: string;
  readonly policy: Policy;
  readonly breakwater: Breakwater;
}

/** What the tests of one framework work with. All that it makes is closed after each test. */
export interface Bench {
  readonly kit: WebKit;
  hub(): Breakwater;
  serve(application: Application): Promise<Running>;
  guarded(
    handler: (visit: Visit) => unknown,
    options?: PolicyOptions,
    more?: Partial<Application>,
  ): Promise<Guarded>;
  /** Closes `running` after the test. */
  track(running: Running): Running;
  /** One kept-alive connection. */
  agent(): Agent;
  /** How the policy's one kind of call ended. */
  outcome(policy: Policy): Promise<string | undefined>;
}

/** A bench whose tidying up belongs to the suite that it is made in. */
export function makeBench(kit: WebKit): Bench {
  const stops: (() => unknown)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  function hub(): Breakwater {
    const breakwater = testHub();
    stops.push(() => breakwater.close({ timeoutMs: 50 }));
    return breakwater;
  }

  function track(running: Running): Running {
    stops.push(() => running.close());
    return running;
  }

  async function serve(application: Application): Promise<Running> {
    return track(await kit.serve(application));
  }

  return {
    kit,
    hub,
    serve,
    track,
    async guarded(handler, options = {}, more = {}) {
      const breakwater = more.breakwater ?? hub();
      const policy = breakwater.policy('route', options);
      const routes = [{ path: '/', policies: [policy], handler }];
      const { url } = await serve({ ...more, breakwater, routes });
      return { url: `${url}/`, policy, breakwater };
    },
    agent() {
      const made = oneConnection();
      stops.push(() => made.destroy());
      return made;
    },
    async outcome(policy) {
      await vi.waitFor(() => expect(policy.stats().callsInFlight).toBe(0));
      const counts = Object.entries(policy.stats().calls).filter(([, count]) => count > 0);
      expect(counts).toHaveLength(1);
      return counts[0]?.[0];
    },
  };
}
