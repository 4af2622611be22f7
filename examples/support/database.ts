import { Client } from 'pg';
import type { Cleanup } from './cleanup.ts';
import { type Postgres, startPostgres } from './postgres.ts';

/** PostgreSQL with the application's data. */
export interface Database {
  readonly postgres: Postgres;
  /** Such as `18.1`. */
  readonly version: string;
}

/** Starts a PostgreSQL with the table that the application reads: 500 users. */
export async function startDatabase(cleanup: Cleanup): Promise<Database> {
  const postgres = await startPostgres();
  cleanup.add('PostgreSQL', () => postgres.close());
  const client = new Client({ connectionString: postgres.connectionString });
  await client.connect();
  try {
    await client.query('create table users (id integer primary key, name text not null)');
    await client.query("insert into users select id, 'user ' || id from generate_series(1, 500) as id");
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return { postgres, version: rows[0]?.server_version ?? 'of an unknown version' };
  } finally {
    await client.end();
  }
}
