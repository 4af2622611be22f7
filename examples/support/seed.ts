import { Client } from 'pg';

/** Makes the table that the application reads, with 500 users. */
export async function seedUsers(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('create table users (id integer primary key, name text not null)');
    await client.query("insert into users select id, 'user ' || id from generate_series(1, 500) as id");
  } finally {
    await client.end();
  }
}
