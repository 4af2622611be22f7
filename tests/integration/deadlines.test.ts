import express from 'express';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { remainingDeadlineMs, runWithDeadline } from '../../src/index.ts';
import * as ofExpress from '../../src/integrations/express/index.ts';
import * as ofFastify from '../../src/integrations/fastify/index.ts';
import type { ResilientFetchOptions } from '../../src/integrations/fetch/index.ts';
import { closeAll, makeFetch, startServer } from '../integrations/fetch/server.ts';
import { type DeadlineService, deadlineKits } from '../integrations/web/deadline-kits.ts';
import { listen } from '../integrations/web/listen.ts';
import { errorOf, testHub } from '../support.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await closeAll();
});

const HEADER = 'x-request-timeout-ms';
const never = (): Promise<never> => new Promise(() => {});

/** Its body takes a while, so that it ends in another asynchronous context than it began in. */
async function post(url: string, timeout: string | undefined): Promise<Response> {
  const own: Record<string, string> = timeout === undefined ? {} : { [HEADER]: timeout };
  const headers = { 'content-type': 'application/json', ...own };
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"a":');
    await new Promise((resolve) => setTimeout(resolve, 15));
    yield Buffer.from('1}');
  }
  return fetch(url, { method: 'POST', body: ReadableStream.from(body()), headers, duplex: 'half' });
}

describe.each(deadlineKits)('$name and a deadline', (kit) => {
  async function serve(service: DeadlineService): Promise<string> {
    const { url, close } = await kit.serve(service);
    closers.push(close);
    return url;
  }

  const left = (): unknown => ({ left: remainingDeadlineMs() });

  async function leftFor(url: string, timeout: string | undefined): Promise<number | null> {
    const document: unknown = await (await post(url, timeout)).json();
    const value: unknown =
      typeof document === 'object' && document !== null ? Reflect.get(document, 'left') : 0;
    return typeof value === 'number' ? value : null;
  }

  it('heeds the header, up to its bound, behind a body too', async () => {
    const url = await serve({ trust: true, maxMs: 5_000, handler: left });
    const asked = await leftFor(url, '2000');
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(2_000);
    for (const digits of [10, 11, 400]) {
      const bounded = await leftFor(url, '9'.repeat(digits));
      expect(bounded, `${digits} digits`).toBeGreaterThan(3_000);
      expect(bounded, `${digits} digits`).toBeLessThanOrEqual(5_000);
    }
    expect(await leftFor(url, '0')).toBe(0);
    // JSON has no Infinity: there is no deadline.
    expect(await leftFor(url, undefined)).toBe(null);
  });

  it('passes rubbish over', async () => {
    const url = await serve({ trust: true, handler: left });
    for (const rubbish of ['-5', 'NaN', '1e999', '10, 20', '5.5', '0x10', '', '1 000', '1_000']) {
      expect(await leftFor(url, rubbish), rubbish).toBe(null);
    }
  });

  it('heeds only whom code trusts', async () => {
    const strangers = await serve({ trust: () => false, handler: left });
    expect(await leftFor(strangers, '2000')).toBe(null);
    const nobody = await serve({ trust: false, handler: left });
    expect(await leftFor(nobody, '2000')).toBe(null);
    const some = await serve({ trust: (request) => 'headers' in request, handler: left });
    expect(await leftFor(some, '2000')).toBeLessThanOrEqual(2_000);
  });

  it('has a policy within answer 504 in time, marked as not to be asked for again', async () => {
    const policy = testHub().policy('database', { totalTimeoutMs: 10_000, attemptTimeoutMs: 5_000 });
    const url = await serve({ trust: true, handler: () => policy.execute(never) });
    const began = performance.now();
    const answer = await post(url, '150');
    expect(performance.now() - began).toBeLessThan(3_000);
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([504, 'false']);
    expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, attempts: { ignored: 1 } });
  });

  it('has a guard heed it as well', async () => {
    const guarded = testHub().policy('route', { totalTimeoutMs: 10_000, attemptTimeoutMs: 5_000 });
    const url = await serve({ trust: true, guarded, handler: never });
    const answer = await post(url, '150');
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([504, 'false']);
    expect(guarded.circuit.window.attempts).toBe(0);
  });

  it("marks what a policy within turned away, and not a guard's own rejection", async () => {
    const within = testHub().policy('database');
    within.circuit.forceOpen('maintenance', 60_000);
    const deeper = await post(await serve({ trust: true, handler: () => within.execute(never) }), undefined);
    expect([deeper.status, deeper.headers.get('x-should-retry')]).toEqual([503, 'false']);
    const guarded = testHub().policy('route');
    guarded.circuit.forceOpen('maintenance', 60_000);
    const own = await post(await serve({ trust: true, guarded, handler: left }), undefined);
    expect([own.status, own.headers.get('x-should-retry')]).toEqual([503, null]);
  });
});

describe('deadline()', () => {
  it.each([
    [{}, /trust: must be true, false or a function/],
    [{ trust: true, maxMs: 0 }, /maxMs: must be/],
    [{ trust: true, header: 'a b' }, /header: must be the name of a header/],
    [{ trust: true, max: 5 }, /max: is not an option; did you mean 'maxMs'/],
  ])('refuses %o', async (options, message) => {
    expect(() => Reflect.apply(ofExpress.deadline, undefined, [options])).toThrow(message);
    expect(() => Reflect.apply(ofFastify.deadline, undefined, [options])).toThrow(message);
    const app = fastify();
    const plugin = { breakwater: testHub(), deadline: options };
    const registered = errorOf(
      Promise.resolve(Reflect.apply(app.register, app, [ofFastify.breakwaterPlugin, plugin]).after()),
    );
    expect(await registered).toMatchObject({ code: 'INVALID_OPTIONS' });
    await app.close();
  });
});

describe('what fetch sends on', () => {
  async function sent(
    options: ResilientFetchOptions,
    init: RequestInit | undefined,
    deadlineMs: number | undefined,
    input?: (url: string) => Request,
  ): Promise<NodeJS.Dict<string | string[]>> {
    let headers: NodeJS.Dict<string | string[]> = {};
    const server = await startServer((request, response) => {
      headers = request.headers;
      response.end();
    });
    const { fetch: resilient } = makeFetch(options);
    const ask = (): Promise<Response> => resilient(input?.(server.origin) ?? server.origin, init);
    await (await (deadlineMs === undefined ? ask() : runWithDeadline(deadlineMs, ask))).text();
    return headers;
  }

  it('is what remains, in whole milliseconds, only under a deadline', async () => {
    const { [HEADER]: value } = await sent({}, { headers: { 'X-Own': '1' } }, 2_000);
    expect(value).toMatch(/^\d+$/);
    expect(Number(value)).toBeGreaterThan(500);
    expect(Number(value)).toBeLessThanOrEqual(2_000);
    expect(await sent({}, undefined, undefined)).not.toHaveProperty(HEADER);
  });

  it("is never more than the attempt has, nor over a header of the caller's", async () => {
    const { [HEADER]: short } = await sent({ attemptTimeoutMs: 700 }, undefined, 9_000);
    expect(Number(short)).toBeLessThanOrEqual(700);
    expect(await sent({}, { headers: new Headers({ [HEADER]: '5' }) }, 9_000)).toMatchObject({
      [HEADER]: '5',
    });
  });

  it('is ten digits at most', async () => {
    expect(await sent({ totalTimeoutMs: false, attemptTimeoutMs: false }, undefined, 1e22)).toMatchObject({
      [HEADER]: '9999999999',
    });
  });

  it('goes with the other headers, whatever they came as, under any name or none', async () => {
    const some = [['x-own', '1']] satisfies [string, string][];
    for (const headers of [some, Object.fromEntries(some), new Headers(some)]) {
      expect(await sent({}, { headers }, 2_000)).toMatchObject({
        'x-own': '1',
        [HEADER]: expect.any(String),
      });
    }
    const request = await sent({}, undefined, 2_000, (url) => new Request(url, { headers: some }));
    expect(request).toMatchObject({ 'x-own': '1', [HEADER]: expect.any(String) });
    expect(await sent({ deadlineHeader: 'x-left' }, undefined, 2_000)).toHaveProperty('x-left');
    expect(await sent({ deadlineHeader: false }, undefined, 2_000)).not.toHaveProperty(HEADER);
    expect(() => makeFetch({ deadlineHeader: 'a b' })).toThrow(/deadlineHeader: must be the name/);
  });
});

describe('an answer that is not to be asked for again', () => {
  it.each([
    ['x-should-retry', 'false', 1],
    ['x-envoy-overloaded', 'true', 1],
    ['x-should-retry', 'true', 3],
  ])('%s: %s makes %i requests', async (name, value, requests) => {
    const server = await startServer((_request, response) => {
      response.writeHead(503, { [name]: value }).end();
    });
    const { fetch: resilient } = makeFetch({ retry: { maxRetries: 2, baseDelayMs: 1 } });
    expect((await resilient(server.origin)).status).toBe(503);
    expect(server.requests).toHaveLength(requests);
  });

  it('crosses two services: the layer above does not repeat what failed deeper down', async () => {
    let asked = 0;
    const database = testHub().policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
    await errorOf(database.execute(() => Promise.reject(new Error('down'))));
    const app = express();
    app.get('/', async (_request, response) => {
      asked += 1;
      response.json(await database.execute(() => 1));
    });
    app.use(ofExpress.breakwaterErrorHandler());
    const { url, close } = await listen(app);
    closers.push(close);
    const { fetch: resilient } = makeFetch({ retry: { maxRetries: 3, baseDelayMs: 1 } });
    expect((await resilient(url)).status).toBe(503);
    expect(asked).toBe(1);
  });
});
