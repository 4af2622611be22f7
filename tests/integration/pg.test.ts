import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fallback, InvalidOptionsError, isBreakwaterError } from '../../src/index.ts';
import { resilientPool } from '../../src/integrations/pg/index.ts';
import { errorOf } from '../support.ts';
import { backends, PgFixture } from './pg-fixture.ts';

const fixture = new PgFixture({
  settings: { max_connections: '8', superuser_reserved_connections: '0', reserved_connections: '0' },
});
let observer: pg.Client;

beforeAll(() => fixture.start());
afterAll(() => fixture.stop());
beforeEach(async () => {
  observer = await fixture.observer();
  await observer.query('drop table if exists people; create table people (id int primary key, name text)');
});
afterEach(() => fixture.cleanUp());

const settled = { interval: 20, timeout: 20_000 };

const names = async (): Promise<string[]> =>
  (await observer.query<{ name: string }>('select name from people order by id')).rows.map(
    ({ name }) => name,
  );

describe('query', () => {
  it('takes what pg takes: text, object, row mode, callback', async () => {
    const { pool } = fixture.make();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect((await pool.query('select $1::int as n', [2])).rows).toEqual([{ n: 2 }]);
    const named = { name: 'named', text: 'select $1::int as n', values: [3] };
    expect((await pool.query(named)).rows).toEqual([{ n: 3 }]);
    expect((await pool.query({ text: 'select $1::int', rowMode: 'array' }, [4])).rows).toEqual([[4]]);
    const called = await new Promise((resolve, reject) => {
      pool.query('select $1::int as n', [5], (error, result) =>
        error ? reject(error) : resolve(result.rows),
      );
    });
    expect(called).toEqual([{ n: 5 }]);
    const failed = await new Promise((resolve) => pool.query('selekt', resolve));
    expect(failed).toMatchObject({ code: '42601' });
    expect(pool.policy.stats().calls).toMatchObject({ success: 5, defect: 1 });
  });

  it('reads a text from a getter, as template libraries make them', async () => {
    class Statement {
      get text(): string {
        return 'select $1::int as n';
      }
      readonly values = [7];
    }
    const { pool } = fixture.make();
    expect((await pool.query(new Statement())).rows).toEqual([{ n: 7 }]);
  });

  it('lets a query object of pg’s pass through', async () => {
    const { pool } = fixture.make();
    const rows = await new Promise((resolve) => {
      pool.query(new pg.Query('select 6 as n', (_error, result) => resolve(result.rows)));
    });
    expect(rows).toEqual([{ n: 6 }]);
    await vi.waitFor(() => expect(pool.idleCount).toBe(1), settled);
    const failed = await new Promise((resolve) => pool.query(new pg.Query('selekt', resolve)));
    expect(failed).toMatchObject({ code: '42601' });
    await vi.waitFor(() => expect(pool.idleCount).toBe(1), settled);
    await fixture.server.stop();
    const unconnected = await new Promise((resolve) => pool.query(new pg.Query('select 1', resolve)));
    expect(unconnected).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('keeps its connection where the server only refused the statement', async () => {
    const { pool } = fixture.make({}, { max: 1 });
    await pool.query("insert into people values (1, 'Ann')");
    const [before] = await backends(observer);
    const error = await errorOf(pool.query("insert into people values (1, 'Bob')"));
    expect(error).toMatchObject({ code: '23505' });
    await pool.query('select 1');
    const [after] = await backends(observer);
    expect(after?.pid).toBe(before?.pid);
    expect(pool.policy.stats()).toMatchObject({ calls: { refused: 1 }, retries: 0, window: { failures: 0 } });
  });

  it('does not hand on a connection that a statement left in a transaction', async () => {
    const { pool } = fixture.make({}, { max: 1 });
    await pool.query('begin; insert into people values (1, $$Ann$$)');
    await errorOf(pool.query('begin; selekt'));
    await pool.query("insert into people values (2, 'Bob')");
    expect(await names()).toEqual(['Bob']);
  });

  it('asks the user’s own classify first', async () => {
    const { pool } = fixture.make({
      classify: (result) =>
        !result.ok && result.error instanceof pg.DatabaseError && result.error.code === '23505'
          ? 'defect'
          : undefined,
    });
    const insert = () => pool.query("insert into people values (1, 'Ann')");
    await insert();
    await errorOf(insert());
    await errorOf(pool.query('select 1 / 0'));
    expect(pool.policy.stats().calls).toMatchObject({ success: 1, defect: 1, refused: 1 });
  });
});

describe('repetition', () => {
  it('repeats a write when no connection can be made, and only so often as the policy says', async () => {
    const { pool } = fixture.make({ retry: { maxRetries: 2, baseDelayMs: 0 }, circuitBreaker: false });
    await fixture.server.stop();
    const error = await errorOf(pool.query("insert into people values (1, 'Ann')"));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(pool.policy.stats().attempts).toMatchObject({ failure: 3 });
    await fixture.server.start();
    await pool.query("insert into people values (1, 'Ann')");
    expect(pool.policy.stats().calls).toMatchObject({ success: 1, failure: 1 });
  });

  it('repeats a write when the server has too many connections, and it is done once', async () => {
    const crowd = await Promise.all(Array.from({ length: 7 }, () => fixture.observer()));
    const { breakwater, pool } = fixture.make({ retry: { maxRetries: 20, baseDelayMs: 20, jitter: 'none' } });
    const errors: unknown[] = [];
    breakwater.on('retry', async ({ error }) => {
      errors.push(error);
      await crowd.pop()?.end();
    });
    await pool.query("insert into people values (1, 'Ann')");
    expect(errors[0]).toMatchObject({ code: '53300' });
    expect(await names()).toEqual(['Ann']);
  });

  it('repeats a single statement that the server took back', async () => {
    await observer.query(`
      create sequence if not exists tries; alter sequence tries restart;
      create or replace function unlucky(code text) returns int language plpgsql as $$
      begin
        if nextval('tries') = 1 then raise exception 'again' using errcode = code; end if;
        return 1;
      end $$`);
    const { pool } = fixture.make();
    for (const code of ['40001', '40P01']) {
      await observer.query('alter sequence tries restart');
      expect((await pool.query('select unlucky($1) as n', [code])).rows).toEqual([{ n: 1 }]);
    }
    expect(pool.policy.stats().retries).toBe(2);
    await observer.query('alter sequence tries restart');
    const parts = "insert into people values (1, 'Ann'); commit; select unlucky('40001')";
    expect(await errorOf(pool.query(parts))).toMatchObject({ code: '40001' });
    expect(pool.policy.stats().retries).toBe(2);
  });

  it('repeats what lost its connection only where that was allowed', async () => {
    const kill = 'select pg_terminate_backend(pg_backend_pid())';
    const attemptsOf = async (poolIdempotent: boolean, idempotent?: boolean): Promise<unknown> => {
      const { pool } = fixture.make({ idempotent: poolIdempotent, retry: { maxRetries: 1, baseDelayMs: 0 } });
      const error = await errorOf(pool.query({ text: kill, idempotent }));
      expect(error).toMatchObject({ code: '57P01' });
      return pool.policy.stats().attempts.failure;
    };
    expect(await attemptsOf(false)).toBe(1);
    expect(await attemptsOf(false, true)).toBe(2);
    expect(await attemptsOf(true)).toBe(2);
    expect(await attemptsOf(true, false)).toBe(1);
  });
});

describe('connect', () => {
  it('gives a client whose statements go through the policy, in both styles', async () => {
    const { pool } = fixture.make();
    const client = await pool.connect();
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    const called = await new Promise((resolve) =>
      client.query('select 2 as n', (_error, { rows }) => resolve(rows)),
    );
    expect(called).toEqual([{ n: 2 }]);
    expect(client.escapeLiteral("it's")).toBe("'it''s'");
    client.release();
    expect(() => client.release()).toThrow('already been released');
    await expect(client.query('select 1')).rejects.toThrow('released');
    const rows = await new Promise((resolve, reject) => {
      pool.connect((error, other, release) => {
        if (error !== undefined || other === undefined) reject(error);
        else
          other.query('select 3 as n').then((result) => {
            release();
            resolve(result.rows);
          });
      });
    });
    expect(rows).toEqual([{ n: 3 }]);
    expect(pool.idleCount).toBe(pool.totalCount);
    expect(pool.policy.stats().calls).toMatchObject({ success: 5 });
  });

  it('never repeats a statement of a transaction alone', async () => {
    const { pool } = fixture.make({
      idempotent: true,
      classify: (result) => (result.ok ? undefined : { verdict: 'transient', safeToRepeat: true }),
    });
    const client = await pool.connect();
    await client.query('begin');
    const raise = "do $$ begin raise exception 'again' using errcode = '40001'; end $$";
    expect(await errorOf(client.query(raise))).toMatchObject({ code: '40001' });
    await client.query('rollback');
    client.release();
    expect(pool.policy.stats().retries).toBe(0);
  });

  it('does not give a connection back with a transaction open', async () => {
    const { pool } = fixture.make({}, { max: 1 });
    const client = await pool.connect();
    await client.query('begin');
    await client.query("insert into people values (1, 'Ann')");
    client.release();
    await pool.query("insert into people values (2, 'Bob')");
    expect(await names()).toEqual(['Bob']);
  });

  it('outlives the death of a client in use', async () => {
    const { pool } = fixture.make({ circuitBreaker: false });
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await observer.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    expect(await errorOf(client.query('select 1'))).toBeInstanceOf(Error);
    client.release();
    await vi.waitFor(() => expect(pool.totalCount).toBe(0), settled);
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });
});

describe('what a client is not sent', () => {
  it('after a statement that was given up counts for nobody', async () => {
    const circuitBreaker = { consecutiveFailures: 2 };
    const { pool } = fixture.make({ attemptTimeoutMs: 2_000, circuitBreaker, retry: false });
    const client = await pool.connect();
    await client.query('begin');
    expect(isBreakwaterError(await errorOf(client.query('select pg_sleep(600)')), 'TIMEOUT')).toBe(true);
    for (let n = 0; n < 3; n += 1) await expect(client.query('rollback')).rejects.toThrow('given up');
    client.release();
    expect(pool.policy.stats()).toMatchObject({ calls: { ignored: 3 }, window: { failures: 1 } });
    expect(pool.policy.circuit.state).toBe('closed');
  });

  it('after its release is an error of the caller', async () => {
    const { pool } = fixture.make();
    const client = await pool.connect();
    client.release();
    for (let n = 0; n < 12; n += 1) await expect(client.query('select 1')).rejects.toThrow('released');
    const other = await pool.connect();
    await errorOf(Reflect.apply(other.query, other, [undefined]));
    other.release();
    expect(pool.policy.circuit.state).toBe('closed');
    expect(pool.policy.stats()).toMatchObject({ calls: { defect: 13 }, window: { failures: 0 } });
  });

  it('after its connection was lost does not count the loss again', async () => {
    const { pool } = fixture.make({ circuitBreaker: { consecutiveFailures: 2 }, retry: false });
    for (const lose of ['while it waits', 'between statements']) {
      const client = await pool.connect();
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const ended = new Promise((resolve) => client.once('end', resolve));
      const waiting = lose === 'while it waits' ? errorOf(client.query('select pg_sleep(600)')) : undefined;
      await observer.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await waiting;
      await ended;
      for (let n = 0; n < 3; n += 1) await errorOf(client.query('rollback'));
      client.release();
      expect(pool.policy.circuit.state).toBe('closed');
    }
    expect(pool.policy.stats()).toMatchObject({ calls: { failure: 2, ignored: 5 }, window: { failures: 2 } });
  });
});

describe('the pool’s events', () => {
  const killIdle = () =>
    observer.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where backend_type = 'client backend' and application_name <> 'observer'`,
    );

  it('reports the death of an idle connection that nobody listens for', async () => {
    const { breakwater, pool } = fixture.make();
    const reported = new Promise((resolve) => breakwater.on('internal-error', resolve));
    await pool.query('select 1');
    await killIdle();
    expect(await reported).toMatchObject({
      policy: 'db',
      component: 'integration',
      error: { code: '57P01' },
    });
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  it('leaves it to those who listen on the pool within', async () => {
    const { breakwater, raw, pool } = fixture.make();
    const other = resilientPool(breakwater, raw, { name: 'other' });
    const heard = new Promise((resolve) => raw.on('error', resolve));
    await pool.query('select 1');
    await killIdle();
    expect(await heard).toMatchObject({ code: '57P01' });
    expect(pool.policy.stats().internalErrors + other.policy.stats().internalErrors).toBe(0);
  });

  it('reports it also where two share a pool that nobody listens to', async () => {
    const { breakwater, raw, pool } = fixture.make();
    const other = resilientPool(breakwater, raw, { name: 'other' });
    const policies: string[] = [];
    breakwater.on('internal-error', ({ policy }) => policies.push(policy));
    await pool.query('select 1');
    await killIdle();
    await vi.waitFor(() => expect(policies).toEqual(['db', 'other']), settled);
    expect(other.policy.stats().internalErrors).toBe(1);
  });

  it('hands its events to those who listen', async () => {
    const { pool } = fixture.make();
    const heard: string[] = [];
    for (const event of ['connect', 'acquire', 'release', 'remove'] as const) {
      pool.on(event, () => heard.push(event));
    }
    const failed = new Promise((resolve) => pool.on('error', resolve));
    await pool.query('select 1');
    await killIdle();
    expect(await failed).toMatchObject({ code: '57P01' });
    await vi.waitFor(() => expect(heard).toEqual(['connect', 'acquire', 'release', 'remove']), settled);
    expect(pool.policy.stats().internalErrors).toBe(0);
  });
});

describe('a fallback among strategies of its own', () => {
  it('answers for queries, and for no connection and no transaction', async () => {
    const answer = { rows: [{ n: 0 }] };
    const { pool } = fixture.make({ retry: undefined, strategies: [fallback({ answer: () => answer })] });
    await fixture.server.stop();
    expect(await pool.query('select 1 as n')).toBe(answer);
    for (const call of [() => pool.connect(), () => pool.transaction(() => 1)]) {
      await expect(call()).rejects.toThrow(/cannot.*metadata\.operation/);
    }
  });

  it('is told what it is asked for', async () => {
    const asked: unknown[] = [];
    const { pool } = fixture.make({
      retry: undefined,
      strategies: [
        fallback({
          answer(failure, { metadata }) {
            asked.push(metadata);
            throw failure;
          },
        }),
      ],
    });
    await fixture.server.stop();
    const calls = [() => pool.query('select 1'), () => pool.connect(), () => pool.transaction(() => 1)];
    for (const call of calls) expect(await errorOf(call())).toMatchObject({ code: 'ECONNREFUSED' });
    const operations = ['query', 'connect', 'transaction'];
    expect(asked).toEqual(operations.map((operation) => ({ operation })));
  });
});

describe('an outage', () => {
  it('opens the circuit, answers at once, alerts, and recovers', async () => {
    const { breakwater, pool } = fixture.make(
      { circuitBreaker: { consecutiveFailures: 3, openMs: 500, halfOpenMaxMs: 10_000 }, retry: false },
      {},
      { incidents: { resolveAfterMs: 1 } },
    );
    const opened = new Promise((resolve) => breakwater.on('incident', resolve));
    await fixture.server.stop();
    for (let n = 0; n < 3; n += 1) await errorOf(pool.query('select 1'));
    const rejected = await errorOf(pool.query('select 1'));
    expect(isBreakwaterError(rejected, 'CIRCUIT_OPEN')).toBe(true);
    expect(isBreakwaterError(await errorOf(pool.connect()), 'CIRCUIT_OPEN')).toBe(true);
    expect(isBreakwaterError(await errorOf(pool.transaction(() => 1)), 'CIRCUIT_OPEN')).toBe(true);
    expect(await opened).toMatchObject({ status: 'opened' });
    await fixture.server.start();
    await vi.waitFor(async () => expect(await pool.transaction(() => 1)).toBe(1), settled);
    expect(pool.policy.circuit.state).toBe('closed');
  });
});

describe('secrets', () => {
  it('keeps parameters out of metrics, logs, incidents and its own errors', async () => {
    const lines: unknown[] = [];
    const write = (...args: unknown[]): void => void lines.push(args);
    const logger = { debug: write, info: write, warn: write, error: write };
    const { breakwater, pool } = fixture.make(
      { circuitBreaker: { consecutiveFailures: 1 }, cacheFallback: {}, attemptTimeoutMs: 100, retry: false },
      {},
      { logger, incidents: {} },
    );
    const secret = 'hunter2-parameter';
    breakwater.on('incident', (event) => lines.push(event));
    await pool.query('select $1::text as word', [secret]);
    await errorOf(pool.query('select $1::int', [secret]));
    const own = await errorOf(pool.query('select pg_sleep(60), $1::text', [secret]));
    expect(isBreakwaterError(own, 'TIMEOUT')).toBe(true);
    const rejected = await errorOf(pool.query('select 1, $1::text', [secret]));
    await vi.waitFor(() => expect(JSON.stringify(lines)).toContain('opened'), settled);
    const told = [lines, own, rejected, breakwater.incidents, breakwater.snapshot(), pool.policy.explain()];
    expect(JSON.stringify(told) + String(own) + String(rejected)).not.toContain(secret);
    expect(await breakwater.registry.metrics()).not.toContain(secret);
  });
});

describe('the end', () => {
  it('ends like a pool, and a closed policy takes nothing', async () => {
    const { breakwater, raw, pool } = fixture.make();
    await pool.query('select 1');
    await breakwater.close();
    expect(isBreakwaterError(await errorOf(pool.query('select 1')), 'CLOSED')).toBe(true);
    const other = fixture.make();
    await other.raw.end();
    expect(other.pool.ended).toBe(true);
    expect(await errorOf(other.pool.query('select 1'))).not.toBeInstanceOf(InvalidOptionsError);
    expect(other.pool.policy.stats().calls).toMatchObject({ defect: 1 });
    expect(raw.ending).toBe(false);
  });
});
