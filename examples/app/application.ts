import type { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { type Breakwater, createBreakwater, type IncidentOptions } from 'breakwater';
import { Pool } from 'pg';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { expressApplication } from './express.ts';
import { fastifyApplication } from './fastify.ts';
import { protectedDatabase, protectedFetch, protectedServices } from './protected.ts';
import { unprotectedServices } from './unprotected.ts';

/** What the application is given by its environment. */
export interface ApplicationOptions {
  readonly databaseUrl: string;
  readonly upstreamUrl: string;
  readonly logger: Logger;
  /** Where and how incidents are told of and kept. Default: in the log, with the library's own defaults. */
  readonly incidents?: IncidentOptions | undefined;
}

/** A running application. */
export interface Application {
  readonly breakwater: Breakwater;
  readonly expressUrl: string;
  readonly fastifyUrl: string;
  stop(): Promise<void>;
}

/**
 * Starts the application: one hub, and the same handlers on an Express and on a Fastify server, each on a free port.
 * Below `/unprotected` are their twins that call the database and the upstream without policies.
 */
export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { databaseUrl, upstreamUrl, logger, incidents } = options;
  const breakwater = createBreakwater({
    registry: new Registry(),
    logger,
    incidents: { ...incidents, service: 'shop' },
  });
  const database = protectedDatabase(breakwater, new Pool({ connectionString: databaseUrl }));
  const plainPool = new Pool({ connectionString: databaseUrl });
  for (const pool of [database, plainPool]) watchIdleConnections(pool, logger);
  const services = protectedServices(database, protectedFetch(breakwater), upstreamUrl);
  const twins = unprotectedServices(plainPool, upstreamUrl);

  const server = await listening(
    expressApplication(breakwater, services, twins, logger).listen(0, '127.0.0.1'),
  );
  const fastify = await fastifyApplication(breakwater, services, twins);
  const fastifyUrl = await fastify.listen({ port: 0, host: '127.0.0.1' });
  return {
    breakwater,
    expressUrl: urlOf(server),
    fastifyUrl,
    async stop() {
      await Promise.all([closed(server), fastify.close()]);
      await breakwater.close({ timeoutMs: 2_000 });
      await Promise.all([database.end(), plainPool.end()]);
    },
  };
}

/** Logs idle connections that break. Without a listener, one that breaks in a plain pool would end the process. */
function watchIdleConnections(pool: Pick<EventEmitter, 'on'>, logger: Logger): void {
  pool.on('error', (error: Error) => {
    logger.warn({ error: error.name }, 'An idle database connection broke.');
  });
}

function listening(server: Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).once('listening', () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `http://127.0.0.1:${address.port}`;
}
