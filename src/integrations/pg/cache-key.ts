import { createHash } from 'node:crypto';
import { types } from 'node:util';
import type { QueryRequest } from './request.ts';
import { looksReading } from './statement-text.ts';

/** A longer key is replaced by its digest, so that large parameters do not fill the cache. */
const LONGEST_KEY = 4_096;

/**
 * Under what the result of a statement is remembered: its name, text, values and row mode; `undefined` for a
 * statement that is not to be remembered.
 *
 * Whether a statement only reads cannot be told from its text. So the text is held to a rule that errs on the side
 * of not remembering: it begins with `select`, `with`, `table` or `values` and has none of the words of writing in
 * it, not even as a name or in a literal. What the rule cannot see is a function of the database's own that does
 * something: `select book_seat(7)` needs `cacheKey: false`.
 */
export function cacheKeyOf({ config, values }: Pick<QueryRequest, 'config' | 'values'>): string | undefined {
  const statement = typeof config === 'string' ? { text: config } : config;
  if (typeof statement !== 'object' || statement === null) return undefined;
  const text: unknown = Reflect.get(statement, 'text');
  const given: unknown = values ?? Reflect.get(statement, 'values');
  // Parsers of its own can make anything of a row.
  if (typeof text !== 'string' || !looksReading(text) || Reflect.get(statement, 'types')) return undefined;
  const parts = [
    Reflect.get(statement, 'name'),
    Reflect.get(statement, 'rowMode'),
    Reflect.get(statement, 'binary'),
    text,
    given ?? [],
  ];
  try {
    const key = serialise(parts);
    return key.length > LONGEST_KEY ? createHash('sha256').update(key).digest('base64') : key;
  } catch {
    // A value that cannot be told from others: nothing is remembered.
    return undefined;
  }
}

/** A value with its type and length, so that no two different lists of values read the same. */
function serialise(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'n';
    case 'string':
      return `s${value.length}:${value}`;
    case 'number':
      return `d${value};`;
    case 'bigint':
      return `i${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      return value === null ? 'n' : serialiseObject(value);
    default:
      throw new TypeError(`A ${typeof value} cannot be part of a key.`);
  }
}

function serialiseObject(value: object): string {
  if (Array.isArray(value)) return `a${value.length}:${Array.from(value, serialise).join('')}`;
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `x${bytes.length}:${bytes.toString('base64')}`;
  }
  if (types.isDate(value)) {
    const time = value.getTime();
    if (Number.isNaN(time)) throw new TypeError('An invalid date cannot be part of a key.');
    return `u${time};`;
  }
  if ('toPostgres' in value) throw new TypeError('A value that converts itself cannot be part of a key.');
  // What pg sends for it, too.
  const json: unknown = JSON.stringify(value);
  if (typeof json !== 'string') throw new TypeError('A value without a JSON form cannot be part of a key.');
  return `j${json.length}:${json}`;
}
