import type http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type CircuitOpenError, isBreakwaterError } from '../../src/index.ts';
import { resilientFetch } from '../../src/integrations/fetch/index.ts';
import { closeAll, deadOrigin, makeFetch, makeHub, startServer } from '../integrations/fetch/server.ts';

afterEach(closeAll);

const answering =
  (status: number, headers: http.OutgoingHttpHeaders = {}): http.RequestListener =>
  (_request, response) => {
    response
      .writeHead(status, headers)
      .end(status === 204 || status === 304 ? undefined : `status ${status}`);
  };

/** Answers with each of `handlers` in turn, and with the last from then on. */
function inTurn(...handlers: http.RequestListener[]): http.RequestListener {
  let next = 0;
  return (request, response) => {
    const handler = handlers[Math.min(next, handlers.length - 1)];
    next += 1;
    handler?.(request, response);
  };
}

const hangUp: http.RequestListener = (request) => request.socket.destroy();

describe('a resilient fetch behaves as fetch', () => {
  it('gives the response with its URL, headers and body', async () => {
    const server = await startServer((_request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(201, 'Made').end('body');
    });
    const { fetch } = makeFetch();
    const response = await fetch(`${server.origin}/things?q=1#part`);
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.statusText, response.ok]).toEqual([201, 'Made', true]);
    expect([response.url, response.type, response.redirected]).toEqual([
      `${server.origin}/things?q=1`,
      'basic',
      false,
    ]);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const copy = response.clone();
    expect(copy.url).toBe(response.url);
    expect([await response.text(), await copy.text()]).toEqual(['body', 'body']);
  });

  it('follows redirects and says so', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' }).end();
      else response.end('here');
    });
    const { fetch } = makeFetch();
    const response = await fetch(`${server.origin}/old`);
    expect([response.redirected, response.url, await response.text()]).toEqual([
      true,
      `${server.origin}/new`,
      'here',
    ]);
    expect((await fetch(`${server.origin}/old`, { redirect: 'manual' })).status).toBe(302);
    await expect(fetch(`${server.origin}/old`, { redirect: 'error' })).rejects.toThrow('fetch failed');
    expect(server.requests).toHaveLength(4);
  });

  it.each([204, 205, 304])('passes on a %d, which has no body', async (status) => {
    const server = await startServer((_request, response) => response.writeHead(status).end());
    const { fetch } = makeFetch({ cacheFallback: {} });
    const response = await fetch(server.origin);
    expect([response.status, await response.text()]).toEqual([status, '']);
  });

  it('passes on the answer to HEAD', async () => {
    const server = await startServer(answering(200, { 'content-length': 8 }));
    const { fetch } = makeFetch();
    const response = await fetch(server.origin, { method: 'HEAD' });
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['8', '']);
  });

  it("lets a body be read in the reader's own buffers", async () => {
    const server = await startServer((_request, response) => response.end('abcdef'));
    const { fetch } = makeFetch();
    const reader = (await fetch(server.origin)).body?.getReader({ mode: 'byob' });
    let text = '';
    for (;;) {
      const part = await reader?.read(new Uint8Array(4));
      if (part === undefined || part.done) break;
      text += Buffer.from(part.value).toString();
    }
    expect(text).toBe('abcdef');
  });

  it.each([
    ['an invalid URL', 'no url', {}],
    ['credentials in the URL', 'http://user:secret@127.0.0.1/', {}],
    ['an invalid header', 'http://127.0.0.1/', { headers: { 'a b': 'c' } }],
    ['a GET with a body', 'http://127.0.0.1/', { body: 'x' }],
    ['a stream without duplex', 'http://127.0.0.1/', { method: 'POST', body: new ReadableStream() }],
  ])('rejects %s with the error of fetch, once', async (_name, url, init) => {
    const { fetch, hub } = makeFetch();
    const expected = await globalThis.fetch(url, init).catch((error: unknown) => error);
    const got = await fetch(url, init).catch((error: unknown) => error);
    expect(got).toBeInstanceOf(TypeError);
    expect(String(got)).toBe(String(expected));
    expect(hub.policies.flatMap(({ circuit }) => circuit.window.failures)).not.toContain(1);
  });

  it('leaves data: URLs alone, and makes no policy for them', async () => {
    const { fetch, hub } = makeFetch();
    expect(await (await fetch('data:text/plain,hello')).text()).toBe('hello');
    expect(hub.policies).toEqual([]);
  });

  it('finds the global fetch at each call, and never itself', async () => {
    const server = await startServer((_request, response) => response.end('real'));
    const { fetch } = makeFetch();
    const real = globalThis.fetch;
    try {
      globalThis.fetch = async () => new Response('replaced');
      expect(await (await fetch(server.origin)).text()).toBe('replaced');
      globalThis.fetch = fetch;
      expect(await (await fetch(server.origin)).text()).toBe('real');
    } finally {
      globalThis.fetch = real;
    }
  });
});

describe('verdicts and retries', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('repeats after %d', async (status) => {
    const server = await startServer(inTurn(answering(status), answering(200)));
    const { fetch, hub } = makeFetch();
    expect((await fetch(server.origin)).status).toBe(200);
    expect(hub.get(server.origin).stats().attempts).toMatchObject({ failure: 1, success: 1 });
  });

  it.each([
    [404, 'refused'],
    [409, 'refused'],
    [401, 'defect'],
    [403, 'defect'],
    [501, 'failure'],
    [505, 'failure'],
  ])('does not repeat after %d, which counts as %s', async (status, outcome) => {
    const server = await startServer(answering(status));
    const { fetch, hub } = makeFetch();
    const response = await fetch(server.origin);
    expect([response.status, await response.text()]).toEqual([status, `status ${status}`]);
    expect(server.requests).toHaveLength(1);
    expect(hub.get(server.origin).stats().calls).toMatchObject({ [outcome]: 1 });
  });

  it('returns the last response, with its body, when retries run out, and counts a failure', async () => {
    let n = 0;
    const server = await startServer((_request, response) => {
      n += 1;
      response.writeHead(503).end(`try ${n}`);
    });
    const { fetch, hub } = makeFetch();
    const response = await fetch(server.origin);
    expect([response.status, await response.text()]).toEqual([503, 'try 3']);
    expect(hub.get(server.origin).stats().calls).toMatchObject({ failure: 1, success: 0 });
  });

  it('opens the circuit on bad answers, and then sends nothing', async () => {
    const server = await startServer(answering(500));
    const { fetch } = makeFetch({ retry: false, circuitBreaker: { consecutiveFailures: 2 } });
    await fetch(server.origin);
    await fetch(server.origin);
    const error = await fetch(server.origin).catch((thrown: unknown) => thrown);
    expect(isBreakwaterError(error, 'CIRCUIT_OPEN')).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it("asks the policy's own classify first", async () => {
    const server = await startServer(inTurn(answering(404), answering(200)));
    const { fetch } = makeFetch({
      classify: (result) =>
        result.ok && result.value instanceof Response && result.value.status === 404
          ? 'transient'
          : undefined,
    });
    expect((await fetch(server.origin)).status).toBe(200);
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('repeats %s', async (method) => {
    const server = await startServer(inTurn(answering(503), hangUp, answering(200)));
    const { fetch } = makeFetch();
    expect((await fetch(server.origin, { method })).status).toBe(200);
    expect(server.requests).toHaveLength(3);
  });

  it.each(['POST', 'PATCH'])('repeats %s only with an Idempotency-Key', async (method) => {
    const server = await startServer(inTurn(answering(503), answering(200)));
    const { fetch } = makeFetch();
    expect((await fetch(server.origin, { method, body: 'x' })).status).toBe(503);
    server.handler = inTurn(answering(503), answering(200));
    const headers = { 'Idempotency-Key': 'order-7' };
    expect((await fetch(server.origin, { method, body: 'x', headers })).status).toBe(200);
    expect(server.requests).toHaveLength(3);
    expect(server.bodies).toEqual(['x', 'x', 'x']);
  });

  it('does not repeat a POST whose connection broke after it was sent', async () => {
    const server = await startServer(hangUp);
    const { fetch } = makeFetch();
    await expect(fetch(server.origin, { method: 'POST', body: 'x' })).rejects.toThrow('fetch failed');
    expect(server.requests).toHaveLength(1);
  });

  it('repeats a POST whose connection was refused', async () => {
    const { fetch, hub } = makeFetch();
    const origin = await deadOrigin();
    await expect(fetch(origin, { method: 'POST', body: 'x' })).rejects.toThrow('fetch failed');
    expect(hub.get(origin).stats()).toMatchObject({ retries: 2, attempts: { failure: 3 } });
  });

  it('never repeats a stream, nor the body of a Request, even when the connection was refused', async () => {
    const server = await startServer(answering(503));
    const { fetch, hub } = makeFetch();
    const stream = () => new Blob(['streamed']).stream();
    const init = () => ({ method: 'PUT', body: stream(), duplex: 'half' }) as const;
    expect((await fetch(server.origin, init())).status).toBe(503);
    expect((await fetch(new Request(server.origin, { method: 'PUT', body: 'whole' }))).status).toBe(503);
    expect(server.bodies).toEqual(['streamed', 'whole']);

    const dead = await deadOrigin();
    await expect(fetch(dead, init())).rejects.toThrow('fetch failed');
    await expect(fetch(new Request(dead, { method: 'POST', body: 'x' }))).rejects.toThrow('fetch failed');
    expect(hub.get(dead).stats()).toMatchObject({ retries: 0, attempts: { failure: 2 } });
  });

  it('sends a repeated Request, and repeated bytes, whole each time', async () => {
    const server = await startServer(inTurn(answering(503), answering(503), answering(200)));
    const { fetch } = makeFetch();
    expect((await fetch(new Request(server.origin, { headers: { a: '1' } }))).status).toBe(200);
    expect(server.requests).toHaveLength(3);
    server.handler = inTurn(answering(503), answering(200));
    const form = new FormData();
    form.set('field', 'value');
    await fetch(server.origin, { method: 'PUT', body: form });
    expect(server.bodies.slice(3).filter((body) => body.includes('value'))).toHaveLength(2);
  });

  it('waits as long as Retry-After says, and no attempt before', async () => {
    const at: number[] = [];
    const server = await startServer((request, response) => {
      at.push(performance.now());
      inTurnHandler(request, response);
    });
    const inTurnHandler = inTurn(answering(503, { 'retry-after': '1' }), answering(200));
    const { fetch } = makeFetch({ retry: { baseDelayMs: 1, jitter: 'none' } });
    expect((await fetch(server.origin)).status).toBe(200);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it.each([
    ['a past date', 'Sun, 06 Nov 1994 08:49:37 GMT', 2],
    ['what cannot be parsed', 'soon', 2],
    ['a negative number', '-5', 2],
    ['longer than a retry may wait', '3600', 1],
    ['longer than any clock', '9'.repeat(30), 1],
  ])('Retry-After with %s', async (_name, header, requests) => {
    const server = await startServer(inTurn(answering(503, { 'retry-after': header }), answering(200)));
    const { fetch } = makeFetch();
    const response = await fetch(server.origin);
    expect(response.status).toBe(requests === 2 ? 200 : 503);
    expect(server.requests).toHaveLength(requests);
  });

  it('keeps the circuit open for as long as Retry-After says', async () => {
    const server = await startServer(answering(503, { 'retry-after': '120' }));
    const { fetch } = makeFetch({ circuitBreaker: { consecutiveFailures: 1, openMs: 1_000 } });
    await fetch(server.origin);
    const error = await fetch(server.origin).catch((thrown: CircuitOpenError) => thrown);
    if (!isBreakwaterError(error, 'CIRCUIT_OPEN')) throw new Error('the circuit is not open');
    expect(error.retryAfterMs).toBeGreaterThan(100_000);
  });
});

describe('policies', () => {
  it('makes one for each origin, named without credentials, path or query', async () => {
    const [a, b] = [await startServer(answering(200)), await startServer(answering(200))];
    const { fetch, hub } = makeFetch();
    for (const { origin } of [a, a, b]) await fetch(`${origin}/path?token=secret`);
    expect(hub.policies.map(({ name }) => name)).toEqual([a.origin, b.origin]);
  });

  it('makes so many at most, and the rest share one; a removed one makes room', async () => {
    const { fetch, hub } = makeFetch({ maxPolicies: 2, fetch: async () => new Response('ok') });
    for (let n = 1; n <= 5; n += 1) await fetch(`https://tenant-${n}.example.com/`);
    expect(hub.policies.map(({ name }) => name)).toEqual([
      'https://tenant-1.example.com',
      'https://tenant-2.example.com',
      'other',
    ]);
    expect(hub.get('other').stats().calls).toMatchObject({ success: 3 });
    hub.remove('https://tenant-1.example.com');
    await fetch('https://tenant-4.example.com/');
    expect(hub.has('https://tenant-4.example.com')).toBe(true);
  });

  it('makes those that are named at once, and leaves those that the hub has', async () => {
    const server = await startServer(answering(200));
    const hub = makeHub();
    const known = hub.policy('known');
    const fetch = resilientFetch(hub, { policies: ['known', 'named'], policyFor: () => 'named' });
    expect(hub.policies.map(({ name }) => name)).toEqual(['known', 'named']);
    expect(hub.get('known')).toBe(known);
    await fetch(server.origin);
    expect(hub.get('named').stats().calls).toMatchObject({ success: 1 });
  });

  it('puts an origin too long for a name with the others', async () => {
    const { fetch, hub } = makeFetch({ fetch: async () => new Response('ok') });
    await fetch(`https://${'a'.repeat(60)}.${'b'.repeat(60)}.example.com/`);
    expect(hub.policies.map(({ name }) => name)).toEqual(['other']);
  });

  it('uses a policy that the hub has, with the HTTP verdicts', async () => {
    const server = await startServer(answering(404));
    const hub = makeHub();
    const upstream = hub.policy('upstream', { retry: { baseDelayMs: 1, maxRetries: 1 }, cacheFallback: {} });
    const fetch = resilientFetch(hub, { policyFor: () => 'upstream' });
    await fetch(server.origin);
    server.handler = answering(503);
    await fetch(server.origin);
    await fetch(server.origin, { method: 'POST' });
    expect(upstream.stats()).toMatchObject({ calls: { refused: 1, failure: 2 }, attempts: { failure: 3 } });
  });

  it('starts from the defaults of the hub', async () => {
    const hub = makeHub({ criticality: 'critical', cacheFallback: { clone: structuredClone } });
    const server = await startServer(answering(200));
    const fetch = resilientFetch(hub, { retry: { baseDelayMs: 1 } });
    await fetch(server.origin);
    server.handler = hangUp;
    expect((await fetch(server.origin)).headers.get('x-breakwater-cache')).toBe('stale; age=0');
    expect(hub.get(server.origin).criticality).toBe('critical');
  });

  it.each(['', 'a\nb', 'x'.repeat(200)])('rejects a call whose policyFor gives %j', async (name) => {
    const { fetch } = makeFetch({ policyFor: () => name, fetch: async () => new Response('ok') });
    const error = await fetch('https://api.example.com/').catch((thrown: unknown) => thrown);
    expect(isBreakwaterError(error, 'INVALID_OPTIONS')).toBe(true);
  });

  it('turns calls away once the hub is closed', async () => {
    const { fetch, hub } = makeFetch({ fetch: async () => new Response('ok') });
    await fetch('https://api.example.com/');
    await hub.close();
    for (const url of ['https://api.example.com/', 'https://new.example.com/']) {
      const error = await fetch(url).catch((thrown: unknown) => thrown);
      expect(isBreakwaterError(error, 'CLOSED')).toBe(true);
    }
  });
});
