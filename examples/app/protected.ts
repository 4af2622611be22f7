import type { Breakwater } from 'breakwater';
import { resilientFetch } from 'breakwater/fetch';
import { type ResilientPool, resilientPool } from 'breakwater/pg';
import type { Pool } from 'pg';
import { policyDefaults, quotesRunbook } from './policies.ts';
import { FIND_USER, readQuote, type Services, type User } from './services.ts';

/** The database behind the policy `database`. */
export function protectedDatabase(breakwater: Breakwater, pool: Pool): ResilientPool {
  return resilientPool(breakwater, pool, {
    ...policyDefaults,
    name: 'database',
    criticality: 'critical',
    // Each connection is one of a few, so a machine that is busy for a moment delays several statements at once.
    attemptTimeoutMs: 1_000,
    circuitBreaker: { ...policyDefaults.circuitBreaker, consecutiveFailures: 10 },
    // This application only reads.
    idempotent: true,
  });
}

/** A fetch whose requests go through the policy `quotes`. */
export function protectedFetch(breakwater: Breakwater): typeof globalThis.fetch {
  return resilientFetch(breakwater, {
    ...policyDefaults,
    criticality: 'high',
    usedBy: ['front page', 'checkout'],
    runbook: quotesRunbook,
    policyFor: () => 'quotes',
    policies: ['quotes'],
  });
}

/** The services with their policies: the same code as without, with another pool and another fetch. */
export function protectedServices(
  database: ResilientPool,
  fetch: typeof globalThis.fetch,
  upstreamUrl: string,
): Services {
  return {
    async findUser(id) {
      const { rows } = await database.query<User>(FIND_USER, [id]);
      return rows[0];
    },
    async findQuote(id) {
      return readQuote(await fetch(`${upstreamUrl}/quotes/${id}`));
    },
  };
}
