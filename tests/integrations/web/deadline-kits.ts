import express, { type RequestHandler } from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import type { Policy } from '../../../src/index.ts';
import * as ofExpress from '../../../src/integrations/express/index.ts';
import * as ofFastify from '../../../src/integrations/fastify/index.ts';
import { testHub } from '../../support.ts';
import type { Running } from './kit.ts';
import { listen } from './listen.ts';

/** A service under the contract. */
export interface DeadlineService {
  readonly trust: boolean | ((request: object) => boolean);
  readonly maxMs?: number;
  readonly guarded?: Policy;
  readonly handler: () => unknown;
}

/** One route, `POST /`, behind a deadline, a body and perhaps a guard. */
export interface DeadlineKit {
  readonly name: string;
  serve(service: DeadlineService): Promise<Running>;
}

export const deadlineKits: readonly DeadlineKit[] = [
  {
    name: 'Express',
    serve({ trust, maxMs, guarded, handler }) {
      const app = express();
      const answer: RequestHandler = async (_request, response) => {
        response.json(await handler());
      };
      const guards = guarded === undefined ? [] : [ofExpress.guard(guarded)];
      app.use(ofExpress.deadline({ trust, maxMs }), express.json());
      app.post('/', ...guards, answer);
      app.use(ofExpress.breakwaterErrorHandler());
      return listen(app);
    },
  },
  {
    name: 'Fastify',
    async serve({ trust, maxMs, guarded, handler }) {
      const app: FastifyInstance = fastify({ forceCloseConnections: true });
      const deadline = { trust, maxMs };
      const breakwater = testHub();
      await app.register(ofFastify.breakwaterPlugin, { breakwater, deadline, metricsPath: false });
      app.post('/', { config: guarded === undefined ? {} : { breakwater: guarded } }, async () => handler());
      const url = await app.listen({ port: 0, host: '127.0.0.1' });
      return { url, close: () => app.close() };
    },
  },
];
