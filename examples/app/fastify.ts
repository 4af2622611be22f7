import type { Breakwater } from 'breakwater';
import { breakwaterPlugin } from 'breakwater/fastify';
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { readId, type Services } from './services.ts';

/** The handlers on Fastify. */
export async function fastifyApplication(
  breakwater: Breakwater,
  services: Services,
  twins: Services,
): Promise<FastifyInstance> {
  const application = Fastify({ forceCloseConnections: true });
  // Answers /metrics, /healthz and /readyz, and turns an open circuit into 503 and a timeout into 504.
  await application.register(breakwaterPlugin, { breakwater });
  await application.register(routes(services));
  await application.register(routes(twins), { prefix: '/unprotected' });
  return application;
}

function routes({ findUser, findQuote }: Services): FastifyPluginAsync {
  return async (instance) => {
    instance.get<{ Params: { id: string } }>('/users/:id', async (request, reply) => {
      const id = readId(request.params.id);
      const user = id === undefined ? undefined : await findUser(id);
      return user ?? reply.code(404).send();
    });
    instance.get<{ Params: { id: string } }>('/quotes/:id', async (request, reply) => {
      const id = readId(request.params.id);
      const quote = id === undefined ? undefined : await findQuote(id);
      return quote ?? reply.code(404).send();
    });
  };
}
