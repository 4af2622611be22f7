import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { BulkheadOptions, Policy } from '../../src/index.ts';
import { errorOf, testHub } from '../support.ts';
import { PgFixture } from './pg-fixture.ts';

const POOL_SIZE = 10;
const LOCK = 42;

const fixture = new PgFixture();
let observer: pg.Client;
let pool: pg.Pool;
let reports: Policy;
let users: Policy;

beforeAll(() => fixture.start());
afterAll(() => fixture.stop());

beforeEach(async () => {
  observer = await fixture.observer();
  // Reports are slow: each waits, on the server, until the observer lets go.
  await observer.query('select pg_advisory_lock($1)', [LOCK]);
  pool = new pg.Pool({ ...fixture.server.config, max: POOL_SIZE });
});

afterEach(async () => {
  await observer.query('select pg_advisory_unlock_all()');
  await pool.end();
  await fixture.cleanUp();
});

/** Two policies on one pool; reports are given up after a while, and run on all the same, since nothing cancels them. */
function share(bulkhead: BulkheadOptions | false): void {
  const hub = testHub();
  const common = { circuitBreaker: false, totalTimeoutMs: false } as const;
  reports = hub.policy('reports', { ...common, attemptTimeoutMs: 200, bulkhead });
  users = hub.policy('users', { ...common, attemptTimeoutMs: 5_000 });
}

const report = () => reports.execute(() => pool.query('select pg_advisory_xact_lock_shared($1)', [LOCK]));
const user = (id: number, timeoutMs?: number) =>
  users.execute(async () => (await pool.query('select $1::int as id', [id])).rows, { timeoutMs });

/** How many of the server's connections reports have. */
async function busyWithReports(): Promise<number> {
  const { rows } = await observer.query(
    "select count(*)::int as n from pg_stat_activity where wait_event = 'advisory'",
  );
  return rows[0].n;
}

it('keeps a slow dependency from taking the whole pool, also once its callers have given up', async () => {
  share({ maxConcurrent: 3, maxQueue: 5, queueTimeoutMs: 100 });
  for (let wave = 1; wave <= 3; wave += 1) {
    const errors = await Promise.all(Array.from({ length: 20 }, () => errorOf(report())));
    expect(new Set(errors.map((error) => Object(error).code))).toEqual(new Set(['TIMEOUT', 'BULKHEAD_FULL']));
    await vi.waitFor(async () => expect(await busyWithReports()).toBe(3));
  }
  expect(reports.stats()).toMatchObject({ attempts: { timeout: 3 }, rejections: { bulkhead_full: 57 } });

  // The connections that are left are made once.
  await Promise.all(Array.from({ length: POOL_SIZE - 3 }, (_, id) => user(id)));
  let waits = 0;
  const answers: unknown[] = [];
  for (let id = 0; id < 50; id += 5) {
    const batch = Array.from({ length: 5 }, (_, more) => user(id + more));
    await setImmediate();
    waits += pool.waitingCount;
    answers.push(...(await Promise.all(batch)));
  }
  expect(answers.flat()).toEqual(Array.from({ length: 50 }, (_, id) => ({ id })));
  expect(waits).toBe(0);

  await observer.query('select pg_advisory_unlock_all()');
  await vi.waitFor(() => expect(reports.stats()).toMatchObject({ attemptsInFlight: 0, lateOutcomes: 3 }));
  expect(await Promise.all([report(), report(), report()])).toHaveLength(3);
});

it('without it, the others starve', async () => {
  share(false);
  await Promise.all(Array.from({ length: 20 }, () => errorOf(report())));
  await vi.waitFor(async () => expect(await busyWithReports()).toBe(POOL_SIZE));
  const starving = await Promise.all(Array.from({ length: 5 }, (_, id) => errorOf(user(id, 200))));
  expect(starving.map((error) => Object(error).code)).toEqual(starving.map(() => 'TIMEOUT'));
  await setImmediate();
  // Ten reports and five users wait for a connection.
  expect(pool.waitingCount).toBe(15);
});
