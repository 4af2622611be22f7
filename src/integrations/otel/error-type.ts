import type { Breakwater } from '../../breakwater.ts';
import type { Policy } from '../../core/policy.ts';

/** The value of `error.type` for what has no type of its own, by OpenTelemetry's semantic conventions. */
export const OTHER = '_OTHER';

/** How many types each policy is given; what comes after them is `_OTHER`. */
export const MAX_ERROR_TYPES = 50;

/** What a type looks like, so that no message is ever taken for one. */
const TYPE = /^[\w$.:-]{1,64}$/;

/** The outcomes of what went wrong, whether or not with an error. */
const failures: readonly string[] = ['failure', 'timeout', 'defect'];

/**
 * The type of an error, for `error.type`: its `code`, as `TIMEOUT`, `ECONNREFUSED` or `23505`, else its name.
 * `undefined` where nothing went wrong.
 */
export function errorTypeOf(error: unknown, outcome: string): string | undefined {
  if (error === undefined) return failures.includes(outcome) ? OTHER : undefined;
  try {
    return typeOf(error);
  } catch {
    // A getter of the error's own.
    return OTHER;
  }
}

function typeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return OTHER;
  const named = ['code', 'name'].map((key) => Reflect.get(error, key));
  const type = named.find((value) => typeof value === 'string' && TYPE.test(value));
  return typeof type === 'string' ? type : OTHER;
}

/** Keeps the number of types of each policy within `MAX_ERROR_TYPES`, since each is a series of its own. */
export class BoundedErrorTypes {
  readonly #breakwater: Breakwater;
  readonly #known = new WeakMap<Policy, Set<string>>();

  constructor(breakwater: Breakwater) {
    this.#breakwater = breakwater;
  }

  /** As `errorTypeOf`; `_OTHER` too where the policy has enough others, or is gone. */
  of(policy: string, error: unknown, outcome: string): string | undefined {
    const type = errorTypeOf(error, outcome);
    return type === undefined || type === OTHER || this.#takes(policy, type) ? type : OTHER;
  }

  #takes(name: string, type: string): boolean {
    if (!this.#breakwater.has(name)) return false;
    const policy = this.#breakwater.get(name);
    const known = this.#known.get(policy) ?? new Set();
    this.#known.set(policy, known);
    if (known.has(type)) return true;
    if (known.size >= MAX_ERROR_TYPES) return false;
    known.add(type);
    return true;
  }
}
