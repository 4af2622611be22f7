/** `resilientPool` is used like the pool of pg: statements and transactions go through a policy. */
import { createBreakwater } from 'breakwater';
import { resilientPool, sourceOf } from 'breakwater/pg';
import { Pool } from 'pg';
import { startPostgres } from './support/postgres.ts';

const postgres = await startPostgres();
const breakwater = createBreakwater({ incidents: false });
const database = resilientPool(breakwater, new Pool({ connectionString: postgres.connectionString }), {
  name: 'database',
  totalTimeoutMs: 2_000,
  attemptTimeoutMs: 500,
  retry: { maxRetries: 2, baseDelayMs: 50 },
  circuitBreaker: { consecutiveFailures: 5, openMs: 10_000 },
  cacheFallback: { staleIfErrorMs: 600_000 },
});
database.on('error', () => console.log('an idle connection broke'));

try {
  await database.query('create table accounts (name text primary key, cents integer not null)');
  await database.query("insert into accounts values ('ann', 500), ('ben', 0)");

  // Commits, or rolls back; repeated as a whole where the server says that it was not carried out.
  await database.transaction(async (client) => {
    await client.query("update accounts set cents = cents - 200 where name = 'ann'");
    await client.query("update accounts set cents = cents + 200 where name = 'ben'");
  });

  const accounts = { text: 'select name, cents from accounts order by name' };
  const live = await database.query(accounts);
  console.log(live.rows, sourceOf(live).source);

  await postgres.stop();
  const stale = await database.query(accounts);
  console.log(stale.rows, sourceOf(stale).source);
} finally {
  await breakwater.close();
  await database.end();
  await postgres.close();
}
