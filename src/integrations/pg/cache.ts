import type { QueryResult } from 'pg';
import type { CacheCodec, CacheFallbackOptions } from '../../strategies/cache-fallback/index.ts';

/** Where a result came from. */
export interface ResultSource {
  readonly source: 'live' | 'cache' | 'stale';
  /** Age of a remembered result in milliseconds; 0 for a live one. */
  readonly ageMs: number;
}

const LIVE: ResultSource = { source: 'live', ageMs: 0 };
const remembered = new WeakMap<object, ResultSource>();

/** Whether a result of `pool.query()` is live or was remembered, and how old it is. */
export function sourceOf(result: object): ResultSource {
  return remembered.get(result) ?? LIVE;
}

/** The parts of a result that can be copied and stored. */
type StoredResult = Pick<QueryResult, 'command' | 'rowCount' | 'oid' | 'fields' | 'rows'>;

/**
 * `cacheFallback` for results. Only what the server itself calls the result of a SELECT is remembered, as plain
 * data; the list of rows is copied with each answer, the rows are shared unless `clone` or `codec` says otherwise.
 */
export function resultCache(given: CacheFallbackOptions): CacheFallbackOptions {
  const codec = given.codec ?? codecOf(given.clone);
  return {
    ...given,
    codec: {
      mayShare: (value) => codec.mayShare?.(value) ?? true,
      encode: (value) => (isSelected(value) ? codec.encode(plain(value)) : undefined),
      decode(stored, facts) {
        const value = codec.decode(stored, facts);
        const answer = isSelected(value) ? plain(value) : value;
        if (typeof answer === 'object' && answer !== null) remembered.set(answer, facts);
        return answer;
      },
    },
  };
}

function codecOf(clone: (value: unknown) => unknown = (value) => value): CacheCodec {
  return { encode: (value) => ({ stored: clone(value) }), decode: (stored) => clone(stored) };
}

function plain({ command, rowCount, oid, fields, rows }: StoredResult): StoredResult {
  return { command, rowCount, oid, fields, rows: [...rows] };
}

function isSelected(value: unknown): value is StoredResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    'command' in value &&
    value.command === 'SELECT' &&
    'rows' in value &&
    Array.isArray(value.rows)
  );
}
