import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { Registry } from 'prom-client';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest';
import {
  type Breakwater,
  type BreakwaterOptions,
  createBreakwater,
  logSink,
  type SloBurningEvent,
  type SloEvent,
  webhookSink,
} from '../../../src/index.ts';
import { RecordingLogger } from '../../incidents/fixtures.ts';
import { failing, repeat } from '../../support.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
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

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver on loopback; `next()` is the next request that it has not given yet. */
async function receiver() {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    response.writeHead(204).end();
    server.emit('received');
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const next = async (): Promise<Received> => {
    const [first] = received.splice(0, 1);
    if (first !== undefined) return first;
    await once(server, 'received');
    return await next();
  };
  return { url: `http://127.0.0.1:${address.port}/hook`, next };
}

function verified({ headers, body }: Received): unknown {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return new Webhook(secret).verify(
    body,
    Object.fromEntries(names.map((name) => [name, `${headers[name]}`])),
  );
}

/** A hub with one policy whose budget `spend()` overspends and `refill()` fills up again. */
function hubWith(incidents: BreakwaterOptions['incidents']) {
  const logger = new RecordingLogger();
  const hub = createBreakwater({ registry: new Registry(), logger, incidents });
  hubs.push(hub);
  const policy = hub.policy('db', {
    strategies: [],
    silenceHazards: ['NO_TIMEOUT'],
    slo: { availability: 0.5, minimumBadEvents: 5 },
  });
  const spend = async () => {
    await repeat(10, () => policy.execute(failing()));
    await vi.advanceTimersByTimeAsync(10_000);
  };
  const refill = async () => {
    await repeat(30, () => policy.execute(() => 1));
    await vi.advanceTimersByTimeAsync(60_000);
  };
  return {
    hub,
    spend,
    refill,
    logged: () => logger.lines.map(({ level, message }) => `${level} ${message}`),
  };
}

test('a freeze and its end reach a webhook and the log, and are counted; a spent budget does as an incident', async () => {
  const { url, next } = await receiver();
  const { hub, spend, refill, logged } = hubWith({ sinks: [logSink(), webhookSink({ url, secret })] });
  await spend();
  const first = [verified(await next()), verified(await next())];
  expect(first).toContainEqual(
    expect.objectContaining({
      type: 'incident.opened',
      data: expect.objectContaining({ incident: expect.objectContaining({ policy: 'db' }) }),
    }),
  );
  expect(first).toContainEqual(
    expect.objectContaining({
      type: 'slo.frozen',
      data: expect.objectContaining({
        policy: 'db',
        summary: expect.stringMatching(
          /^Releases of 'db' should wait: -100 % of its availability budget is left/,
        ),
        slis: ['availability'],
      }),
    }),
  );
  await refill();
  const isThawed = (body: unknown) => JSON.stringify(body).includes('slo.thawed');
  let last = verified(await next());
  while (!isThawed(last)) last = verified(await next());
  expect(last).toMatchObject({ type: 'slo.thawed', data: { policy: 'db' } });
  expect(await hub.incidents.flush()).toBe(true);
  expect(logged().filter((line) => line.includes('SLO'))).toEqual([
    expect.stringMatching(/^warn SLO frozen: Releases of 'db' should wait/),
    expect.stringMatching(/^info SLO thawed: ./),
  ]);
  expect(hub.incidents.list()).toHaveLength(1);
});

test('without incidents nothing is announced', async () => {
  const { spend, refill, logged } = hubWith(false);
  await spend();
  await refill();
  expect(logged()).toEqual([]);
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
