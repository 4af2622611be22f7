import leven from 'leven';
import { z } from 'zod';
import { InvalidOptionsError, isBreakwaterError, type OptionsProblem } from './errors.ts';
import { foreignNames, homes, ofCalls } from './foreign-names.ts';

/**
 * Checks `input` against `schema` and gives a copy with the defaults filled in, or throws one
 * `InvalidOptionsError` with everything that is wrong.
 *
 * @param subject what is being checked, for the message, as in `Options of policy 'database'`
 */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  policy: string,
  subject: string,
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new InvalidOptionsError(policy, `${subject} cannot be used`, problemsOf(result.error, schema));
}

/** What `check` finds wrong with options. */
export function problemsIn(check: () => unknown): readonly OptionsProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) return error.problems;
    throw error;
  }
}

/** A problem whose path is in parts, for who knows where in a text each part stands. */
export interface LocatedProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Whether the key itself is wrong, not its value. */
  readonly ofKey: boolean;
  /** Of a text, the character from which on it is wrong. */
  readonly offset?: number | undefined;
}

/** A zod error as a flat list of problems, each with its path. */
export function problemsOf(error: z.ZodError, schema: z.ZodType): OptionsProblem[] {
  return locatedProblemsOf(error, schema).map(({ path, message }) => ({ path: pathText(path), message }));
}

/**
 * As `problemsOf`, with paths in parts. A custom issue says with `params: { ofKey: true }` that its path ends in a key
 * that is wrong, and with `params: { offset }` where in a text something is.
 */
export function locatedProblemsOf(error: z.ZodError, schema: z.ZodType): LocatedProblem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, schema));
}

function problemsOfIssue(issue: z.core.$ZodIssue, schema: z.ZodType): LocatedProblem[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known), ofKey: true }));
  }
  const nested = innerIssues(issue);
  if (nested !== undefined) return nested.flatMap((inner) => problemsOfIssue(inner, schema));
  const { ofKey, offset } = issue.code === 'custom' ? (issue.params ?? {}) : {};
  return [{ path, message, ofKey: ofKey === true, offset: typeof offset === 'number' ? offset : undefined }];
}

/** Of a union's branches, the one that got furthest into the value; none when all failed at its top. */
function nearestBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  return branches
    .map((issues) => issues.flatMap((issue) => innerIssues(issue) ?? [issue]))
    .filter((issues) => issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'))
    .sort((a, b) => a.length - b.length)[0];
}

function innerIssues(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] | undefined {
  if (issue.code !== 'invalid_union') return undefined;
  return nearestBranch(issue.errors)?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function unknownKey(key: string, known: readonly string[]): string {
  const home = homes.get(key)?.find((name) => known.includes(name));
  if (home !== undefined) return `is not an option here; it belongs in '${home}'`;
  if (ofCalls.has(key) && known.includes('criticality'))
    return 'is not an option of a policy; give it with a call, or to wrap()';
  const suggestion = suggest(key, known);
  const hint =
    suggestion === undefined ? `the known ones are ${known.join(', ')}` : `did you mean '${suggestion}'?`;
  return `is not an option; ${hint}`;
}

/** The name among `known` that `name` was probably meant to be. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  const synonym = foreignNames.get(name)?.find((other) => known.includes(other));
  if (synonym !== undefined) return synonym;
  const lower = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1;
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    const distance = other.startsWith(lower) || lower.startsWith(other) ? 1 : leven(lower, other);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The keys that the object schema at `path` knows. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const found = new Set<string>();
  collectKeys(schema, path, found);
  return [...found];
}

function collectKeys(schema: unknown, path: readonly PropertyKey[], found: Set<string>): void {
  if (schema instanceof z.ZodObject) {
    const [head, ...rest] = path;
    if (head === undefined) for (const key of Object.keys(schema.shape)) found.add(key);
    else collectKeys(schema.shape[String(head)], rest, found);
  } else if (schema instanceof z.ZodUnion) {
    for (const option of schema.options) collectKeys(option, path, found);
  } else if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    collectKeys(schema.unwrap(), path, found);
  } else if (schema instanceof z.ZodPipe) {
    collectKeys(schema.in, path, found);
  } else if (schema instanceof z.ZodArray) {
    collectKeys(schema.element, path.slice(1), found);
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

/** A value in a message: short, and never the contents of an object. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}...` : value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** A finite number for which `holds`; `expectation` says in words what that is. */
export function numberThat(holds: (value: number) => boolean, expectation: string) {
  return z.custom<number>((value) => typeof value === 'number' && Number.isFinite(value) && holds(value), {
    error: (issue) => `must be ${expectation}, not ${shown(issue.input)}`,
  });
}

/** A duration in milliseconds, more than 0. */
export const durationMs = numberThat(
  (ms) => ms > 0,
  'a finite number of milliseconds above 0, such as 5_000',
);

/** A duration in milliseconds, 0 or more. */
export const durationMsOrZero = numberThat((ms) => ms >= 0, 'a finite number of milliseconds, 0 or more');

/** A whole number from 1. */
export const count = numberThat((n) => Number.isSafeInteger(n) && n >= 1, 'a whole number, 1 or more');

/** A whole number from 0. */
export const countOrZero = numberThat((n) => Number.isSafeInteger(n) && n >= 0, 'a whole number, 0 or more');

/** A share above 0, up to 1. */
export const ratio = numberThat((n) => n > 0 && n <= 1, 'a ratio above 0 and at most 1, such as 0.5');

/** An objective: above 0 and below 1. */
export const objective = numberThat((n) => n > 0 && n < 1, 'an objective above 0 and below 1, such as 0.999');

/** A factor, 1 or more. */
export const factor = numberThat((n) => n >= 1, 'a finite factor, 1 or more');

/** A function. */
export function callback<F extends (...args: never[]) => unknown>() {
  return z.custom<F>((value) => typeof value === 'function', {
    error: (issue) => `must be a function, not ${shown(issue.input)}`,
  });
}

/** One of a closed set of words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return z.custom<Words[number]>((value) => typeof value === 'string' && words.includes(value), {
    error: (issue) => `must be ${words.map((word) => `'${word}'`).join(' or ')}, not ${shown(issue.input)}`,
  });
}

/** A string that is not empty. */
export const text = z.custom<string>((value) => typeof value === 'string' && value !== '', {
  error: (issue) => `must be a string that is not empty, not ${shown(issue.input)}`,
});

/** A string of 1 to `maxLength` characters, not all of them blanks. */
export function textUpTo(maxLength: number) {
  return z.custom<string>(
    (value) => typeof value === 'string' && value.trim() !== '' && value.length <= maxLength,
    { error: (issue) => `must be a string of 1 to ${maxLength} characters, not ${shown(issue.input)}` },
  );
}

/** `true` or `false`. */
export const flag = z.custom<boolean>((value) => typeof value === 'boolean', {
  error: (issue) => `must be true or false, not ${shown(issue.input)}`,
});

/** An object with known keys only. Anything else gets a message that says what is expected. */
export function options<Shape extends z.core.$ZodLooseShape>(shape: Shape, what = 'an options object') {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'invalid_type' ? `must be ${what}, not ${shown(issue.input)}` : undefined,
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;

/** A policy's name, which is also a label value. */
export const policyName = z.custom<string>(
  (value) =>
    typeof value === 'string' && value.length >= 1 && value.length <= 128 && !CONTROL_CHARACTER.test(value),
  {
    error: (issue) =>
      `must be a string of 1 to 128 characters without control characters, not ${
        typeof issue.input === 'string' ? `one of ${issue.input.length} characters` : shown(issue.input)
      }`,
  },
);
