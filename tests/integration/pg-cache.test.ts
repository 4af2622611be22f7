import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CacheEntry } from '../../src/index.ts';
import { sourceOf } from '../../src/integrations/pg/index.ts';
import { errorOf } from '../support.ts';
import { PgFixture } from './pg-fixture.ts';

const fixture = new PgFixture();
let observer: pg.Client;

beforeAll(() => fixture.start());
afterAll(() => fixture.stop());
beforeEach(async () => {
  observer = await fixture.observer();
  await observer.query(`
    drop table if exists people; create table people (id serial primary key, name text);
    insert into people (name) values ('Ann'), ('Bob')`);
});
afterEach(() => fixture.cleanUp());

const FIND = 'select name from people where id = $1';

describe('cache fallback', () => {
  it('answers with the last result of the same text and values, and says so', async () => {
    const { pool } = fixture.make({ cacheFallback: {}, retry: false });
    const live = await pool.query(FIND, [1]);
    expect(sourceOf(live)).toEqual({ source: 'live', ageMs: 0 });
    await fixture.server.stop();
    const stale = await pool.query(FIND, [1]);
    expect(stale).toEqual({
      command: 'SELECT',
      rowCount: 1,
      oid: null,
      fields: live.fields,
      rows: live.rows,
    });
    expect(sourceOf(stale)).toMatchObject({ source: 'stale' });
    expect(sourceOf(stale).ageMs).toBeGreaterThan(0);
    stale.rows.pop();
    expect((await pool.query({ text: FIND, values: [1] })).rows).toEqual([{ name: 'Ann' }]);
    expect(await errorOf(pool.query(FIND, [2]))).toMatchObject({ code: 'ECONNREFUSED' });
    expect(await errorOf(pool.query({ text: FIND, rowMode: 'array' }, [1]))).toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('never answers for a write, a client or a transaction', async () => {
    const { pool } = fixture.make({
      cacheFallback: {},
      fallback: () => ({ rows: ['fallback'] }),
      retry: false,
      circuitBreaker: false,
    });
    const writes = [
      "insert into people (name) values ('Cid')",
      "with added as (insert into people (name) values ('Dee') returning id) select * from added",
      "select nextval('people_id_seq')",
      'select * from people for update',
    ];
    for (const text of writes) await pool.query(text);
    await pool.transaction((client) => client.query(FIND, [1]));
    await fixture.server.stop();
    for (const text of writes) expect(await pool.query(text)).toEqual({ rows: ['fallback'] });
    expect(await errorOf(pool.connect())).toMatchObject({ code: 'ECONNREFUSED' });
    expect(await errorOf(pool.transaction(() => 1))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('lets a query choose its own key, or none', async () => {
    const { pool } = fixture.make({ cacheFallback: {}, retry: false });
    await pool.query({ text: FIND, values: [1], cacheKey: 'ann' });
    await pool.query({ text: FIND, values: [2], cacheKey: false });
    await pool.query({ text: "insert into people (name) values ('Cid') returning id", cacheKey: 'cid' });
    await fixture.server.stop();
    expect((await pool.query({ text: 'select 1', cacheKey: 'ann' })).rows).toEqual([{ name: 'Ann' }]);
    await errorOf(pool.query(FIND, [2]));
    // What the server did not call a SELECT is not remembered, under whatever key.
    expect(await errorOf(pool.query({ text: 'select 1', cacheKey: 'cid' }))).toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('shares concurrent reads and no concurrent writes', async () => {
    const { pool } = fixture.make({ cacheFallback: { coalesce: true } });
    const insert = () => pool.query("insert into people (name) values ('Cid')");
    await Promise.all([insert(), insert(), insert()]);
    const reads = await Promise.all([1, 2, 3].map(() => pool.query('select count(*)::int as n from people')));
    expect(reads.map(({ rows }) => rows)).toEqual([[{ n: 5 }], [{ n: 5 }], [{ n: 5 }]]);
    expect(pool.policy.stats().attempts.success).toBe(4);
  });

  it('answers while a result is fresh, from the defaults of the hub too', async () => {
    const { pool } = fixture.make(
      {},
      {},
      { defaults: { cacheFallback: { freshForMs: 60_000, clone: structuredClone } } },
    );
    await pool.query(FIND, [1]);
    await observer.query("update people set name = 'Eve' where id = 1");
    const fresh = await pool.query(FIND, [1]);
    expect(sourceOf(fresh)).toMatchObject({ source: 'cache' });
    fresh.rows[0].name = 'changed by a caller';
    expect((await pool.query(FIND, [1])).rows).toEqual([{ name: 'Ann' }]);
  });

  it('stores plain data, under the name of the pool', async () => {
    const kept = new Map<string, string>();
    const store = {
      get: (key: string): CacheEntry | undefined => JSON.parse(kept.get(key) ?? 'null') ?? undefined,
      set: (key: string, entry: CacheEntry) => kept.set(key, JSON.stringify(entry)),
      delete: (key: string) => kept.delete(key),
    };
    const { pool } = fixture.make({ cacheFallback: { store }, retry: false });
    await pool.query(FIND, [1]);
    expect([...kept.keys()]).toEqual([expect.stringContaining('db')]);
    await fixture.server.stop();
    expect((await pool.query(FIND, [1])).rows).toEqual([{ name: 'Ann' }]);
  });

  it('makes no keys where nothing remembers', async () => {
    const { pool } = fixture.make();
    let conversions = 0;
    const value = {
      toJSON: () => {
        conversions += 1;
        return 'x';
      },
    };
    await pool.query('select $1::json', [value]);
    // Once, by pg.
    expect(conversions).toBe(1);
  });
});
