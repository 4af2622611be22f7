import process from 'node:process';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isBreakwaterError } from '../../src/index.ts';
import type { TransactionClient } from '../../src/integrations/pg/index.ts';
import { deferred, errorOf } from '../support.ts';
import { backends, PgFixture } from './pg-fixture.ts';

const fixture = new PgFixture({ settings: { deadlock_timeout: '50ms' } });
let observer: pg.Client;

beforeAll(() => fixture.start());
afterAll(() => fixture.stop());
beforeEach(async () => {
  observer = await fixture.observer();
  await observer.query(`
    drop table if exists accounts;
    create table accounts (id int primary key, cents int);
    insert into accounts values (1, 100), (2, 100)`);
});
afterEach(() => fixture.cleanUp());

const settled = { interval: 20, timeout: 20_000 };

const cents = async (): Promise<number[]> =>
  (await observer.query<{ cents: number }>('select cents from accounts order by id')).rows.map(
    (row) => row.cents,
  );

const add = (client: Pick<TransactionClient, 'query'>, id: number, amount: number) =>
  client.query('update accounts set cents = cents + $2 where id = $1', [id, amount]);

/** A trigger that runs when the transaction commits. */
async function atCommit(body: string): Promise<void> {
  await observer.query(`
    create or replace function at_commit() returns trigger language plpgsql as $$ begin ${body}; return null; end $$;
    create constraint trigger at_commit after update on accounts
      deferrable initially deferred for each row execute function at_commit()`);
}

describe('transaction', () => {
  it('commits, and gives what the work gave', async () => {
    const { pool } = fixture.make({}, { max: 1 });
    const given = await pool.transaction(async (client) => {
      await add(client, 1, -10);
      await add(client, 2, 10);
      return 'moved';
    });
    expect(given).toBe('moved');
    expect(await cents()).toEqual([90, 110]);
    expect(pool.idleCount).toBe(1);
    // One call and one attempt, however many statements.
    expect(pool.policy.stats()).toMatchObject({ calls: { success: 1 }, attempts: { success: 1 } });
  });

  it('runs many statements that were asked for at once, and Node takes that for no leak', async () => {
    const { pool } = fixture.make();
    // pg warns as well that its next major version takes no such statements.
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    await pool.transaction((client) => Promise.all(Array.from({ length: 20 }, () => add(client, 1, -1))));
    expect(await cents()).toEqual([80, 100]);
    const named = warned.mock.calls.map(([warning]) => (warning instanceof Error ? warning.name : warning));
    expect(named).not.toContain('MaxListenersExceededWarning');
  });

  it('sets what it is told to', async () => {
    const { pool } = fixture.make();
    const { rows } = await pool.transaction(
      (client) =>
        client.query(
          "select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as ro",
        ),
      { isolationLevel: 'serializable', readOnly: true },
    );
    expect(rows).toEqual([{ level: 'serializable', ro: 'on' }]);
    const error = await errorOf(pool.transaction((client) => add(client, 1, 1), { readOnly: true }));
    expect(error).toMatchObject({ code: '25006' });
    expect(pool.policy.stats()).toMatchObject({ calls: { failure: 1 }, retries: 0 });
  });

  it('rolls back when the work throws, which says nothing about the database', async () => {
    const { pool } = fixture.make({}, { max: 1 });
    const reason = new Error('not enough money');
    const error = await errorOf(
      pool.transaction(async (client) => {
        await add(client, 1, -10);
        throw reason;
      }),
    );
    expect(error).toBe(reason);
    expect(await cents()).toEqual([100, 100]);
    expect(pool.idleCount).toBe(1);
    expect(pool.policy.stats()).toMatchObject({
      calls: { ignored: 1 },
      retries: 0,
      window: { failures: 0 },
    });
    await errorOf(pool.transaction(() => Promise.reject('a word')));
    await errorOf(pool.transaction(() => Reflect.get(Object(undefined), 'x').y));
    expect(pool.policy.stats().calls).toMatchObject({ ignored: 2, defect: 1 });
  });

  it('does not call committed what the server rolled back', async () => {
    const { pool } = fixture.make();
    const error = await errorOf(
      pool.transaction(async (client) => {
        await add(client, 1, -10);
        await client.query('insert into accounts values (1, 0)').catch(() => {});
        return 'done';
      }),
    );
    expect(error).toMatchObject({ code: '23505' });
    expect(await cents()).toEqual([100, 100]);
    expect(pool.policy.stats().calls).toMatchObject({ refused: 1 });
  });

  it('repeats the whole after a serialization failure, also one that the work wrapped or hid', async () => {
    const { pool } = fixture.make();
    const hide: ((error: unknown) => unknown)[] = [
      (error) => error,
      (error) => new Error('could not move', { cause: error }),
      () => new Error('could not move'),
    ];
    for (const wrap of hide) {
      const attempts: number[] = [];
      await pool.transaction(
        async (client, { attempt }) => {
          attempts.push(attempt);
          await client.query('select * from accounts');
          if (attempt === 1) await add(observer, 1, 1);
          await add(client, 1, -10).catch((error) => Promise.reject(wrap(error)));
        },
        { isolationLevel: 'repeatable read' },
      );
      expect(attempts).toEqual([1, 2]);
    }
    expect(await cents()).toEqual([73, 100]);
    expect(pool.policy.stats()).toMatchObject({ calls: { success: 3 }, retries: 3 });
  });

  it('repeats the whole after a deadlock', async () => {
    const { pool } = fixture.make();
    const both = [deferred(), deferred()] as const;
    let runs = 0;
    const move = async (from: number, to: number, mine: 0 | 1, other: 0 | 1) =>
      pool.transaction(async (client) => {
        runs += 1;
        await add(client, from, -10);
        both[mine].resolve(undefined);
        await both[other].promise;
        await add(client, to, 10);
      });
    await Promise.all([move(1, 2, 0, 1), move(2, 1, 1, 0)]);
    // The server picks one victim, or, when both waited equally long, two.
    expect(runs).toBeGreaterThanOrEqual(3);
    expect(await cents()).toEqual([100, 100]);
  });

  it('does not repeat without retry, nor beyond it', async () => {
    await atCommit("raise exception 'again' using errcode = '40001'");
    const work = (client: TransactionClient) => add(client, 1, 1);
    const off = fixture.make({ retry: false });
    expect(await errorOf(off.pool.transaction(work))).toMatchObject({ code: '40001' });
    expect(off.pool.policy.stats().attempts).toMatchObject({ failure: 1 });
    const twice = fixture.make({ retry: { maxRetries: 2, baseDelayMs: 0 } });
    expect(await errorOf(twice.pool.transaction(work))).toMatchObject({ code: '40001' });
    expect(twice.pool.policy.stats().attempts).toMatchObject({ failure: 3 });
    expect(await cents()).toEqual([100, 100]);
  });

  it('never repeats a COMMIT whose outcome nobody knows', async () => {
    await atCommit('perform pg_terminate_backend(pg_backend_pid())');
    const { pool } = fixture.make({
      idempotent: true,
      classify: (result) => (result.ok ? undefined : { verdict: 'transient', safeToRepeat: true }),
    });
    let runs = 0;
    const error = await errorOf(
      pool.transaction(async (client) => {
        runs += 1;
        await add(client, 1, 1);
      }),
    );
    expect(error).toMatchObject({ code: '57P01' });
    expect(runs).toBe(1);
    expect(pool.policy.stats()).toMatchObject({ retries: 0, attempts: { failure: 1 } });
    await vi.waitFor(() => expect(pool.totalCount).toBe(0), settled);
  });

  it('begins again on another connection when the one from the pool turns out dead', async () => {
    const { pool } = fixture.make({}, { max: 1 });
    await pool.query('select 1');
    await fixture.server.stop();
    await fixture.server.start();
    expect(await pool.transaction(() => 'begun')).toBe('begun');
  });

  it('closes the connection when the rollback fails', async () => {
    const { pool } = fixture.make({ retry: false });
    const reason = new Error('enough');
    const meddler = await fixture.observer();
    const error = await errorOf(
      pool.transaction(async (client) => {
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
        await meddler.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        throw reason;
      }),
    );
    expect(error).toBe(reason);
    await vi.waitFor(() => expect(pool.totalCount).toBe(0), settled);
    expect(await pool.transaction(() => 1)).toBe(1);
  });

  it('lets nobody use its client afterwards, nor give it back', async () => {
    const { pool } = fixture.make();
    let kept: TransactionClient | undefined;
    await pool.transaction((client) => {
      kept = client;
      for (const method of ['release', 'end', 'connect']) {
        const call = (): unknown => Reflect.apply(Reflect.get(client, method), client, []);
        expect(call).toThrow('transaction gives it back');
      }
    });
    await expect(kept?.query('select 1')).rejects.toThrow('has ended');
    const failed = await new Promise((resolve) => kept?.query('select 1', resolve));
    expect(failed).toBeInstanceOf(Error);
  });

  it('is cut as a whole: the statement is cancelled, the work is told, nothing is kept', async () => {
    const { raw, pool } = fixture.make({ attemptTimeoutMs: 2_000, retry: false }, { max: 1 });
    await raw.query('select 1');
    const told = deferred<unknown>();
    const error = await errorOf(
      pool.transaction(async (client, { signal }) => {
        signal.addEventListener('abort', () => told.resolve(signal.reason));
        await add(client, 1, 1);
        await client.query('select pg_sleep(600)');
      }),
    );
    expect(isBreakwaterError(error, 'TIMEOUT')).toBe(true);
    expect(await told.promise).toBe(error);
    await vi.waitFor(async () => expect(await backends(observer)).toEqual([]), settled);
    expect(await cents()).toEqual([100, 100]);
    expect((await raw.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  it('is given up by its caller also while the work does something else', async () => {
    const { pool } = fixture.make({}, { max: 1 });
    const caller = new AbortController();
    const never = deferred();
    let after: Promise<unknown> | undefined;
    const error = await errorOf(
      pool.transaction(
        async (client) => {
          await add(client, 1, 1);
          caller.abort('stop');
          after = errorOf(client.query('select 1'));
          await never.promise;
        },
        { signal: caller.signal },
      ),
    );
    expect(error).toBe('stop');
    expect(await after).toBeInstanceOf(Error);
    await vi.waitFor(async () => expect(await backends(observer)).toEqual([]), settled);
    expect(await cents()).toEqual([100, 100]);
    never.resolve(undefined);
  });

  it('is one probe of a half-open circuit, with all its statements', async () => {
    const { pool } = fixture.make({
      circuitBreaker: { consecutiveFailures: 1, openMs: 20, halfOpenMaxMs: 10_000 },
      retry: false,
    });
    await fixture.server.stop();
    await errorOf(pool.query('select 1'));
    await fixture.server.start();
    const states: string[] = [];
    await vi.waitFor(async () => {
      const { rowCount } = await pool.transaction(async (client) => {
        states.push(pool.policy.circuit.state);
        await add(client, 1, 1);
        states.push(pool.policy.circuit.state);
        return add(client, 1, 1);
      });
      expect(rowCount).toBe(1);
    }, settled);
    expect(states).toEqual(['half-open', 'half-open']);
    expect(pool.policy.circuit.state).toBe('closed');
  });
});
