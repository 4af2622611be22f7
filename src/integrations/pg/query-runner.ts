import type { OperationContext } from '../../core/attempt.ts';
import type { Policy } from '../../core/policy.ts';
import { cacheKeyOf } from './cache-key.ts';
import { classifyPg, judgePgError } from './classify.ts';
import { operations } from './fallback.ts';
import { settleJudgement } from './judgements.ts';
import { callOptionNames } from './options.ts';
import type { QueryRequest } from './request.ts';
import type { Session } from './session.ts';
import { mayCommitInParts, textOf } from './statement-text.ts';

/** How a pool's queries are run. */
export interface QuerySettings {
  /** Whether results can be remembered, so that keys are worth making. */
  readonly remembers: boolean;
  readonly idempotent: boolean;
}

/** The wrap's name; keys of queries with options of their own share its namespace. */
const WRAP = 'query';

/** Runs the statements of `pool.query()`: each on a connection of its own, through the policy. */
export class QueryRunner {
  readonly #policy: Policy;
  readonly #checkOut: (signal: AbortSignal) => Promise<Session>;
  readonly #settings: QuerySettings;
  readonly #runPlain: (request: QueryRequest) => Promise<unknown>;

  constructor(policy: Policy, checkOut: (signal: AbortSignal) => Promise<Session>, settings: QuerySettings) {
    this.#policy = policy;
    this.#checkOut = checkOut;
    this.#settings = settings;
    this.#runPlain = policy.wrapWithContext((context, request) => this.#attempt(request, context), {
      name: WRAP,
      cacheKey: (request: QueryRequest) => this.#defaultKey(request),
      idempotent: settings.idempotent,
      classify: classifyPg,
      metadata: operations.query,
    });
  }

  /** Runs a statement, with the options that its object carries. */
  run(request: QueryRequest): Promise<unknown> {
    const own = ownOptions(request.config);
    if (own === undefined) return this.#runPlain(request);
    const { cacheKey, ...call } = own;
    const options: Record<string, unknown> = {
      idempotent: this.#settings.idempotent,
      metadata: operations.query,
      ...call,
      classify: classifyPg,
      cacheKey: this.#ownKey(request, cacheKey),
    };
    return this.#policy.execute((context) => this.#attempt(request, context), options);
  }

  async #attempt(request: QueryRequest, { signal }: OperationContext): Promise<unknown> {
    const session = await this.#checkOut(signal);
    try {
      return await session.run(request, signal);
    } catch (error) {
      if (mayCommitInParts(textOf(request.config))) {
        settleJudgement(error, { verdict: 'transient', ...judgePgError(error), safeToRepeat: false });
      }
      throw error;
    } finally {
      session.end();
    }
  }

  #defaultKey(request: QueryRequest): string | undefined {
    if (!this.#settings.remembers) return undefined;
    const key = cacheKeyOf(request);
    return key === undefined ? undefined : `${this.#policy.name}\u0000${key}`;
  }

  #ownKey(request: QueryRequest, given: unknown): unknown {
    if (given === false) return undefined;
    // What is no string is for the policy to complain of.
    if (given !== undefined && typeof given !== 'string') return given;
    const key = given === undefined ? this.#defaultKey(request) : `${this.#policy.name}\u0000\u0000${given}`;
    return key === undefined ? undefined : `${WRAP}:${key}`;
  }
}

/** What `QueryCallOptions` a statement's object carries; `undefined` for none. */
function ownOptions(
  config: unknown,
): (Record<string, unknown> & { readonly cacheKey?: unknown }) | undefined {
  if (typeof config !== 'object' || config === null) return undefined;
  const own: Record<string, unknown> = {};
  let any = false;
  for (const name of [...callOptionNames, 'cacheKey']) {
    const value: unknown = Reflect.get(config, name);
    if (value === undefined) continue;
    own[name] = value;
    any = true;
  }
  return any ? own : undefined;
}
