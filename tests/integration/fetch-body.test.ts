import { getEventListeners } from 'node:events';
import type http from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { deadlines } from '../../src/core/deadlines.ts';
import { isBreakwaterError } from '../../src/index.ts';
import { closeAll, makeFetch, startServer } from '../integrations/fetch/server.ts';

afterEach(closeAll);

/** Sends headers and the beginning of a body, and no more. */
const stalling: http.RequestListener = (_request, response) => {
  response.writeHead(200);
  response.write('beginning');
};

/** What a rejected promise was rejected with. */
async function errorOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not reject');
}

describe('bodyTimeoutMs', () => {
  it('ends a body that stalls with a TimeoutError, and the connection with it', async () => {
    const server = await startServer(stalling);
    const { fetch } = makeFetch({ bodyTimeoutMs: 50 });
    const response = await fetch(server.origin);
    const error = await errorOf(response.text());
    if (!isBreakwaterError(error, 'TIMEOUT')) throw error;
    expect([error.scope, error.timeoutMs, error.policy]).toEqual(['body', 50, server.origin]);
    await vi.waitFor(() => expect(server.underWay.size).toBe(0));
    expect(deadlines.waiting).toBe(0);
  });

  it('lets a body take longer in all, as long as bytes keep coming', async () => {
    const server = await startServer((_request, response) => {
      let sent = 0;
      const timer = setInterval(() => {
        response.write('x');
        sent += 1;
        if (sent < 10) return;
        clearInterval(timer);
        response.end();
      }, 30);
    });
    const { fetch } = makeFetch({ bodyTimeoutMs: 200 });
    expect(await (await fetch(server.origin)).text()).toBe('xxxxxxxxxx');
    expect(deadlines.waiting).toBe(0);
  });

  it('does not run while nobody reads', async () => {
    const server = await startServer((_request, response) => response.end('whole'));
    const { fetch } = makeFetch({ bodyTimeoutMs: 20 });
    const response = await fetch(server.origin);
    expect(deadlines.waiting).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await response.text()).toBe('whole');
  });

  it('can be turned off, and the response is then the one that fetch gave', async () => {
    const given = new Response('as it is');
    const { fetch } = makeFetch({ bodyTimeoutMs: false, fetch: async () => given });
    expect(await fetch('https://api.example.com/')).toBe(given);
  });

  it('hands on an error of the body as it is', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('part', () => response.destroy());
    });
    const { fetch } = makeFetch();
    const response = await fetch(server.origin);
    expect(String(await errorOf(response.text()))).toBe('TypeError: terminated');
    expect(deadlines.waiting).toBe(0);
  });
});

describe('signals', () => {
  it("the caller's abort rejects with its reason while the headers are awaited", async () => {
    const server = await startServer(() => {});
    const { fetch, hub } = makeFetch();
    const caller = new AbortController();
    const call = fetch(server.origin, { signal: caller.signal });
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    const reason = new Error('changed my mind');
    caller.abort(reason);
    expect(await errorOf(call)).toBe(reason);
    await vi.waitFor(() => expect(server.underWay.size).toBe(0));
    expect(hub.get(server.origin).stats().calls).toMatchObject({ ignored: 1 });
  });

  it('the signal of a Request works as well, and one that has aborted sends nothing', async () => {
    const server = await startServer(() => {});
    const { fetch } = makeFetch();
    const request = new Request(server.origin, { signal: AbortSignal.abort(new Error('no')) });
    expect(String(await errorOf(fetch(request)))).toBe('Error: no');
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['without a cache', {}],
    ['with a cache', { cacheFallback: {} }],
    ['with shared runs', { cacheFallback: { coalesce: true } }],
    ['without a body timeout', { bodyTimeoutMs: false } as const],
  ])("the caller's abort ends the body %s, and the connection with it", async (_name, options) => {
    const server = await startServer(stalling);
    const { fetch } = makeFetch(options);
    const caller = new AbortController();
    const response = await fetch(server.origin, { signal: caller.signal });
    const text = response.text();
    const reason = new Error('enough');
    caller.abort(reason);
    expect(await errorOf(text)).toBe(reason);
    await vi.waitFor(() => expect(server.underWay.size).toBe(0));
    await vi.waitFor(() => expect(deadlines.waiting).toBe(0));
  });

  it("the attempt's timeout ends a request that hangs, and the next attempt may do", async () => {
    let n = 0;
    const server = await startServer((_request, response) => {
      n += 1;
      if (n > 1) response.end('second');
    });
    const { fetch } = makeFetch({ attemptTimeoutMs: 50 });
    expect(await (await fetch(server.origin)).text()).toBe('second');
    await vi.waitFor(() => expect(server.underWay.size).toBe(0));
  });

  it("leaves no listener on the caller's signal", async () => {
    const server = await startServer((_request, response) => response.end('body'));
    const { fetch } = makeFetch({ cacheFallback: { coalesce: true } });
    const { signal } = new AbortController();
    for (const method of ['GET', 'POST', 'HEAD']) {
      const response = await fetch(server.origin, { method, signal });
      await response.text();
      await (await fetch(server.origin, { method, signal })).body?.cancel();
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('responses that nobody gets', () => {
  it.each([
    ['short', 'no'],
    ['long', 'x'.repeat(300_000)],
  ])('hold no connection: %s bodies of many retried 503s', async (_name, body) => {
    const server = await startServer((_request, response) => {
      response.writeHead(503, { 'content-length': body.length }).end(body);
    });
    const { fetch } = makeFetch({
      circuitBreaker: false,
      retry: { maxRetries: 3, baseDelayMs: 0, budget: { floor: 1_000 } },
    });
    for (let n = 0; n < 25; n += 1) {
      const response = await fetch(server.origin);
      expect(response.status).toBe(503);
      expect(await response.text()).toBe(body);
    }
    expect(server.requests).toHaveLength(100);
    // What is read or cancelled frees its connection: the requests, one at a time, never need more than a few.
    expect(server.open.size).toBeLessThanOrEqual(3);
    if (body.length < 1_000) expect(server.connections).toBeLessThanOrEqual(3);
  });

  it('are cancelled when a stale answer takes their place', async () => {
    const server = await startServer((_request, response) => response.end('good'));
    const { fetch } = makeFetch({ retry: false, cacheFallback: {} });
    await (await fetch(server.origin)).text();
    server.handler = (_request, response) => {
      response.writeHead(500);
      response.write('never ends');
    };
    for (let n = 0; n < 5; n += 1) expect(await (await fetch(server.origin)).text()).toBe('good');
    await vi.waitFor(() => expect(server.underWay.size).toBe(0));
  });

  it('are cancelled when they come too late', async () => {
    const cancelled: unknown[] = [];
    let answer: (response: Response) => void = () => {};
    const late = new Promise<Response>((resolve) => {
      answer = resolve;
    });
    const { fetch } = makeFetch({ retry: false, attemptTimeoutMs: 10, fetch: () => late });
    expect(isBreakwaterError(await errorOf(fetch('https://api.example.com/')), 'TIMEOUT')).toBe(true);
    answer(new Response(new ReadableStream({ cancel: () => void cancelled.push('cancelled') })));
    await vi.waitFor(() => expect(cancelled).toEqual(['cancelled']));
  });

  it('are drained for no longer than a moment, whatever length they announce', async () => {
    const server = await startServer((request, response) => {
      if (server.requests.length > 1) response.end('good');
      else {
        response.writeHead(503, { 'content-length': 10 });
        response.write('x');
      }
      request.resume();
    });
    const { fetch } = makeFetch();
    expect(await (await fetch(server.origin)).text()).toBe('good');
    await vi.waitFor(() => expect(server.underWay.size).toBe(0), { timeout: 3_000 });
    expect(deadlines.waiting).toBe(0);
  });

  it.each([
    ['guarded', {}],
    ['copied', { cacheFallback: {} }],
  ])('are let go when their %s bodies are dropped unread', async (_name, options) => {
    setFlagsFromString('--expose_gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const server = await startServer((_request, response) => {
      response.write('x'.repeat(3_000_000));
    });
    const { fetch } = makeFetch(options);
    const { signal } = new AbortController();
    for (let n = 0; n < 5; n += 1) await fetch(server.origin, { signal });
    expect(server.requests).toHaveLength(5);
    await vi.waitFor(
      () => {
        collectGarbage();
        expect([server.underWay.size, getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
      },
      { timeout: 10_000 },
    );
  });
});
