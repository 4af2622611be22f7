import type { Pool } from 'pg';
import { FIND_USER, readQuote, type Services, type User } from './services.ts';

/** The services as they are often written: a plain pool and a plain fetch, with their usual settings. */
export function unprotectedServices(pool: Pool, upstreamUrl: string): Services {
  return {
    async findUser(id) {
      const { rows } = await pool.query<User>(FIND_USER, [id]);
      return rows[0];
    },
    async findQuote(id) {
      return readQuote(await fetch(`${upstreamUrl}/quotes/${id}`));
    },
  };
}
