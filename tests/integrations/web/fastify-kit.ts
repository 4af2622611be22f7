import Fastify from 'fastify';
import { breakwaterPlugin, guard, guardContext } from '../../../src/integrations/fastify/index.ts';
import type { WebKit } from './kit.ts';

export const fastifyKit: WebKit = {
  name: 'Fastify 5',
  guard,
  async serve({ breakwater, routes = [], handleErrors = true, onError }) {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(breakwaterPlugin, { breakwater, handleErrors });
    if (onError !== undefined) {
      app.setErrorHandler((error, _request, reply) => reply.code(onError(error)).send({ own: true }));
    }
    for (const { path, policies, handler } of routes) {
      const preHandler = policies.map((policy) => guard(policy));
      app.get(path, { preHandler }, (request, reply) => {
        const result = handler({
          request: request.raw,
          response: reply.raw,
          context: guardContext(request),
          setHeader: (name, value) => {
            reply.header(name, value);
          },
          json: (status, document) => {
            reply.code(status).send(document);
          },
        });
        // An async handler says with its reply that it has answered, or will.
        if (result instanceof Promise) return result.then(() => reply);
        return undefined;
      });
    }
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url, close: () => app.close() };
  },
};
