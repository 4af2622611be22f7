import pg from 'pg';
import { Registry } from 'prom-client';
import { type Postgres, type PostgresOptions, startPostgres } from '../../examples/support/postgres.ts';
import type { Breakwater, BreakwaterOptions } from '../../src/index.ts';
import {
  type ResilientPool,
  type ResilientPoolOptions,
  resilientPool,
} from '../../src/integrations/pg/index.ts';
import { testHub } from '../support.ts';

/** A row of `pg_stat_activity`, less what is not asked of it. */
export interface Backend {
  readonly pid: number;
  readonly state: string;
  readonly query: string;
}

/** What a test makes with the fixture; all of it is closed after the test. */
export interface Made {
  readonly breakwater: Breakwater;
  readonly raw: pg.Pool;
  readonly pool: ResilientPool;
}

/** A real server for a file of tests, and pools on it for each test. */
export class PgFixture {
  readonly #options: PostgresOptions;
  readonly #closing: (() => Promise<unknown>)[] = [];
  #server: Postgres | undefined;

  constructor(options: PostgresOptions = {}) {
    this.#options = options;
  }

  get server(): Postgres {
    if (this.#server === undefined) throw new Error('The server has not been started.');
    return this.#server;
  }

  async start(): Promise<void> {
    this.#server = await startPostgres(this.#options);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }

  /** A resilient pool named `db` whose retries do not wait. */
  make(
    options: Omit<ResilientPoolOptions, 'name'> = {},
    poolConfig: pg.PoolConfig = {},
    hubOptions: BreakwaterOptions = {},
  ): Made {
    const breakwater = testHub({ registry: new Registry(), ...hubOptions });
    const raw = new pg.Pool({ ...this.server.config, max: 4, ...poolConfig });
    const pool = resilientPool(breakwater, raw, { name: 'db', retry: { baseDelayMs: 0 }, ...options });
    this.#closing.push(
      async () => (pool.ending ? undefined : pool.end()),
      () => breakwater.close({ timeoutMs: 100 }),
    );
    return { breakwater, raw, pool };
  }

  /** A connection beside all pools, to look at the server and to meddle with it. */
  async observer(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.server.config, application_name: 'observer' });
    client.on('error', () => {});
    await client.connect();
    this.#closing.push(() => client.end());
    return client;
  }

  /** Closes what the test made, and sets the server going again where the test left it otherwise. */
  async cleanUp(): Promise<void> {
    this.server.resumeAll();
    await this.server.start();
    for (const close of this.#closing.splice(0).reverse()) await close();
  }
}

/** The server's other connections. */
export async function backends(observer: pg.Client): Promise<Backend[]> {
  const { rows } = await observer.query<Backend>(
    `select pid, state, query from pg_stat_activity
     where backend_type = 'client backend' and application_name <> 'observer'`,
  );
  return rows;
}
