import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { guard as expressGuard } from '../../src/integrations/express/index.ts';
import { guard as fastifyGuard } from '../../src/integrations/fastify/index.ts';
import { fullPolicy, newHub } from '../support/hub.ts';
import { InstantDependency } from '../support/operation.ts';
import type { Listening, ServerUse } from './protocol.ts';

/** The server of the `http` benchmark: a process of its own, so that the load generator does not share its loop. */
const dependency = new InstantDependency();
const hub = newHub();
const expressRoute = hub.policy('express');
const fastifyRoute = hub.policy('fastify');
const find = hub.policy('database', fullPolicy).wrap(dependency.lookup, { cacheKey: (key) => key });

const expressApp = express();
expressApp.get('/bare', async (_request, response) => {
  response.json(await dependency.lookup('user:7'));
});
expressApp.get('/guarded', expressGuard(expressRoute), async (_request, response) => {
  response.json(await find('user:7'));
});
const expressServer = createServer(expressApp);
await new Promise<void>((resolve) => expressServer.listen(0, '127.0.0.1', resolve));

const fastifyApp = fastify();
fastifyApp.get('/bare', async () => await dependency.lookup('user:7'));
fastifyApp.get('/guarded', { preHandler: fastifyGuard(fastifyRoute) }, async () => await find('user:7'));
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
  return { cpuMicroseconds: user + system, lookups: dependency.runs, calls: Object.fromEntries(calls) };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return address.port;
}
