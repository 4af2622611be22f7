import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isBreakwaterError } from '../../src/index.ts';
import { errorOf, follow } from '../support.ts';
import { backends, PgFixture } from './pg-fixture.ts';

const fixture = new PgFixture();
let observer: pg.Client;

beforeAll(() => fixture.start());
afterAll(() => fixture.stop());
beforeEach(async () => {
  observer = await fixture.observer();
});
afterEach(() => fixture.cleanUp());

const sleepers = async (): Promise<number> =>
  (await backends(observer)).filter(({ query }) => query.includes('pg_sleep')).length;

/** As long as statements are cancelled again after their connection was closed: 15 seconds and a request. */
const settled = { interval: 20, timeout: 20_000 };

describe('a timeout', () => {
  it('leaves the pool as good as new, a hundred times', async () => {
    const { raw, pool } = fixture.make(
      { attemptTimeoutMs: 1_000, circuitBreaker: false, retry: false },
      { max: 10 },
    );
    const calls = Array.from({ length: 100 }, () => errorOf(pool.query('select pg_sleep(600)')));
    for (const error of await Promise.all(calls)) expect(isBreakwaterError(error, 'TIMEOUT')).toBe(true);
    await vi.waitFor(async () => {
      expect(await sleepers()).toBe(0);
      expect(pool.waitingCount).toBe(0);
      expect(pool.idleCount).toBe(pool.totalCount);
      expect((await backends(observer)).length).toBe(pool.totalCount);
    }, settled);
    const answers = await Promise.all(Array.from({ length: 10 }, () => raw.query('select 1 as n')));
    expect(answers.map(({ rows }) => rows)).toEqual(Array.from({ length: 10 }, () => [{ n: 1 }]));
    expect(pool.policy.stats()).toMatchObject({ attemptsInFlight: 0, calls: { timeout: 100 } });
  });

  it('one after the other, each on a connection of its own', async () => {
    const { raw, pool } = fixture.make(
      { attemptTimeoutMs: 100, circuitBreaker: false, retry: false },
      { max: 1 },
    );
    await raw.query('select 1');
    const [first] = await backends(observer);
    for (let n = 0; n < 5; n += 1) await errorOf(pool.query('select pg_sleep(600)'));
    expect((await raw.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await vi.waitFor(async () => {
      const left = await backends(observer);
      expect(left.length).toBe(1);
      expect(left[0]?.pid).not.toBe(first?.pid);
    }, settled);
  });

  it('rolls back what the statement had begun', async () => {
    await observer.query('drop table if exists slow; create table slow (id int)');
    const { raw, pool } = fixture.make({ attemptTimeoutMs: 100, retry: false });
    await raw.query('select 1');
    await errorOf(pool.query('insert into slow select 1 from pg_sleep(600)'));
    await vi.waitFor(async () => expect(await sleepers()).toBe(0), settled);
    expect((await observer.query('select * from slow')).rows).toEqual([]);
  });

  it('is repeated only where that was allowed', async () => {
    const { pool } = fixture.make({ attemptTimeoutMs: 50, circuitBreaker: false });
    await errorOf(pool.query('select pg_sleep(600)'));
    expect(pool.policy.stats().attempts.timeout).toBe(1);
    await errorOf(pool.query({ text: 'select pg_sleep(600)', idempotent: true }));
    expect(pool.policy.stats().attempts.timeout).toBe(5);
  });

  it('takes the connection of a client with it', async () => {
    const { raw, pool } = fixture.make({ attemptTimeoutMs: 2_000, retry: false }, { max: 1 });
    await raw.query('select 1');
    const client = await pool.connect();
    await client.query('begin');
    expect(isBreakwaterError(await errorOf(client.query('select pg_sleep(600)')), 'TIMEOUT')).toBe(true);
    await expect(client.query('select 1')).rejects.toThrow('given up');
    client.release();
    expect((await raw.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await vi.waitFor(async () => expect(await sleepers()).toBe(0), settled);
  });

  it('gives a connection that comes late back at once', async () => {
    const { raw, pool } = fixture.make(
      { attemptTimeoutMs: 50, circuitBreaker: false, retry: false },
      { max: 1 },
    );
    const held = await raw.connect();
    const waiting = Array.from({ length: 2_000 }, () => errorOf(pool.query('select 1')));
    const connecting = errorOf(pool.connect());
    for (const error of await Promise.all([...waiting, connecting])) {
      expect(isBreakwaterError(error, 'TIMEOUT')).toBe(true);
    }
    held.release();
    await vi.waitFor(() => expect(raw.waitingCount).toBe(0), settled);
    expect(raw.idleCount).toBe(1);
    expect((await raw.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await vi.waitFor(() => expect(pool.policy.stats().attemptsInFlight).toBe(0), settled);
  });
});

describe("a caller's abort", () => {
  it('rejects at once with its own reason and cancels the statement', async () => {
    const { pool } = fixture.make();
    const caller = new AbortController();
    const calling = errorOf(pool.query({ text: 'select pg_sleep(600)', signal: caller.signal }));
    await vi.waitFor(async () => expect(await sleepers()).toBe(1), settled);
    const reason = new Error('enough');
    caller.abort(reason);
    expect(await calling).toBe(reason);
    await vi.waitFor(async () => expect(await sleepers()).toBe(0), settled);
    expect(pool.policy.stats()).toMatchObject({ calls: { ignored: 1 }, window: { failures: 0 } });
  });

  it('before the call runs nothing', async () => {
    const { pool } = fixture.make();
    const reason = new Error('enough');
    const error = await errorOf(pool.query({ text: 'select 1', signal: AbortSignal.abort(reason) }));
    expect(error).toBe(reason);
    expect(pool.totalCount).toBe(0);
  });
});

describe('a server that hangs', () => {
  it('holds nobody longer than the timeouts say, and leaves nothing behind when it goes on', async () => {
    const { raw, pool } = fixture.make(
      { attemptTimeoutMs: 3_000, cancelTimeoutMs: 200, circuitBreaker: false, retry: false },
      { max: 4 },
    );
    await Promise.all(Array.from({ length: 4 }, () => raw.query('select 1')));
    const begun = [1, 2].map(() => errorOf(pool.query('select pg_sleep(600)')));
    await vi.waitFor(async () => expect(await sleepers()).toBe(2), settled);
    fixture.server.pauseAll();
    const calls = Array.from({ length: 20 }, () => errorOf(pool.query('select pg_sleep(600)')));
    for (const error of await Promise.all([...begun, ...calls])) {
      expect(isBreakwaterError(error, 'TIMEOUT')).toBe(true);
    }
    fixture.server.resumeAll();
    // Cancel requests that nobody waited for are carried out as well.
    await vi.waitFor(async () => {
      expect(await sleepers()).toBe(0);
      expect((await backends(observer)).length).toBe(pool.totalCount);
      expect(pool.idleCount).toBe(pool.totalCount);
    }, settled);
    expect((await raw.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  it('does not keep the places of connections that are never answered', async () => {
    const { raw, pool } = fixture.make(
      { attemptTimeoutMs: 50, connectTimeoutMs: 2_000, circuitBreaker: false, retry: false },
      { max: 2 },
    );
    fixture.server.pauseAll();
    await Promise.all(Array.from({ length: 10 }, () => errorOf(pool.query('select 1'))));
    expect(pool.totalCount).toBe(2);
    await vi.waitFor(() => expect([pool.totalCount, pool.waitingCount]).toEqual([0, 0]), settled);
    expect(pool.policy.stats().attemptsInFlight).toBe(0);
    fixture.server.resumeAll();
    await vi.waitFor(
      async () => expect((await raw.query('select 1 as n')).rows).toEqual([{ n: 1 }]),
      settled,
    );
  });

  it('opens the circuit, and one probe finds that it is back', async () => {
    const { pool } = fixture.make({
      attemptTimeoutMs: 1_000,
      retry: false,
      circuitBreaker: { consecutiveFailures: 3, openMs: 100, maxOpenMs: 100, halfOpenMaxMs: 10_000 },
    });
    fixture.server.pauseAll();
    for (let n = 0; n < 3; n += 1) await errorOf(pool.query('select 1'));
    expect(pool.policy.circuit.state).toBe('open');
    fixture.server.resumeAll();
    await vi.waitFor(
      async () => expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]),
      settled,
    );
    expect(pool.policy.circuit.state).toBe('closed');
  });
});

describe('ending the pool', () => {
  it('waits for statements that are being cancelled, no longer', async () => {
    const { raw, pool } = fixture.make({ attemptTimeoutMs: 3_000, retry: false });
    await raw.query('select 1');
    const calling = errorOf(pool.query('select pg_sleep(600)'));
    await vi.waitFor(async () => expect(await sleepers()).toBe(1), settled);
    const ending = follow(pool.end());
    expect(isBreakwaterError(await calling, 'TIMEOUT')).toBe(true);
    await vi.waitFor(() => expect(ending.now.status).toBe('fulfilled'), settled);
    await vi.waitFor(async () => expect(await backends(observer)).toEqual([]), settled);
  });
});
