import type { Breakwater } from 'breakwater';
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import type { Services } from './services.ts';

/** The handlers on Fastify. */
export async function fastifyApplication(
  breakwater: Breakwater,
  services: Services,
  twins: Services,
): Promise<FastifyInstance> {
  const application = Fastify({ forceCloseConnections: true });
  application.get('/metrics', async (_request, reply) => {
    reply.type(breakwater.registry.contentType);
    return breakwater.registry.metrics();
  });
  await application.register(routes(services));
  await application.register(routes(twins), { prefix: '/unprotected' });
  return application;
}

function routes({ findUser, findQuote }: Services): FastifyPluginAsync {
  return async (instance) => {
    instance.get<{ Params: { id: string } }>('/users/:id', async (request, reply) => {
      const user = await findUser(Number(request.params.id));
      return user ?? reply.code(404).send();
    });
    instance.get<{ Params: { id: string } }>('/quotes/:id', async (request, reply) => {
      const quote = await findQuote(Number(request.params.id));
      return quote ?? reply.code(404).send();
    });
  };
}
