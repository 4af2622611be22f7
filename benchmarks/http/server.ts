import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { guard as expressGuard } from '../../src/integrations/express/index.ts';
import { guard as fastifyGuard } from '../../src/integrations/fastify/index.ts';
import { fullPolicy, newHub } from '../support/hub.ts';
import { InstantDependency } from '../support/operation.ts';
import { RemoteUsers } from './dependency.ts';
import { type Listening, routes, type ServerUse } from './protocol.ts';

/** The server of the `http` benchmark: a process of its own, so that the load generator does not share its loop. */
const remote = new RemoteUsers(Number(process.argv[2]));
const instant = new InstantDependency();
const hub = newHub();
const expressGuardHandler = expressGuard(hub.policy('express'));
const fastifyGuardHook = fastifyGuard(hub.policy('fastify'));
const database = hub.policy('database', fullPolicy);

const expressApp = express();
const fastifyApp = fastify();
for (const { path, operation, guarded } of routes) {
  const { lookup } = operation === 'remote' ? remote : instant;
  const find = guarded ? database.wrap(lookup, { cacheKey: (key) => key }) : lookup;
  expressApp.get(path, ...(guarded ? [expressGuardHandler] : []), async (_request, response) => {
    response.json(await find('user:7'));
  });
  fastifyApp.get(path, { preHandler: guarded ? [fastifyGuardHook] : [] }, async () => await find('user:7'));
}
// Connections are kept while other routes have their turn, as Fastify keeps them.
const expressServer = createServer({ keepAliveTimeout: 72_000 }, expressApp);
await new Promise<void>((resolve) => expressServer.listen(0, '127.0.0.1', resolve));
await fastifyApp.listen({ port: 0, host: '127.0.0.1' });

const listening: Listening = {
  ports: { express: portOf(expressServer.address()), fastify: portOf(fastifyApp.server.address()) },
};
process.on('message', () => {
  process.send?.(use());
});
process.on('disconnect', () => process.exit());
process.send?.(listening);

function use(): ServerUse {
  const { user, system } = process.cpuUsage();
  const calls = hub.policies.map((policy) => [policy.name, policy.stats().calls.success ?? 0] as const);
  return {
    cpuMicroseconds: user + system,
    lookups: remote.runs + instant.runs,
    calls: Object.fromEntries(calls),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return address.port;
}
