import type { Pool, PoolClient } from 'pg';
import { z } from 'zod';
import type { CallOptions } from '../../core/call-options.ts';
import { InvalidOptionsError } from '../../core/errors.ts';
import {
  callback,
  durationMs,
  flag,
  oneOf,
  options,
  parseOptions,
  policyName,
  shown,
} from '../../core/options.ts';
import { type PolicyOptions, policySchema } from '../../policy-options.ts';

/**
 * Options of `resilientPool()`: a policy's own, and how the pool is used.
 *
 * `fallback` answers for `pool.query()` only. One in a list of `strategies` is asked whatever failed: it reads
 * `metadata.operation` (`PgOperation`), and throws the failure on unless that is `query`. What it answers for
 * `connect()` or `transaction()` makes them reject with a `TypeError`, since it is no connection and committed nothing.
 */
export interface ResilientPoolOptions extends Omit<PolicyOptions, 'failover'> {
  /** Name of the policy: 1 to 128 characters without control characters; it is also the metrics' label. */
  readonly name: string;
  /**
   * Whether statements may be repeated also where the server may have carried them out: only for a pool that reads,
   * or whose every write may safely be done twice. Holds for `query`, never for clients and transactions. Default
   * false: repeated is what surely had no effect.
   */
  readonly idempotent?: boolean | undefined;
  /**
   * How long making a connection, or waiting for one of the pool's, may take, in milliseconds. It becomes the
   * pool's `connectionTimeoutMillis` where that is not set: without it, a connection that is never answered would
   * keep its place in the pool for ever. Default 10 000.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long cancelling a statement on the server may take, in milliseconds, its wait for a turn included; so long
   * at most does a connection whose statement was given up keep its place in the pool. Default 1 000.
   */
  readonly cancelTimeoutMs?: number | undefined;
}

/** Options of one `query`, given beside `text` and `values` in its object. */
export interface QueryCallOptions {
  /** Whether this statement may be repeated also where the server may have carried it out. Default: the pool's. */
  readonly idempotent?: boolean | undefined;
  /**
   * Under what its result is remembered for the cache fallback; `false` for not at all. Default: its text and
   * values, where it looks as if it only reads; see `cacheKeyOf`.
   */
  readonly cacheKey?: string | false | undefined;
  /** Whether a result is correct, for the correctness SLI; one that is not is not remembered either. */
  readonly check?: CallOptions['check'];
  /** The caller's own signal. When it aborts, the call rejects at once and the statement is cancelled. */
  readonly signal?: AbortSignal | undefined;
  /** The caller's own deadline in milliseconds; it can shorten the policy's total timeout, never lengthen it. */
  readonly timeoutMs?: number | undefined;
  /** Anything; handed to listeners and to the fallback. */
  readonly metadata?: unknown;
}

/** The names of `QueryCallOptions`, less what needs a look of its own. */
export const callOptionNames = ['idempotent', 'check', 'signal', 'timeoutMs', 'metadata'] as const;

/** Checks all options at once, the policy's own included. */
export const resilientPoolSchema = policySchema
  .safeExtend({
    name: policyName,
    idempotent: flag.default(false),
    connectTimeoutMs: durationMs.default(10_000),
    cancelTimeoutMs: durationMs.default(1_000),
  })
  .superRefine((given, context) => {
    const { strategies = [] } = given;
    const inOrder = strategies.findIndex(({ kind }) => kind === 'failover');
    const path = Reflect.get(given, 'failover') ? ['failover'] : ['strategies', inOrder];
    if (path.length === 2 && inOrder === -1) return;
    const message =
      'a pool has one server: give a policy the pools as targets, and use it by policy.execute(({ target }) => target.query(...))';
    context.addIssue({ code: 'custom', path, message });
  });

const poolMethods = ['connect', 'query', 'end', 'on'] as const;

/** The arguments of `resilientPool()`; what the options hold is checked by `resilientPoolSchema`. */
export const argumentsSchema = options({
  breakwater: z.custom<object>((value) => hasMethods(value, ['policy', 'has', 'remove']), {
    error: (issue) => `must be a hub made by createBreakwater(), not ${kindOf(issue.input)}`,
  }),
  pool: z.custom<Pool>((value) => hasMethods(value, poolMethods) && isObject(Reflect.get(value, 'options')), {
    error: (issue) => `must be a pool of pg, such as new pg.Pool(), not ${notPool(issue.input)}`,
  }),
  options: z.custom<object>(isObject, {
    error: (issue) => `must be an options object, not ${kindOf(issue.input)}`,
  }),
});

/** How strictly a transaction is kept apart from others; PostgreSQL treats `read uncommitted` as `read committed`. */
export const isolationLevels = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
] as const;
/** How strictly a transaction is kept apart from others. */
export type IsolationLevel = (typeof isolationLevels)[number];

/** Options of `pool.transaction()`. */
export interface TransactionOptions {
  /** Default: the database's own, `read committed` unless it was changed. */
  readonly isolationLevel?: IsolationLevel | undefined;
  /** Whether the server turns writes away. Default: the database's own, false unless it was changed. */
  readonly readOnly?: boolean | undefined;
  /** The caller's own signal. When it aborts, the call rejects at once and the transaction is given up. */
  readonly signal?: AbortSignal | undefined;
  /** The caller's own deadline in milliseconds; it can shorten the policy's total timeout, never lengthen it. */
  readonly timeoutMs?: number | undefined;
}

const transactionSchema = options({
  work: callback(),
  isolationLevel: oneOf(isolationLevels).optional(),
  readOnly: flag.optional(),
  signal: z.unknown().optional(),
  timeoutMs: durationMs.optional(),
});

/**
 * Checks the arguments of `pool.transaction()`; the call's own options are checked with the call.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong
 */
export function checkTransaction(policy: string, work: unknown, given: TransactionOptions): void {
  const subject = 'The arguments of pool.transaction()';
  if (typeof given !== 'object' || given === null) {
    throw new InvalidOptionsError(policy, `${subject} cannot be used`, [
      { path: 'options', message: `must be an options object, not ${shown(given)}` },
    ]);
  }
  parseOptions(transactionSchema, { ...given, work }, policy, subject);
}

/** A client inside `pool.transaction()`: it belongs to the transaction, which alone gives it back. */
export type TransactionClient = Omit<PoolClient, 'release' | 'end' | 'connect'>;

function hasMethods(value: unknown, methods: readonly string[]): value is object {
  return isObject(value) && methods.every((method) => typeof Reflect.get(value, method) === 'function');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What a value is, without its text: a connection string holds a password. */
function kindOf(value: unknown): string {
  return typeof value === 'string' ? 'a string' : shown(value);
}

function notPool(value: unknown): string {
  return hasMethods(value, poolMethods) ? "one without an 'options' object" : kindOf(value);
}
