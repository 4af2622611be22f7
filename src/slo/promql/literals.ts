import { QueryError } from './problem.ts';

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** Whether a string literal has its closing quote; the grammar for editors takes one without. */
export function isClosed(literal: string): boolean {
  return literal.length >= 2 && literal.endsWith(literal.charAt(0));
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/suy;

/**
 * The text that a string literal stands for, by Go's rules for escapes. Escapes for single bytes above 127, which
 * need not be text, are refused.
 *
 * @param offset where the literal begins, for errors
 */
export function unquote(literal: string, offset: number): string {
  const quote = literal.charAt(0);
  if (!isClosed(literal)) throw new QueryError(`has a string without its closing ${quote}`, offset);
  const inner = literal.slice(1, -1);
  if (/[\ufffd\p{Surrogate}]/u.test(inner)) {
    throw new QueryError('has a string that is no valid Unicode', offset);
  }
  if (quote === '`') return inner;
  let text = '';
  for (let at = 0; at < inner.length; ) {
    if (inner.charAt(at) !== '\\') {
      text += inner.charAt(at++);
      continue;
    }
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(inner);
    if (match === null) throw new QueryError(`has a string without its closing ${quote}`, offset);
    text += character(match, quote, offset + 1 + at);
    at = ESCAPE.lastIndex;
  }
  return text;
}

function character(
  [written, byte, short, long, octal, letter = '']: RegExpExecArray,
  quote: string,
  offset: number,
): string {
  if (letter !== '') {
    const simple =
      letter === quote ? quote : Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined;
    if (simple !== undefined) return simple;
    const hint = letter === '.' || letter === 'd' || letter === 'w' ? '; a backslash itself is \\\\' : '';
    throw new QueryError(`has the escape '${written}' that strings of PromQL do not know${hint}`, offset);
  }
  const code =
    octal === undefined ? Number.parseInt(byte ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
  if ((byte !== undefined || octal !== undefined) && code > 127) {
    throw new QueryError(`has the escape '${written}' for a byte; write the character itself`, offset);
  }
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    throw new QueryError(`has the escape '${written}' that is no character`, offset);
  }
  return String.fromCodePoint(code);
}

const DECIMAL = /^(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const HEXADECIMAL = /^0[xX][0-9a-fA-F]+$/;
const MAX_INT64 = 2n ** 63n - 1n;

/** The value of a number literal without sign. */
export function parseNumber(literal: string, offset: number): number {
  const word = literal.toLowerCase();
  if (word === 'inf') return Number.POSITIVE_INFINITY;
  if (word === 'nan') return Number.NaN;
  if (HEXADECIMAL.test(literal) && BigInt(literal) <= MAX_INT64) return Number(literal);
  const value = DECIMAL.test(literal) ? Number(literal) : Number.NaN;
  if (Number.isFinite(value)) return value;
  const isDuration = /^[0-9]+[a-z]/.test(literal) && !HEXADECIMAL.test(literal);
  throw new QueryError(
    isDuration
      ? `has the duration ${literal} where Prometheus 2.42 takes only a number; write it in seconds`
      : `has the number ${literal}, which Prometheus 2.42 does not read`,
    offset,
  );
}

const DURATION =
  /^(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;
const unitsMs = [31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1];
/** What Go's time.Duration holds, about 292 years. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

/** Refuses what is no duration of PromQL. */
export function checkDuration(literal: string, offset: number): void {
  const parts = DURATION.exec(literal)?.slice(1);
  if (parts === undefined) {
    const message = /^[0-9.]+$/.test(literal)
      ? `has ${literal} where a duration with a unit goes, such as ${literal}s`
      : `has '${literal}' where a duration goes, such as 5m or 1h30m, with the larger units first`;
    throw new QueryError(message, offset);
  }
  const ms = parts.reduce((sum, part, unit) => sum + Number(part ?? 0) * (unitsMs[unit] ?? 0), 0);
  if (ms === 0) throw new QueryError('has a duration of 0', offset);
  if (ms >= MAX_DURATION_MS || parts.some((part) => part !== undefined && part.length > 18)) {
    throw new QueryError(`has the duration ${literal}, which is too long`, offset);
  }
}
