import type { Breakwater } from 'breakwater';
import type { Pool } from 'pg';
import { policyDefaults } from './policies.ts';
import { FIND_USER, readQuote, type Services, type User } from './services.ts';

/** The services, with a policy around each dependency. */
export function protectedServices(breakwater: Breakwater, pool: Pool, upstreamUrl: string): Services {
  const database = breakwater.policy('database', { ...policyDefaults, criticality: 'critical' });
  const quotes = breakwater.policy('quotes', { ...policyDefaults, criticality: 'high' });
  return {
    findUser: database.wrap(
      async (id: number) => {
        const { rows } = await pool.query<User>(FIND_USER, [id]);
        return rows[0];
      },
      { cacheKey: String },
    ),
    findQuote: quotes.wrapWithContext(
      async ({ signal }, id: number) => readQuote(await fetch(`${upstreamUrl}/quotes/${id}`, { signal })),
      { cacheKey: String },
    ),
  };
}
