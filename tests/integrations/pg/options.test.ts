import pg from 'pg';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { failover, InvalidOptionsError, retry } from '../../../src/index.ts';
import { type ResilientPool, resilientPool } from '../../../src/integrations/pg/index.ts';
import { errorOf, testHub } from '../../support.ts';

const registry = new Registry();
const hub = testHub({ registry });
afterEach(() => {
  for (const { name } of hub.policies) hub.remove(name);
});

/** Of a call with arguments that types would not let through. */
function problemsOf(...args: unknown[]): string[] {
  try {
    Reflect.apply(resilientPool, undefined, args);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

describe('resilientPool options', () => {
  it('names each problem at once, its own and the policy’s, and leaves nothing behind', async () => {
    const pool = new pg.Pool();
    const wrong = {
      name: '',
      idempotent: 'yes',
      connectTimeoutMs: Number.NaN,
      cancelTimeoutMs: -1,
      retry: { maxRetries: 1.5 },
      attemptTimeoutMs: '2s',
      idempotentt: true,
    };
    expect(problemsOf(hub, pool, wrong).sort()).toEqual(
      [
        'attemptTimeoutMs',
        'cancelTimeoutMs',
        'connectTimeoutMs',
        'idempotent',
        'idempotentt',
        'name',
        'retry.maxRetries',
      ].sort(),
    );
    expect(hub.policies).toEqual([]);
    expect(pool.options.connectionTimeoutMillis).toBeUndefined();
    expect(pool.listenerCount('error')).toBe(0);
    expect(await registry.metrics()).not.toContain('policy=');
  });

  it('has no failover: a pool has one server', () => {
    const endpoints = [{ name: 'a', target: 1 }];
    const strategies = [retry(), failover({ endpoints })];
    expect(problemsOf(hub, new pg.Pool(), { name: 'db', failover: { endpoints } })).toEqual(['failover']);
    expect(problemsOf(hub, new pg.Pool(), { name: 'db', strategies })).toEqual(['strategies[1]']);
  });

  it('says what is wrong with the hub, the pool, and missing options', () => {
    expect(problemsOf({}, {}, { name: 'db' })).toEqual(['breakwater', 'pool']);
    expect(problemsOf(hub, {}, undefined)).toEqual(['pool', 'options']);
    expect(problemsOf(hub, new pg.Pool(), {})).toEqual(['name']);
    expect(problemsOf(hub, new pg.Pool(), { name: 'db' })).toEqual([]);
    expect(problemsOf(hub, new pg.Pool(), { name: 'db' })).toEqual(['name']);
  });

  it('shows nothing of a connection string', () => {
    const text = 'postgres://admin:hunter2@db/app';
    for (const args of [
      [hub, text, { name: 'db' }],
      [hub, new pg.Pool(), text],
      [text, new pg.Pool(), {}],
    ]) {
      const call = (): unknown => Reflect.apply(resilientPool, undefined, args);
      expect(call).toThrow('not a string');
      expect(call).not.toThrow(/admin|hunter2/);
    }
  });

  it('makes nothing of a pool that cannot be used', () => {
    const methods = { connect() {}, query() {}, end() {}, on() {} };
    for (const missing of ['connect', 'query', 'end', 'on'] as const) {
      expect(problemsOf(hub, { ...methods, [missing]: undefined, options: {} }, { name: 'db' })).toEqual([
        'pool',
      ]);
    }
    for (const options of [undefined, null, 5]) {
      expect(problemsOf(hub, { ...methods, options }, { name: 'db' })).toEqual(['pool']);
    }
    expect(hub.has('db')).toBe(false);
  });

  it('takes the policy away again when the pool turns out unusable', () => {
    const frozen = Object.assign(new pg.Pool(), { options: Object.freeze({}) });
    expect(() => resilientPool(hub, frozen, { name: 'db' })).toThrow(TypeError);
    expect(hub.has('db')).toBe(false);
    const deaf = Object.assign(new pg.Pool(), {
      on: () => {
        throw new Error('deaf');
      },
    });
    expect(() => resilientPool(hub, deaf, { name: 'db' })).toThrow('deaf');
    expect(hub.has('db')).toBe(false);
  });

  it('suggests the name that was meant', () => {
    const misspelt = { name: 'db', idempotant: true };
    expect(() => Reflect.apply(resilientPool, undefined, [hub, new pg.Pool(), misspelt])).toThrow(
      "did you mean 'idempotent'?",
    );
  });

  it('bounds the making of connections only where the pool does not', () => {
    const unbounded = new pg.Pool();
    const bounded = new pg.Pool({ connectionTimeoutMillis: 700 });
    resilientPool(hub, unbounded, { name: 'one' });
    resilientPool(hub, bounded, { name: 'two', connectTimeoutMs: 5 });
    expect(unbounded.options.connectionTimeoutMillis).toBe(10_000);
    expect(bounded.options.connectionTimeoutMillis).toBe(700);
  });

  it('has retry on unless told otherwise', () => {
    expect(resilientPool(hub, new pg.Pool(), { name: 'one' }).policy.explain()).toContain('retry: up to 3');
    const off = resilientPool(hub, new pg.Pool(), { name: 'two', retry: false });
    expect(off.policy.explain()).not.toContain('retry');
    const own = resilientPool(hub, new pg.Pool(), { name: 'three', retry: { maxRetries: 1 } });
    expect(own.policy.explain()).toContain('retry: up to 1');
  });

  it('names what is wrong with a query, a transaction and a text', async () => {
    const pool = resilientPool(hub, new pg.Pool(), { name: 'db' });
    const wrong: unknown[] = [{ text: 'select 1', timeoutMs: -1, idempotent: 'no', cacheKey: 7 }];
    const error = await errorOf(Reflect.apply(pool.query, pool, wrong));
    if (!(error instanceof InvalidOptionsError)) throw error;
    expect(error.problems.map(({ path }) => path).sort()).toEqual(['cacheKey', 'idempotent', 'timeoutMs']);
    expect(
      await errorOf(
        Reflect.apply(pool.transaction, pool, ['x', { isolationLevel: 'serialisable', only: 1 }]),
      ),
    ).toMatchObject({ problems: [{ path: 'work' }, { path: 'isolationLevel' }, { path: 'only' }] });
  });
});

describe('types', () => {
  it('is used where a pool is asked for', () => {
    const pool: pg.Pool = resilientPool(hub, new pg.Pool(), { name: 'db' });
    expect(pool.totalCount).toBe(0);
  });

  it('types results as pg does', () => {
    const declared = (pool: ResilientPool) => ({
      typed: pool.query<{ id: number }>('select 1 as id', []),
      options: pool.query<{ id: number }>({ text: 'select 1', values: [1], idempotent: true, cacheKey: 'a' }),
      array: pool.query<[number]>({ text: 'select 1', rowMode: 'array' }),
      client: pool.connect(),
      value: pool.transaction(async (client) => (await client.query<{ id: number }>('select 1')).rows),
    });
    type Declared = ReturnType<typeof declared>;
    expectTypeOf<Declared['typed']>().toEqualTypeOf<Promise<pg.QueryResult<{ id: number }>>>();
    expectTypeOf<Declared['options']>().toEqualTypeOf<Promise<pg.QueryResult<{ id: number }>>>();
    expectTypeOf<Declared['array']>().toEqualTypeOf<Promise<pg.QueryArrayResult<[number]>>>();
    expectTypeOf<Declared['client']>().toEqualTypeOf<Promise<pg.PoolClient>>();
    expectTypeOf<Declared['value']>().toEqualTypeOf<Promise<{ id: number }[]>>();
  });
});
