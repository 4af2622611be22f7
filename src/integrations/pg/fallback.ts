import type { FallbackAnswer, FallbackOptions } from '../../strategies/fallback/index.ts';

/** What a call of the pool's policy does; its `metadata` in events, unless a query brings its own. */
export interface PgOperation {
  readonly operation: 'query' | 'connect' | 'client-query' | 'transaction';
}

/** Metadata of calls by what they do. */
export const operations = {
  query: { operation: 'query' },
  connect: { operation: 'connect' },
  clientQuery: { operation: 'client-query' },
  transaction: { operation: 'transaction' },
} as const satisfies Readonly<Record<string, PgOperation>>;

const answerable = (metadata: unknown): boolean =>
  metadata !== operations.connect &&
  metadata !== operations.clientQuery &&
  metadata !== operations.transaction;

/** The user's fallback, for `pool.query()` only: what answers for a query is no connection and no transaction. */
export function queryFallback(given: FallbackAnswer | FallbackOptions): FallbackOptions {
  const { answer, ...others } = typeof given === 'function' ? { answer: given } : given;
  return {
    ...others,
    answer(failure, context) {
      if (answerable(context.metadata)) return answer(failure, context);
      throw failure;
    },
  };
}
