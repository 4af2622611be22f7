import { RE2JS } from 're2js';
import { QueryError } from './problem.ts';

const MAX_LENGTH = 2000;
/** Of all counts such as {3} together: each repetition is compiled by itself. */
const MAX_REPETITIONS = 1000;

/** Classes of characters that every version of Unicode has; scripts come and go with Go's version. */
const KNOWN_CLASS = /^\^?(?:[CLMNPSZ]|Any|L[lmotu]|M[cen]|N[dlo]|P[cdefios]|S[ckmo]|Z[lps]|C[cfos])$/;

/** The first use of `\p{...}` or `\pX` that may be unknown to an older Go. */
function uncommonClass(pattern: string): string | undefined {
  for (const [use, name = ''] of pattern.matchAll(/\\[^pP]|\\[pP](?:\{([^}]*)\}|(.))?/gsu)) {
    if (/^\\[pP]\{/.test(use) && !KNOWN_CLASS.test(name)) return use;
  }
  return undefined;
}

/**
 * A regular expression as Prometheus reads it: by RE2's rules, for the whole of a label's value. Refuses what only a
 * later RE2 than Prometheus 2.42's knows.
 *
 * @param offset where it stands in the query
 */
export function anchoredRegex(pattern: string, offset: number): RE2JS {
  if (pattern.length > MAX_LENGTH) {
    throw new QueryError(`has a regular expression longer than ${MAX_LENGTH} characters`, offset);
  }
  const repetitions = Array.from(pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g), ([, least, most]) =>
    Number(most || least),
  ).reduce((sum, count) => sum + count, 0);
  if (repetitions > MAX_REPETITIONS) {
    throw new QueryError(`has a regular expression that repeats more than ${MAX_REPETITIONS} times`, offset);
  }
  const uncommon = pattern.includes('(?<') ? '(?<name>...), only (?P<name>...)' : uncommonClass(pattern);
  try {
    RE2JS.compile(pattern);
    if (uncommon === undefined) return RE2JS.compile(`^(?:${pattern})$`);
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unreadable';
    const hint = /\(\?(?:[=!]|<[=!])/.test(pattern) ? '; RE2 has no look-around' : '';
    throw new QueryError(`has a regular expression that cannot be used: ${reason}${hint}`, offset);
  }
  throw new QueryError(`has a regular expression that not every Prometheus reads: ${uncommon}`, offset);
}
