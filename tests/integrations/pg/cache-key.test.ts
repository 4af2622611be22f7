import { describe, expect, it } from 'vitest';
import { cacheKeyOf } from '../../../src/integrations/pg/cache-key.ts';
import { looksReading, mayCommitInParts } from '../../../src/integrations/pg/statement-text.ts';
import { fc } from '../../fast-check.ts';

const text = 'select $1';
const keyOf = (...values: unknown[]) => cacheKeyOf({ config: text, values });

describe('cacheKeyOf', () => {
  it('tells apart what the server would', () => {
    const lists: unknown[][] = [
      [],
      [null],
      ['null'],
      [''],
      ['1'],
      [1],
      [1n],
      [true],
      ['true'],
      [[1]],
      [['1']],
      [[1], 2],
      [[1, 2]],
      ['1', '2'],
      ['1,2'],
      ['s1:1'],
      [[]],
      [{}],
      ['{}'],
      [{ a: 1 }],
      ['{"a":1}'],
      [new Date(0)],
      ['1970-01-01T00:00:00.000Z'],
      [Buffer.from('a')],
      ['a'],
      [Buffer.from('')],
      [0.1],
      [Number.NaN],
    ];
    const keys = lists.map((list) => keyOf(...list));
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(lists.length);
  });

  it('takes for the same what the server takes for the same', () => {
    expect(keyOf(undefined)).toBe(keyOf(null));
    expect(keyOf(Buffer.from('ab'))).toBe(keyOf(new Uint8Array(Buffer.from('xabx').subarray(1, 3))));
    expect(cacheKeyOf({ config: { text, values: [1] }, values: undefined })).toBe(keyOf(1));
  });

  it('differs by text, name and row mode', () => {
    const configs = [
      { text },
      { text: 'select $1 ' },
      { text, name: 'one' },
      { text, rowMode: 'array' },
      { text, name: 'array' },
    ];
    const keys = configs.map((config) => cacheKeyOf({ config, values: [1] }));
    expect(new Set(keys).size).toBe(configs.length);
  });

  it('gives none where values or parsers cannot be told apart', () => {
    const circular: unknown[] = [];
    circular.push(circular);
    const convertible = { toPostgres: () => 'x' };
    for (const value of [() => 1, Symbol('s'), new Date(Number.NaN), circular, convertible, { n: 1n }]) {
      expect(keyOf(value)).toBeUndefined();
    }
    expect(cacheKeyOf({ config: { text, types: {} }, values: [] })).toBeUndefined();
    expect(cacheKeyOf({ config: 7, values: [] })).toBeUndefined();
  });

  it('stays short, and still tells large values apart', () => {
    const large = 'x'.repeat(100_000);
    expect(keyOf(large)?.length).toBeLessThan(100);
    expect(keyOf(large)).not.toBe(keyOf(`${large}y`));
  });

  it('has no two lists of values under one key', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string(), { maxLength: 3 }),
    );
    const list = fc.array(value, { maxLength: 4 });
    fc.assert(
      fc.property(list, list, (a, b) => {
        expect(keyOf(...a) === keyOf(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 500 },
    );
  });
});

describe('looksReading', () => {
  it.each([
    'select * from users',
    '  SELECT 1',
    '-- who\n select 1',
    '/* a */ (select 1) union (select 2)',
    'with recent as (select 1) select * from recent',
    'values (1)',
    'table users',
    'select updated_at, deleted from t;',
  ])('lets %s be remembered', (statement) => expect(looksReading(statement)).toBe(true));

  it.each([
    'insert into t values (1)',
    'with gone as (delete from t returning *) select * from gone',
    "select nextval('ids')",
    'select * from t for update',
    'select * from t for no key update',
    'select * from t for share',
    'select * into copy from t',
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_xact_lock(1)',
    "select set_config('a', 'b', false)",
    'select 1; drop table t',
    'call tidy()',
    'begin',
    '-- select\ninsert into t values (1)',
    'selection',
    '',
  ])('does not let %s be remembered', (statement) => expect(looksReading(statement)).toBe(false));
});

describe('mayCommitInParts', () => {
  it('sees several statements and procedures', () => {
    expect(mayCommitInParts('insert into t values (1); commit; select 1')).toBe(true);
    expect(mayCommitInParts('CALL tidy()')).toBe(true);
    expect(mayCommitInParts('/* x */ do $$ begin end $$')).toBe(true);
    expect(mayCommitInParts('insert into t values (1) on conflict do nothing;  ')).toBe(false);
  });
});
