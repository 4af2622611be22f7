import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Breakwater, isBreakwaterError, type Policy, type PolicyOptions } from '../../src/index.ts';
import { deferred, testHub } from '../support.ts';
import { ask, askAndWait, oneConnection } from './http-client.ts';
import type { Application, Running, Visit, WebKit } from './web-kit.ts';

/** What a guard, the error handler and the endpoints do on every framework, over real connections. */
export function describeWebContract(kit: WebKit): void {
  const stops: (() => unknown)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  function hub(): Breakwater {
    const breakwater = testHub();
    stops.push(() => breakwater.close({ timeoutMs: 50 }));
    return breakwater;
  }

  async function serve(application: Application): Promise<Running> {
    const running = await kit.serve(application);
    stops.push(() => running.close());
    return running;
  }

  /** One guarded route at `/`. */
  async function guarded(
    handler: (visit: Visit) => unknown,
    options: PolicyOptions = {},
    more: Partial<Application> = {},
  ): Promise<{ url: string; policy: Policy; breakwater: Breakwater }> {
    const breakwater = more.breakwater ?? hub();
    const policy = breakwater.policy('route', options);
    const { url } = await serve({
      ...more,
      breakwater,
      routes: [{ path: '/', policies: [policy], handler }],
    });
    return { url: `${url}/`, policy, breakwater };
  }

  function agent(): ReturnType<typeof oneConnection> {
    const made = oneConnection();
    stops.push(() => made.destroy());
    return made;
  }

  async function outcome(policy: Policy): Promise<string | undefined> {
    await vi.waitFor(() => expect(policy.stats().callsInFlight).toBe(0));
    return Object.entries(policy.stats().calls).find(([, count]) => count > 0)?.[0];
  }

  describe('verdicts', () => {
    it.each([
      [200, 'success'],
      [304, 'success'],
      [404, 'refused'],
      [429, 'refused'],
      [500, 'failure'],
      [503, 'failure'],
    ])('%i is a %s', async (status, kind) => {
      const { url, policy } = await guarded(({ json }) => json(status, {}));
      expect((await ask(url)).status).toBe(status);
      expect(await outcome(policy)).toBe(kind);
    });

    it('counts a thrown error as a failure', async () => {
      const { url, policy } = await guarded(() => {
        throw new TypeError('Not a good day.');
      });
      expect((await ask(url)).status).toBe(500);
      expect(await outcome(policy)).toBe('failure');
      expect(policy.stats().window.failures).toBe(1);
    });

    it('counts a rejection as a failure', async () => {
      const { url, policy } = await guarded(async () => {
        await Promise.resolve();
        throw new Error('Not a good day.');
      });
      expect((await ask(url)).status).toBe(500);
      expect(await outcome(policy)).toBe('failure');
    });

    it("goes by the status that the application's own error handler gives", async () => {
      const onError = vi.fn(() => 409);
      const error = new Error('Taken.');
      const { url, policy } = await guarded(() => Promise.reject(error), {}, { onError });
      expect(await ask(url)).toMatchObject({ status: 409, body: '{"own":true}' });
      expect(onError.mock.calls).toEqual([[error]]);
      expect(await outcome(policy)).toBe('refused');
    });

    it('asks the policy’s classify first', async () => {
      const classify = vi.fn(() => 'refused' as const);
      const { url, policy } = await guarded(({ json }) => json(501, {}), { classify });
      await ask(url);
      expect(await outcome(policy)).toBe('refused');
      expect(classify).toHaveBeenCalledWith({
        ok: false,
        error: expect.objectContaining({ name: 'ServerAnswerError', statusCode: 501 }),
      });
    });

    it('counts a response that the handler destroys with an error as a failure', async () => {
      const { url, policy } = await guarded(({ response }) => {
        response.writeHead(200);
        response.write('half');
        response.destroy(new Error('The source broke.'));
      });
      await ask(url).catch(() => {});
      expect(await outcome(policy)).toBe('failure');
    });

    it('opens the circuit after failures, and closes it after a good probe', async () => {
      let status = 500;
      const { url, policy } = await guarded(({ json }) => json(status, {}), {
        circuitBreaker: { consecutiveFailures: 2, openMs: 50 },
      });
      await ask(url);
      await ask(url);
      expect(policy.circuit.state).toBe('open');
      expect((await ask(url)).status).toBe(503);
      status = 200;
      await vi.waitFor(() => expect(policy.circuit.state).toBe('half-open'));
      expect((await ask(url)).status).toBe(200);
      expect(policy.circuit.state).toBe('closed');
    });
  });

  describe('an open circuit', () => {
    it('answers 503 with Retry-After in whole seconds, and does not run the handler', async () => {
      const handler = vi.fn();
      const { url, policy } = await guarded(handler);
      policy.circuit.forceOpen('test', 1_500);
      const answer = await ask(url);
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toMatch(/^[12]$/);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(JSON.parse(answer.body)).toEqual({ error: 'Service Unavailable', code: 'CIRCUIT_OPEN' });
      expect(handler).not.toHaveBeenCalled();
    });

    it('rounds Retry-After up, to 1 at least', async () => {
      const { url, policy } = await guarded(({ json }) => json(500, {}), {
        circuitBreaker: { consecutiveFailures: 1, openMs: 30_000 },
      });
      await ask(url);
      expect(Number((await ask(url)).headers['retry-after'])).toBeGreaterThanOrEqual(30);
      expect(Number((await ask(url)).headers['retry-after'])).toBeLessThanOrEqual(33);
      policy.circuit.forceOpen('without an end');
      expect((await ask(url)).headers['retry-after']).toBe('1');
    });

    it('answers HEAD without a body', async () => {
      const { url, policy } = await guarded(({ json }) => json(200, {}));
      policy.circuit.forceOpen('test');
      const answer = await ask(url, { method: 'HEAD' });
      expect(answer).toMatchObject({ status: 503, body: '', complete: true });
      expect(answer.headers['retry-after']).toBe('1');
    });

    it('turns a hundred at once away, and keeps their connections', async () => {
      const handler = vi.fn();
      const { url, policy } = await guarded(handler);
      policy.circuit.forceOpen('test');
      const answers = await Promise.all(Array.from({ length: 100 }, () => ask(url)));
      expect(answers.every(({ status, headers }) => status === 503 && headers['retry-after'] === '1')).toBe(
        true,
      );
      expect(policy.stats().rejections).toMatchObject({ circuit_open: 100 });
      expect(handler).not.toHaveBeenCalled();
      policy.circuit.reset();
      const connection = agent();
      policy.circuit.forceOpen('test');
      const first = await ask(url, { agent: connection });
      expect(first.headers.connection).toBe('keep-alive');
      expect((await ask(url, { agent: connection })).status).toBe(503);
    });

    it('lets a half-open circuit probe with one of many', async () => {
      const held = deferred<void>();
      const { url, policy } = await guarded(
        async ({ json }) => {
          await held.promise;
          json(200, {});
        },
        { circuitBreaker: { consecutiveFailures: 1, openMs: 20, halfOpenMaxMs: 5_000 } },
      );
      policy.circuit.forceOpen('test', 20);
      await vi.waitFor(() => expect(policy.circuit.state).toBe('half-open'));
      const asked = Array.from({ length: 10 }, () => ask(url));
      await vi.waitFor(() => expect(policy.stats().calls.rejected).toBe(9));
      held.resolve();
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(policy.circuit.state).toBe('closed');
    });
  });

  describe('a timeout', () => {
    it('answers 504, aborts the signal with the reason, and counts as a timeout', async () => {
      const seen = deferred<unknown>();
      let left = 0;
      const { url, policy } = await guarded(
        ({ context }) => {
          left = context?.remainingMs() ?? -1;
          context?.signal.addEventListener('abort', () => seen.resolve(context.signal.reason));
        },
        { attemptTimeoutMs: 40 },
      );
      const answer = await ask(url);
      expect(answer.status).toBe(504);
      expect(JSON.parse(answer.body)).toEqual({ error: 'Gateway Timeout', code: 'TIMEOUT' });
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(isBreakwaterError(await seen.promise, 'TIMEOUT')).toBe(true);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(40);
      expect(await outcome(policy)).toBe('timeout');
      expect(policy.stats()).toMatchObject({ attemptsInFlight: 0, window: { failures: 1 } });
    });

    it('shows an aborted signal to who looks only after the 504', async () => {
      const given = deferred<Visit['context']>();
      const { url } = await guarded(({ context }) => given.resolve(context), { attemptTimeoutMs: 20 });
      await ask(url);
      const context = await given.promise;
      expect(context?.signal.aborted).toBe(true);
      expect(context?.remainingMs()).toBe(0);
    });

    it('swallows what the handler writes late', async () => {
      const late = deferred<string[]>();
      const { url } = await guarded(
        async ({ request, response, context, setHeader, json }) => {
          if (request.headers['x-quick'] !== undefined || context === undefined) return json(200, {});
          setHeader('etag', '"half-made"');
          setHeader('content-encoding', 'gzip');
          setHeader('x-request-id', '7');
          await once(context.signal, 'abort');
          const surprises: string[] = [];
          const attempt = (name: string, act: () => unknown): void => {
            try {
              act();
            } catch (error) {
              surprises.push(`${name}: ${error}`);
            }
          };
          attempt('header', () => setHeader('x-late', '1'));
          attempt('json', () => json(200, { late: true }));
          attempt('setHeader', () => response.setHeader('x-late', '1').setHeader('x-later', '1'));
          attempt('removeHeader', () => response.removeHeader('content-type'));
          attempt('statusCode', () => {
            response.statusCode = 200;
          });
          attempt('writeHead', () => response.writeHead(200, { 'x-late': '1' }).flushHeaders());
          attempt('early hints', () => response.writeEarlyHints({ link: '</a.css>; rel=preload' }));
          attempt('write', () => response.write('late'));
          attempt('end', () => response.end('late'));
          attempt('destroy', () => response.destroy(new Error('late')));
          await new Promise((resolve) => response.write('late', resolve));
          await new Promise<void>((resolve) => response.end('late', resolve));
          late.resolve(surprises);
          return undefined;
        },
        { attemptTimeoutMs: 30 },
      );
      const connection = agent();
      const answer = await ask(url, { agent: connection });
      expect(answer).toMatchObject({ status: 504, complete: true });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'TIMEOUT' });
      expect(answer.headers).toMatchObject({ 'x-request-id': '7', connection: 'keep-alive' });
      expect(answer.headers).not.toHaveProperty('etag');
      expect(answer.headers).not.toHaveProperty('content-encoding');
      expect(answer.headers).not.toHaveProperty('x-late');
      expect(await late.promise).toEqual([]);
    });

    it.each([
      ['at once, for the signal', (reason: unknown) => Promise.reject(reason)],
      [
        'later, with its own error',
        () => new Promise((_, reject) => setImmediate(reject, new Error('late'))),
      ],
    ])('keeps the connection when the handler fails %s', async (_when, fail) => {
      for (const handleErrors of [true, false]) {
        let slow = true;
        const { url } = await guarded(
          async ({ context, json }) => {
            if (!slow || context === undefined) return json(200, { quick: true });
            await once(context.signal, 'abort');
            return fail(context.signal.reason);
          },
          { attemptTimeoutMs: 30 },
          { handleErrors },
        );
        const connection = agent();
        const first = await ask(url, { agent: connection });
        expect(first).toMatchObject({ status: 504, complete: true });
        slow = false;
        const reused = deferred<boolean>();
        connection.once('free', (socket) => reused.resolve(socket.writable));
        const second = await ask(url, { agent: connection });
        expect(second).toMatchObject({ status: 200, body: '{"quick":true}' });
        expect(await reused.promise).toBe(true);
      }
    });

    it('is passed over when the handler answers in time after all', async () => {
      const { url, policy } = await guarded(({ json }) => setTimeout(() => json(200, {}), 5), {
        attemptTimeoutMs: 5_000,
      });
      expect((await ask(url)).status).toBe(200);
      expect(await outcome(policy)).toBe('success');
    });

    it('cuts a response that has begun, so that the client can tell', async () => {
      const closed = deferred<boolean>();
      const { url, policy } = await guarded(
        ({ response, context }) => {
          response.writeHead(200, { 'content-type': 'text/plain' });
          response.write('half');
          response.on('close', () => closed.resolve(context?.signal.aborted === true));
        },
        { attemptTimeoutMs: 40 },
      );
      const answer = await ask(url);
      expect(answer).toMatchObject({ status: 200, body: 'half', complete: false });
      await closed.promise;
      expect(await outcome(policy)).toBe('timeout');
    });
  });

  describe('streams', () => {
    it('counts a stream when it has ended, not when it has begun', async () => {
      const more = deferred<void>();
      const { url, policy } = await guarded(({ response }) => {
        response.writeHead(200, { 'content-type': 'text/plain' });
        async function* chunks(): AsyncGenerator<string> {
          yield 'one ';
          await more.promise;
          yield 'two';
        }
        return pipeline(Readable.from(chunks()), response);
      });
      const { answered, goAway } = askAndWait(url);
      const response = await answered;
      expect(policy.stats().callsInFlight).toBe(1);
      more.resolve();
      let body = '';
      for await (const chunk of response) body += chunk;
      expect(body).toBe('one two');
      expect(await outcome(policy)).toBe('success');
      goAway();
    });

    it('does not hold a client that reads slowly against the dependency', async () => {
      const { url, policy } = await guarded(({ response }) => response.end(Buffer.alloc(32 * 1024 * 1024)), {
        attemptTimeoutMs: 60,
      });
      const { answered, goAway } = askAndWait(url);
      const response = await answered;
      response.pause();
      expect(await outcome(policy)).toBe('success');
      goAway();
    });
  });

  describe('a client that goes away', () => {
    it('is ignored, and aborts the signal', async () => {
      const started = deferred<void>();
      const aborted = deferred<unknown>();
      const { url, policy } = await guarded(
        ({ context }) => {
          context?.signal.addEventListener('abort', () => aborted.resolve(context.signal.reason));
          started.resolve();
        },
        { circuitBreaker: { consecutiveFailures: 1 } },
      );
      const { goAway } = askAndWait(url);
      await started.promise;
      goAway();
      expect(await aborted.promise).toMatchObject({ name: 'AbortError' });
      expect(await outcome(policy)).toBe('ignored');
      expect(policy.circuit.state).toBe('closed');
      expect(policy.stats().window.attempts).toBe(0);
    });

    it('is ignored in the middle of a stream, also where a pipeline then fails', async () => {
      const { url, policy } = await guarded(
        async ({ response }) => {
          response.writeHead(200);
          const endless = new Readable({ read: () => {} });
          endless.push('first');
          await pipeline(endless, response).catch(() => {});
        },
        { circuitBreaker: { consecutiveFailures: 1 } },
      );
      const { answered, goAway } = askAndWait(url);
      await answered;
      goAway();
      expect(await outcome(policy)).toBe('ignored');
      expect(policy.circuit.state).toBe('closed');
    });

    it('gives the place of a probe to the next', async () => {
      const started = deferred<void>();
      let hang = true;
      const { url, policy } = await guarded(
        ({ json }) => {
          started.resolve();
          if (!hang) json(200, {});
        },
        { circuitBreaker: { halfOpenMaxMs: 60_000 } },
      );
      policy.circuit.forceOpen('test', 10);
      await vi.waitFor(() => expect(policy.circuit.state).toBe('half-open'));
      const { goAway } = askAndWait(url);
      await started.promise;
      goAway();
      expect(await outcome(policy)).toBe('ignored');
      hang = false;
      expect((await ask(url)).status).toBe(200);
      expect(policy.circuit.state).toBe('closed');
    });
  });

  describe('errors of this library', () => {
    it('are answered when they come out of a handler, and do not count for its guard', async () => {
      const breakwater = hub();
      const database = breakwater.policy('database');
      database.circuit.forceOpen('test');
      const { url, policy } = await guarded(
        async ({ json }) => json(200, await database.execute(() => 1)),
        { circuitBreaker: { consecutiveFailures: 1 } },
        { breakwater },
      );
      const answer = await ask(url);
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(JSON.parse(answer.body)).toEqual({ error: 'Service Unavailable', code: 'CIRCUIT_OPEN' });
      expect(await outcome(policy)).toBe('ignored');
      expect(policy.circuit.state).toBe('closed');
    });

    it('turn into 504 for a timeout, without a guard too', async () => {
      const breakwater = hub();
      const database = breakwater.policy('database', { attemptTimeoutMs: 10 });
      const { url } = await serve({
        breakwater,
        routes: [{ path: '/', policies: [], handler: () => database.execute(() => new Promise(() => {})) }],
      });
      const answer = await ask(`${url}/`);
      expect(answer.status).toBe(504);
      expect(answer.body).not.toContain('database');
    });

    it('leave a bug in the options to the application', async () => {
      const onError = vi.fn(() => 500);
      const breakwater = hub();
      const { url } = await guarded(() => breakwater.get('nobody'), {}, { breakwater, onError });
      expect(await ask(url)).toMatchObject({ status: 500, body: '{"own":true}' });
      expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    });

    it('close the connection when the headers are out already', async () => {
      const breakwater = hub();
      const database = breakwater.policy('database');
      database.circuit.forceOpen('test');
      const { url } = await guarded(
        async ({ response }) => {
          response.writeHead(200);
          response.write('half');
          await database.execute(() => 1);
        },
        { attemptTimeoutMs: 500 },
        { breakwater },
      );
      expect(await ask(url)).toMatchObject({ status: 200, body: 'half', complete: false });
    });
  });

  describe('several guards', () => {
    it('each see the exchange; the timeout of one does not count for the other', async () => {
      const breakwater = hub();
      const outer = breakwater.policy('outer', { attemptTimeoutMs: 5_000 });
      const inner = breakwater.policy('inner', { attemptTimeoutMs: 30 });
      let left = 0;
      const { url } = await serve({
        breakwater,
        routes: [
          {
            path: '/hangs',
            policies: [outer, inner],
            handler: ({ context }) => {
              left = context?.remainingMs() ?? -1;
            },
          },
          { path: '/fails', policies: [outer, inner], handler: ({ json }) => json(500, {}) },
        ],
      });
      expect((await ask(`${url}/hangs`)).status).toBe(504);
      expect(left).toBeLessThanOrEqual(30);
      expect((await ask(`${url}/fails`)).status).toBe(500);
      expect(outer.stats().calls).toMatchObject({ ignored: 1, failure: 1, timeout: 0 });
      expect(inner.stats().calls).toMatchObject({ timeout: 1, failure: 1 });
    });

    it('do not count what the inner one turns away', async () => {
      const breakwater = hub();
      const [outer, inner] = [breakwater.policy('outer'), breakwater.policy('inner')];
      inner.circuit.forceOpen('test');
      const handler = vi.fn();
      const { url } = await serve({ breakwater, routes: [{ path: '/', policies: [outer, inner], handler }] });
      expect((await ask(`${url}/`)).status).toBe(503);
      expect(await outcome(outer)).toBe('ignored');
      expect(handler).not.toHaveBeenCalled();
    });
  });

  describe('a guard of its own', () => {
    it.each<[string, PolicyOptions]>([
      ['retry', { retry: {} }],
      ['cache-fallback', { cacheFallback: { staleIfErrorMs: 1_000 } }],
      ['fallback', { fallback: () => 1 }],
    ])('refuses a policy with %s', (kind, options) => {
      const policy = hub().policy('route', options);
      expect(() => kit.guard(policy)).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTIONS',
          policy: 'route',
          problems: [{ path: 'policy', message: expect.stringContaining(`has a ${kind} layer`) }],
        }),
      );
    });

    it('names all layers that do not fit', () => {
      const policy = hub().policy('route', { retry: {}, fallback: () => 1 });
      expect(() => kit.guard(policy)).toThrow(/fallback layer[^]*retry layer/);
    });

    it('answers 503 once the hub is closed', async () => {
      const { url, breakwater } = await guarded(({ json }) => json(200, {}));
      await breakwater.close();
      expect(await ask(url)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    });
  });

  describe('endpoints', () => {
    it('/metrics has the registry’s own format, and counts guarded calls', async () => {
      const breakwater = hub();
      const policy = breakwater.policy('route');
      const { url } = await serve({
        breakwater,
        routes: [{ path: '/', policies: [policy], handler: ({ json }) => json(200, {}) }],
      });
      await ask(`${url}/`);
      const answer = await ask(`${url}/metrics`);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe(breakwater.registry.contentType);
      expect(answer.body).toContain('breakwater_calls_total{policy="route",outcome="success"} 1');
      const head = await ask(`${url}/metrics?name=x`, { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, body: '' });
    });

    it('/metrics answers 500 without details when a metric cannot be collected', async () => {
      const breakwater = hub();
      vi.spyOn(breakwater.registry, 'metrics').mockRejectedValue(new Error('secret'));
      const { url } = await serve({ breakwater });
      const answer = await ask(`${url}/metrics`);
      expect(answer.status).toBe(500);
      expect(answer.headers['content-type']).toMatch(/^text\/plain/);
      expect(answer.body).not.toContain('secret');
    });

    it('/healthz answers 200 whatever the dependencies do', async () => {
      const breakwater = hub();
      breakwater.policy('database', { readiness: 'required' }).circuit.forceOpen('test');
      const { url } = await serve({ breakwater });
      expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    });

    it('/readyz shows the states, and stays ready while an optional circuit is open', async () => {
      const breakwater = hub();
      breakwater.policy('database');
      breakwater.policy('mail').circuit.forceOpen('test');
      breakwater.policy('bare', { circuitBreaker: false, readiness: 'required' });
      const { url } = await serve({ breakwater });
      const answer = await ask(`${url}/readyz`);
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(JSON.parse(answer.body)).toEqual({
        status: 'ready',
        policies: {
          database: { state: 'closed', readiness: 'optional', ready: true },
          mail: { state: 'forced-open', readiness: 'optional', ready: true },
          bare: { state: 'disabled', readiness: 'required', ready: true },
        },
      });
    });

    it('/readyz fails while a required circuit is open, and not while it is half-open', async () => {
      const breakwater = hub();
      const database = breakwater.policy('database', {
        readiness: 'required',
        circuitBreaker: { consecutiveFailures: 1, openMs: 300 },
      });
      const { url } = await serve({ breakwater });
      await database.execute(() => Promise.reject(new Error('down'))).catch(() => {});
      const open = await ask(`${url}/readyz`);
      expect(open.status).toBe(503);
      expect(JSON.parse(open.body)).toMatchObject({
        status: 'not-ready',
        policies: { database: { state: 'open', ready: false } },
      });
      await vi.waitFor(() => expect(database.circuit.state).toBe('half-open'));
      expect((await ask(`${url}/readyz`)).status).toBe(200);
    });

    it('/readyz does not fail for a circuit that only watches', async () => {
      const breakwater = hub();
      const database = breakwater.policy('database', {
        readiness: 'required',
        circuitBreaker: { consecutiveFailures: 1, mode: 'shadow' },
      });
      await database.execute(() => Promise.reject(new Error('down'))).catch(() => {});
      expect(database.circuit.state).toBe('open');
      const { url } = await serve({ breakwater });
      expect((await ask(`${url}/readyz`)).status).toBe(200);
    });

    it('/readyz fails from the moment the hub is closing', async () => {
      const breakwater = hub();
      const database = breakwater.policy('database');
      const running = deferred<void>();
      const call = database.execute(() => running.promise);
      const { url } = await serve({ breakwater });
      const closing = breakwater.close();
      const answer = await ask(`${url}/readyz`);
      expect(answer).toMatchObject({ status: 503 });
      expect(JSON.parse(answer.body)).toMatchObject({ status: 'closing' });
      expect((await ask(`${url}/healthz`)).status).toBe(200);
      running.resolve();
      await Promise.all([call, closing]);
    });
  });
}
