import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { SinkError } from '../../../src/incidents/sink.ts';
import type { WebhookSinkOptions } from '../../../src/incidents/sinks/webhook/options.ts';
import { webhookSink } from '../../../src/incidents/sinks/webhook/sink.ts';
import { Harness, sloEvent } from '../fixtures.ts';
import { announcementFor, contextFor, httpSinkContract, notificationFor, sinkContract } from './contract.ts';
import { webhookBody } from './schemas.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const servers: Server[] = [];
const harnesses: Harness[] = [];

afterEach(async () => {
  for (const { manager } of harnesses.splice(0)) await manager.close({ timeoutMs: 0 });
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A receiver on loopback, with everything that it was sent. */
async function receiver(
  answer: (response: ServerResponse, nth: number) => void = (response) => response.writeHead(204).end(),
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') });
      answer(response, received.length);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { received, port: address.port, url: `http://127.0.0.1:${address.port}/hook` };
}

function verify({ body, headers }: Received, key = secret): unknown {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return new Webhook(key).verify(
    body,
    Object.fromEntries(names.map((name) => [name, String(headers[name])])),
  );
}

async function make() {
  let answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end();
  const { received, port } = await receiver((response) => answer(response));
  return {
    sink: webhookSink({ url: `http://app:pa55word@127.0.0.1:${port}/hook?key=k1k1k1`, secret }),
    sent: () => received.map(({ headers, body }) => `${headers['webhook-id']} ${body}`).join('\n'),
    count: () => received.length,
    problems: () => received.flatMap(({ body }) => problemsOf(body)),
    server: {
      answerWith: (status: number, headers: Record<string, string> = {}, body = '') => {
        answer = (response) => response.writeHead(status, headers).end(body);
      },
      hang: () => {
        answer = () => {};
      },
      secrets: [secret, 'pa55word', 'k1k1k1'],
    },
  };
}

/** Where a body breaks what Standard Webhooks recommends. */
function problemsOf(body: string): readonly string[] {
  const bytes = Buffer.byteLength(body);
  const { error } = webhookBody.safeParse(JSON.parse(body));
  return [
    ...(bytes > 20_000 ? [`${bytes} bytes`] : []),
    ...(error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`),
  ];
}

sinkContract('webhookSink', make);
httpSinkContract('webhookSink', make);

describe('webhookSink', () => {
  it('posts JSON that verifies as a standard webhook', async () => {
    const { received, url } = await receiver();
    const notification = notificationFor('opened');
    const receipt = await webhookSink({ url, secret, headers: { 'X-Team': 'payments' } }).send(
      notification,
      contextFor(),
    );
    expect(receipt).toEqual({ detail: 'HTTP 204' });
    const [message] = received;
    if (message === undefined) throw new Error('nothing came');
    expect(message).toMatchObject({ method: 'POST', url: '/hook' });
    expect(message.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': notification.id,
      'x-team': 'payments',
    });
    expect(verify(message)).toEqual({
      type: 'incident.opened',
      timestamp: '2026-02-04T12:00:00.000Z',
      data: {
        dedupKey: notification.dedupKey,
        severity: 'High',
        summary: notification.summary,
        shortened: false,
        incident: notification.incident,
      },
    });
    expect(() => verify({ ...message, body: `${message.body} ` })).toThrow();
  });

  it.each([
    ['frozen', { slis: ['availability', 'latency'] }],
    ['thawed', { reason: 'no-objection' }],
  ] as const)('posts what is %s as an event of its own, signed', async (status, facts) => {
    const { received, url } = await receiver();
    const announcement = announcementFor(status);
    await webhookSink({ url, secret }).announce?.(announcement, contextFor());
    const [message] = received;
    if (message === undefined) throw new Error('nothing came');
    expect(message.headers['webhook-id']).toBe(announcement.id);
    expect(verify(message)).toEqual({
      type: `slo.${status}`,
      timestamp: '2026-02-04T12:00:00.000Z',
      data: {
        policy: 'database',
        service: 'shop',
        instance: 'pod-1',
        summary: announcement.event.summary,
        ...facts,
      },
    });
  });

  it('signs with each secret, so that either verifies while one replaces the other', async () => {
    const { received, url } = await receiver();
    const old = `whsec_${randomBytes(24).toString('base64')}`;
    await webhookSink({ url, secret: [secret, old] }).send(notificationFor('opened'), contextFor());
    const [message] = received;
    if (message === undefined) throw new Error('nothing came');
    expect(verify(message, secret)).toEqual(verify(message, old));
    expect(() => verify(message, `whsec_${randomBytes(24).toString('base64')}`)).toThrow();
    expect(String(message.headers['webhook-signature'])).toMatch(/^v1,\S+ v1,\S+$/);
  });

  it('keeps the body small however long the timeline is, and names what it leaves out', async () => {
    const { received, url } = await receiver();
    await webhookSink({ url, secret }).send(notificationFor('updated', 200), contextFor());
    const body = received[0]?.body ?? '';
    expect(body.length).toBeLessThan(20_000);
    const { timeline } = JSON.parse(body).data.incident;
    expect(timeline[0].text).toMatch(/^Entry 0 /);
    expect(timeline[1].text).toBe('189 entries left out here');
    expect(timeline[2].text).toMatch(/^Entry 190 /);
    expect(timeline).toHaveLength(12);
  });

  it('sends the credentials of its URL as a header, and only there', async () => {
    const { received, port } = await receiver();
    const url = `http://app:p%40ss@127.0.0.1:${port}/hook?key=k1#fragment`;
    await webhookSink({ url, secret }).send(notificationFor('opened'), contextFor());
    expect(received[0]?.url).toBe('/hook?key=k1');
    expect(received[0]?.headers.authorization).toBe(`Basic ${Buffer.from('app:p@ss').toString('base64')}`);
  });

  it.each([
    [200, undefined],
    [299, undefined],
    [301, 'permanent'],
    [307, 'permanent'],
    [400, 'permanent'],
    [401, 'permanent'],
    [404, 'permanent'],
    [408, 'transient'],
    [410, 'gone'],
    [425, 'transient'],
    [429, 'transient'],
    [500, 'transient'],
    [502, 'transient'],
    [503, 'transient'],
  ] as const)('takes HTTP %i as %s', async (status, failure) => {
    const { received, url } = await receiver((response) =>
      response.writeHead(status, { location: '/elsewhere' }).end('x'),
    );
    const sending = Promise.resolve(
      webhookSink({ url, secret }).send(notificationFor('opened'), contextFor()),
    );
    if (failure === undefined) await expect(sending).resolves.toEqual({ detail: `HTTP ${status}` });
    else
      await expect(sending).rejects.toMatchObject({ name: 'SinkError', failure, message: `HTTP ${status}` });
    expect(received).toHaveLength(1);
  });

  it.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['-5', undefined],
    ['soon', undefined],
    ['1.5', undefined],
    ['2015', 2_015_000],
  ])('reads Retry-After: %s as %s', async (header, retryAfterMs) => {
    const { url } = await receiver((response) => response.writeHead(503, { 'retry-after': header }).end());
    const sending = Promise.resolve(
      webhookSink({ url, secret }).send(notificationFor('opened'), contextFor()),
    );
    await expect(sending).rejects.toMatchObject({ failure: 'transient', retryAfterMs });
  });

  it('tells nothing of its URL when the request fails', async () => {
    const { port } = await receiver();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    const url = `http://user:pw@127.0.0.1:${port}/hook?key=k1`;
    const sending = Promise.resolve(
      webhookSink({ url, secret }).send(notificationFor('opened'), contextFor()),
    );
    const error = await sending.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SinkError);
    expect(error).toMatchObject({ failure: 'transient', message: 'the request failed (ECONNREFUSED)' });
  });

  it('refuses options that are wrong, all at once, and repeats no secret', () => {
    const wrong: unknown = {
      url: 'http://user:hunter2@alerts.example.com/',
      secret: ['whsec_c2hvcnQ=', 'hunter2'],
      headers: { 'webhook-id': 'x', good: 'y', 'bad name': 'hunter2', broken: 'hunter2\r\nx: y' },
      allowInsecure: 'no',
      fetsh: 1,
    };
    const error = thrownBy(wrong);
    expect(error.problems.map(({ path }) => path).sort()).toEqual([
      'allowInsecure',
      'fetsh',
      'headers.bad name',
      'headers.broken',
      'headers.webhook-id',
      'secret[0]',
      'secret[1]',
      'url',
    ]);
    expect(error.message).toContain("did you mean 'fetch'?");
    expect(error.message).not.toContain('hunter2');
    for (const nothing of [undefined, null, 'https://x.example/', {}]) {
      expect(thrownBy(nothing).problems.length).toBeGreaterThan(0);
    }
  });

  it.each([
    ['https://alerts.example.com/hook', true],
    ['http://localhost:8080/', true],
    ['http://[::1]:8080/', true],
    ['http://127.9.9.9/', true],
    ['http://127.0.0.1.example.com/', false],
    ['http://alerts.example.com/', false],
    ['ftp://localhost/', false],
    ['/hook', false],
    ['', false],
  ])('posts to %s: %s', (url, allowed) => {
    const make = (options: Partial<WebhookSinkOptions> = {}) => webhookSink({ url, secret, ...options });
    if (allowed) expect(make().name).toBe('webhook');
    else expect(make).toThrow(InvalidOptionsError);
  });

  it('posts in the clear only where that is allowed', () => {
    expect(webhookSink({ url: 'http://alerts.example.com/', secret, allowInsecure: true }).name).toBe(
      'webhook',
    );
  });
});

describe('webhookSink under the manager', () => {
  it('sends the same id, body and a fresh valid signature on each try', async () => {
    const { received, url } = await receiver((response, nth) =>
      response.writeHead(nth < 3 ? 503 : 200).end('later'),
    );
    const { harness } = incident({ sinks: [webhookSink({ url, secret })], deliveryBaseDelayMs: 5 });
    expect(await harness.manager.flush()).toBe(true);
    expect(received).toHaveLength(3);
    for (const message of received) expect(verify(message)).toMatchObject({ type: 'incident.opened' });
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(harness.texts()).toContain('webhook: opened delivered after 3 tries (HTTP 200)');
  });

  it('announces under the same id on each try, with nothing secret', async () => {
    const { received, url } = await receiver((response, nth) =>
      response.writeHead(nth < 3 ? 503 : 200).end('later'),
    );
    const harness = new Harness({ sinks: [webhookSink({ url, secret })], deliveryBaseDelayMs: 5 });
    harnesses.push(harness);
    harness.events.emit('slo', sloEvent('frozen', { summary: 'db at postgres://app:hunter2@db/x waits' }));
    expect(await harness.manager.flush()).toBe(true);
    expect(received).toHaveLength(3);
    for (const message of received) {
      expect(verify(message)).toMatchObject({
        type: 'slo.frozen',
        data: { service: null, summary: 'db at postgres://[redacted]@db/x waits' },
      });
    }
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(harness.notified).toEqual([{ sink: 'webhook', result: 'delivered' }]);
  });

  it('gives up a receiver that never answers, and one that stalls in its body has taken the message', async () => {
    const silent = await receiver(() => {});
    const stalling = await receiver((response) => {
      response.writeHead(200);
      response.write('a');
    });
    const sinks = [
      webhookSink({ url: silent.url, secret, name: 'silent' }),
      webhookSink({ url: stalling.url, secret, name: 'stalling' }),
    ];
    const { harness } = incident({ sinks, deliveryTimeoutMs: 200, maxDeliveryRetries: 0 });
    expect(await harness.manager.flush()).toBe(true);
    expect(harness.notified).toEqual([
      { sink: 'stalling', result: 'delivered' },
      { sink: 'silent', result: 'failed' },
    ]);
  });
});

function incident(options: ConstructorParameters<typeof Harness>[0]) {
  const harness = new Harness(options);
  harnesses.push(harness);
  harness.policy().move('open');
  return { harness };
}

function thrownBy(options: unknown): InvalidOptionsError {
  try {
    Reflect.apply(webhookSink, undefined, [options]);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}
