import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../examples/support/postgres.ts';
import type { Breakwater, EndpointBalance, EndpointEvent, Policy, PolicyOptions } from '../../src/index.ts';
import { testHub } from '../support.ts';

let primary: Postgres | undefined;
let standby: Postgres | undefined;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const started = await Promise.allSettled([startPostgres(), startPostgres()]);
  [primary, standby] = started.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
  for (const result of started) if (result.status === 'rejected') throw result.reason;
});
afterEach(async () => {
  primary?.resumeAll();
  for (const close of closing.splice(0).reverse()) await close();
  await primary?.start();
});
afterAll(async () => {
  await Promise.all([primary?.close(), standby?.close()]);
});

/** Which of its pools is which server's is told by the port that answers. */
function setUp(
  options: Partial<PolicyOptions<pg.Pool>>,
  balance: EndpointBalance = 'in-order',
): {
  readonly hub: Breakwater;
  readonly policy: Policy<pg.Pool>;
  readonly changes: EndpointEvent[];
} {
  const hub = testHub();
  closing.push(() => hub.close({ timeoutMs: 100 }));
  const [first, second] = [primary, standby].map((server) => {
    const pool = new pg.Pool({ ...server?.config, max: 12, connectionTimeoutMillis: 2_000 });
    pool.on('error', () => {});
    closing.push(() => pool.end());
    return pool;
  });
  if (first === undefined || second === undefined) throw new Error('There are two servers.');
  const policy = hub.policy('database', {
    failover: {
      endpoints: [
        { name: 'primary', target: first },
        { name: 'standby', target: second },
      ],
      balance,
      ejection: { baseEjectionMs: 300 },
    },
    attemptTimeoutMs: 2_000,
    ...options,
  });
  const changes: EndpointEvent[] = [];
  hub.on('endpoint', (event) => changes.push(event));
  return { hub, policy, changes };
}

/** The port of the server that answered. */
const ask = (policy: Policy<pg.Pool>): Promise<number> =>
  policy.execute(async ({ target }) => {
    const { rows } = await target.query<{ port: number }>(
      'select inet_server_port() as port from (select pg_sleep(0.002)) as slept',
    );
    return rows[0]?.port ?? 0;
  });

/** `calls` calls, so many at once; tells after which call how many have been answered. */
async function load(
  policy: Policy<pg.Pool>,
  calls: number,
  atOnce: number,
  onAnswer: (answered: number) => void = () => {},
): Promise<{ readonly ports: readonly number[]; readonly errors: readonly unknown[] }> {
  const ports: number[] = [];
  const errors: unknown[] = [];
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < calls) {
      started += 1;
      await ask(policy).then(
        (port) => ports.push(port),
        (error) => errors.push(error),
      );
      onAnswer(ports.length + errors.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { ports, errors };
}

describe('two PostgreSQL servers', () => {
  it.each([
    ['with a circuit for each', {}],
    ['without circuits', { circuitBreaker: false }],
  ] as const)(
    'lose no call when one is killed in the middle of load, and it gets its calls back, %s',
    async (_, given) => {
      const { hub, policy, changes } = setUp({
        ...given,
        ...('circuitBreaker' in given ? {} : { circuitBreaker: { openMs: 300 } }),
      });
      let killed: Promise<void> | undefined;
      const { ports, errors } = await load(policy, 400, 12, (answered) => {
        if (answered === 150) killed = primary?.stopImmediate();
      });
      await killed;
      expect(errors).toEqual([]);
      expect(ports).toHaveLength(400);
      expect(ports.slice(0, 138)).toEqual(Array(138).fill(primary?.port));
      expect(ports.slice(-200)).toEqual(Array(200).fill(standby?.port));
      expect(changes[0]).toMatchObject({ endpoint: 'primary', status: 'ejected' });
      const { calls, attempts, rejections } = policy.stats();
      expect(calls).toMatchObject({ success: 400, failure: 0 });
      expect(attempts.failure).toBeLessThanOrEqual(40);
      expect(rejections.budget_spent).toBe(0);

      await primary?.start();
      const until = performance.now() + 5_000;
      let port: number | undefined;
      while (port !== primary?.port && performance.now() < until) {
        port = await ask(policy);
      }
      expect(port).toBe(primary?.port);
      expect((await load(policy, 24, 12)).ports).toEqual(Array(24).fill(primary?.port));
      expect(changes.at(-1)).toMatchObject({ endpoint: 'primary', status: 'returned' });
      const metrics = await hub.registry.metrics();
      expect(metrics).toMatch(/^breakwater_endpoint_ejected\{policy="database",endpoint="primary"\} 0$/m);
      expect(metrics).toMatch(/^breakwater_endpoint_in_flight\{policy="database",endpoint="primary"\} 0$/m);
    },
  );

  it('share the calls where they are balanced, and one that hangs loses none of them', async () => {
    const { policy, changes } = setUp({ attemptTimeoutMs: 600 }, 'balanced');
    const shared = await load(policy, 100, 10);
    const atPrimary = shared.ports.filter((port) => port === primary?.port).length;
    // The faster one gets more, so on a busy machine there is no telling how much.
    expect(atPrimary).toBeGreaterThan(0);
    expect(atPrimary).toBeLessThan(100);
    primary?.pauseAll();
    const { ports, errors } = await load(policy, 100, 10);
    primary?.resumeAll();
    expect(errors).toEqual([]);
    expect(ports).toEqual(Array(100).fill(standby?.port));
    expect(changes[0]).toMatchObject({ endpoint: 'primary', status: 'ejected' });
  });
});
