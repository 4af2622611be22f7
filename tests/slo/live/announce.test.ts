import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest';
import {
  type Breakwater,
  createBreakwater,
  type SloBurningEvent,
  type SloEvent,
  webhookSink,
} from '../../../src/index.ts';
import { failing, repeat } from '../../support.ts';

const hubs: Breakwater[] = [];
const servers: Server[] = [];

// The server's own work goes on in real time.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(async () => {
  vi.useRealTimers();
  for (const hub of hubs.splice(0)) await hub.close({ timeoutMs: 100 });
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A receiver on loopback; `next()` is the body of the next request that it has not given yet. */
async function receiver() {
  const bodies: unknown[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await json(request));
    response.writeHead(204).end();
    server.emit('body');
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const next = async () => {
    if (bodies.length === 0) await once(server, 'body');
    return bodies.shift();
  };
  return { url: `http://127.0.0.1:${address.port}/hook`, next };
}

/** What an application writes to have a freeze announced where its incidents are. */
function announceFreezes(hub: Breakwater): void {
  const frozen = new Map<string, string>();
  hub.on('slo', ({ status, policy, summary }) => {
    if (status === 'frozen') {
      const { id } = hub.incidents.declare({ policy, summary, severity: 'Low', by: 'the error budget' });
      frozen.set(policy, id);
    }
    const id = frozen.get(policy);
    if (status === 'thawed' && id !== undefined) hub.incidents.resolve(id, 'the error budget');
  });
}

test('a freeze and its end reach a webhook', async () => {
  const { url, next } = await receiver();
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const hub = createBreakwater({
    registry: new Registry(),
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    incidents: { sinks: [webhookSink({ url, secret, allowInsecure: true })] },
  });
  hubs.push(hub);
  announceFreezes(hub);
  const policy = hub.policy('db', { strategies: [], slo: { availability: 0.5 } });
  await repeat(10, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await next()).toMatchObject({
    type: 'incident.opened',
    data: {
      severity: 'Low',
      summary: "Releases of 'db' should wait: -100 % of its availability budget is left, less than 10 %.",
    },
  });
  await repeat(30, () => policy.execute(() => 1));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await next()).toMatchObject({ type: 'incident.resolved', data: { incident: { policy: 'db' } } });
});

test('the events are told apart by their status', () => {
  type Of<Status extends SloEvent['status']> = Extract<SloEvent, { status: Status }>;
  expectTypeOf<SloEvent['status']>().toEqualTypeOf<
    'burning' | 'recovered' | 'exhausted' | 'frozen' | 'thawed'
  >();
  expectTypeOf<Of<'burning'>>().toEqualTypeOf<SloBurningEvent>();
  expectTypeOf<Of<'burning'>['severity']>().toEqualTypeOf<'page' | 'ticket'>();
  expectTypeOf<Of<'frozen'>['slis'][number]>().toEqualTypeOf<'availability' | 'latency' | 'correctness'>();
  expectTypeOf<Of<'thawed'>>().not.toHaveProperty('sli');
});
