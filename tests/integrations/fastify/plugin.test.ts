import { once } from 'node:events';
import { connect } from 'node:http2';
import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import { ClosedError } from '../../../src/index.ts';
import {
  breakwaterErrorHandler,
  breakwaterPlugin,
  guard,
  guardContext,
} from '../../../src/integrations/fastify/index.ts';
import { deferred } from '../../support.ts';
import { makeBench } from '../web/bench.ts';
import { fastifyKit } from '../web/fastify-kit.ts';
import { ask } from '../web/http-client.ts';

const bench = makeBench(fastifyKit);

async function start(app: FastifyInstance): Promise<string> {
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return bench.track({ url, close: () => app.close() }).url;
}

describe('the route option', () => {
  it('guards by policy and by name, for GET and HEAD, once each', async () => {
    const breakwater = bench.hub();
    const [byPolicy, byName] = [breakwater.policy('one'), breakwater.policy('two')];
    const app = Fastify();
    await app.register(breakwaterPlugin, { breakwater });
    app.get('/one', { config: { breakwater: byPolicy } }, () => 'one');
    app.get('/two', { config: { breakwater: 'two' } }, () => 'two');
    app.get('/free', () => 'free');
    const url = await start(app);
    expect((await ask(`${url}/one`)).body).toBe('one');
    expect((await ask(`${url}/two`)).body).toBe('two');
    expect((await ask(`${url}/two`, { method: 'HEAD' })).status).toBe(200);
    expect((await ask(`${url}/free`)).body).toBe('free');
    expect(byPolicy.stats().calls.success).toBe(1);
    expect(byName.stats().calls.success).toBe(2);
    byName.circuit.forceOpen('test');
    expect((await ask(`${url}/two`)).status).toBe(503);
    expect((await ask(`${url}/one`)).status).toBe(200);
  });

  it('stands after all other preHandler hooks', async () => {
    const breakwater = bench.hub();
    const policy = breakwater.policy('one');
    const app = Fastify();
    await app.register(breakwaterPlugin, { breakwater });
    app.addHook('preHandler', async (request, reply) => {
      if (request.url === '/scope') await reply.code(401).send();
    });
    app.get(
      '/:where',
      { config: { breakwater: 'one' }, preHandler: async (_request, reply) => reply.code(403).send() },
      () => '',
    );
    const url = await start(app);
    expect((await ask(`${url}/scope`)).status).toBe(401);
    expect((await ask(`${url}/route`)).status).toBe(403);
    expect(Object.values(policy.stats().calls).every((count) => count === 0)).toBe(true);
  });

  it.each([
    ['an unknown name', 'datbase', "did you mean 'database'?"],
    ['rubbish', 7, "must be a policy or a policy's name, not 7"],
    ['no policy', {}, 'must be a policy'],
    ['a policy that retries', 'repeating', 'has a retry layer'],
  ])('refuses %s when the route is made', async (_what, given, message) => {
    const breakwater = bench.hub();
    breakwater.policy('database');
    breakwater.policy('repeating', { retry: {} });
    const app = Fastify();
    await app.register(breakwaterPlugin, { breakwater });
    const config = { breakwater: given };
    expect(() => Reflect.apply(app.get, app, ['/', { config }, () => ''])).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(message) }),
    );
    await app.close();
  });
});

describe('encapsulation', () => {
  it('reaches its own scope and those within, and no sibling', async () => {
    const breakwater = bench.hub();
    const database = breakwater.policy('database');
    database.circuit.forceOpen('test');
    const app = Fastify();
    const asked = (): Promise<unknown> => database.execute(() => 1);
    await app.register(async (scope) => {
      await scope.register(breakwaterPlugin, { breakwater, metricsPath: '/mine' });
      expect(scope.breakwater).toBe(breakwater);
      await scope.register(async (child) => {
        expect(child.breakwater).toBe(breakwater);
        child.get('/within', asked);
        child.get('/guarded', { config: { breakwater: 'database' } }, () => 'never');
      });
    });
    await app.register(async (sibling) => {
      expect(sibling.hasDecorator('breakwater')).toBe(false);
      sibling.get('/beside', asked);
      sibling.get('/ignored', { config: { breakwater: 'database' } }, () => 'as ever');
    });
    const url = await start(app);
    expect((await ask(`${url}/within`)).status).toBe(503);
    expect((await ask(`${url}/guarded`)).status).toBe(503);
    expect((await ask(`${url}/beside`)).status).toBe(500);
    expect((await ask(`${url}/ignored`)).body).toBe('as ever');
    expect((await ask(`${url}/mine`)).status).toBe(200);
  });

  it('lets two hubs serve two scopes', async () => {
    const app = Fastify();
    for (const name of ['one', 'two']) {
      const breakwater = bench.hub();
      breakwater.policy(name);
      await app.register(async (scope) => {
        const paths = { metricsPath: `/${name}`, healthPath: false, readinessPath: false } as const;
        await scope.register(breakwaterPlugin, { breakwater, ...paths });
      });
    }
    const url = await start(app);
    expect((await ask(`${url}/one`)).body).toContain('policy="one"');
    expect((await ask(`${url}/two`)).body).not.toContain('policy="one"');
    expect((await ask(`${url}/healthz`)).status).toBe(404);
  });
});

describe('error handling', () => {
  it("leaves the application's error handlers in their place, each for its scope", async () => {
    const breakwater = bench.hub();
    const seen: unknown[] = [];
    const onError = vi.fn(async () => {});
    const app = Fastify();
    await app.register(breakwaterPlugin, { breakwater });
    app.addHook('onError', onError);
    app.setErrorHandler((error, _request, reply) => {
      seen.push(error);
      return reply.code(418).send('outer');
    });
    const failures: Record<string, unknown> = { error: new Error('wrong'), text: 'text', nothing: null };
    app.get<{ Params: { what: string } }>('/:what', ({ params }) => Promise.reject(failures[params.what]));
    await app.register(async (child) => {
      child.setErrorHandler((error, _request, reply) => {
        if (error instanceof RangeError) throw error;
        return reply.code(409).send('inner');
      });
      child.get('/child/error', () => Promise.reject(failures.error));
      child.get('/child/range', () => Promise.reject(new RangeError('passed on')));
      const errorHandler = vi.fn((_error: unknown, _request: unknown, reply: { send(body: string): void }) =>
        reply.send('the route’s own'),
      );
      const broken = breakwater.policy('broken');
      broken.circuit.forceOpen('test');
      child.get('/child/own', { errorHandler }, () => broken.execute(() => 1));
    });
    const url = await start(app);
    for (const what of Object.keys(failures)) {
      expect(await ask(`${url}/${what}`)).toMatchObject({ status: 418, body: 'outer' });
    }
    expect(seen).toEqual(Object.values(failures));
    expect(onError).toHaveBeenCalledTimes(3);
    expect(await ask(`${url}/child/error`)).toMatchObject({ status: 409, body: 'inner' });
    expect(await ask(`${url}/child/range`)).toMatchObject({ status: 418, body: 'outer' });
    expect((await ask(`${url}/child/own`)).body).toBe('the route’s own');
  });

  it('leaves its own errors to the next handler once the headers are sent', async () => {
    const error = new ClosedError('database');
    const seen: unknown[] = [];
    const app = Fastify();
    await app.register(breakwaterPlugin, { breakwater: bench.hub() });
    app.setErrorHandler((given, _request, reply) => {
      seen.push(given);
      reply.raw.end();
    });
    app.get('/', async (_request, reply) => {
      reply.raw.write('half');
      throw error;
    });
    const url = await start(app);
    expect(await ask(url)).toMatchObject({ status: 200, body: 'half' });
    expect(seen).toEqual([error]);
  });

  it('works by hand, and gives all else to Fastify', async () => {
    const breakwater = bench.hub();
    const broken = breakwater.policy('broken');
    broken.circuit.forceOpen('test');
    const app = Fastify();
    app.setErrorHandler(breakwaterErrorHandler());
    app.get(
      '/broken',
      { schema: { response: { '5xx': { type: 'object', properties: { no: { type: 'string' } } } } } },
      (_request, reply) => {
        reply
          .header('etag', '"x"')
          .header('content-encoding', 'gzip')
          .serializer(() => 'theirs');
        return broken.execute(() => 1);
      },
    );
    app.get('/other', () => Promise.reject(Object.assign(new Error('teapot'), { statusCode: 418 })));
    const url = await start(app);
    const answer = await ask(`${url}/broken`);
    expect(JSON.parse(answer.body)).toEqual({ error: 'Service Unavailable', code: 'CIRCUIT_OPEN' });
    expect(answer.headers).not.toHaveProperty('etag');
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(JSON.parse((await ask(`${url}/other`)).body)).toMatchObject({
      statusCode: 418,
      message: 'teapot',
    });
  });
});

describe('a timeout', () => {
  it('leaves no warning in the log when a handler returns late', async () => {
    const policy = bench.hub().policy('slow', { attemptTimeoutMs: 30 });
    const lines: string[] = [];
    const returned = deferred<void>();
    const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => lines.push(line) } } });
    app.get('/', { preHandler: guard(policy) }, async (request) => {
      await once(guardContext(request)?.signal ?? new AbortController().signal, 'abort');
      setImmediate(() => returned.resolve());
      return 'late';
    });
    const url = await start(app);
    expect((await ask(url)).status).toBe(504);
    await returned.promise;
    expect(lines).toEqual([]);
  });

  it('keeps the headers that hooks have set, and swallows what onSend hooks still hold', async () => {
    const breakwater = bench.hub();
    const policy = breakwater.policy('slow', { attemptTimeoutMs: 30 });
    const held = deferred<void>();
    const sent = vi.fn();
    const app = Fastify();
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('access-control-allow-origin', '*');
    });
    app.addHook('onSend', async () => {
      await held.promise;
      sent();
    });
    app.get('/', { preHandler: guard(policy) }, () => ({ held: true }));
    const url = await start(app);
    const connection = bench.agent();
    const answer = await ask(url, { agent: connection });
    expect(answer).toMatchObject({ status: 504, headers: { 'access-control-allow-origin': '*' } });
    held.resolve();
    await vi.waitFor(() => expect(sent).toHaveBeenCalled());
    expect((await ask(url, { agent: connection })).body).toBe('{"held":true}');
  });

  it('runs the onResponse hooks once, with the 504', async () => {
    const policy = bench.hub().policy('slow', { attemptTimeoutMs: 30 });
    const responses: number[] = [];
    const app = Fastify();
    app.addHook('onResponse', async (_request, reply) => {
      responses.push(reply.statusCode);
    });
    app.get('/', { onRequest: guard(policy) }, async (request) => {
      await once(guardContext(request)?.signal ?? new AbortController().signal, 'abort');
      return 'late';
    });
    const url = await start(app);
    expect((await ask(url)).status).toBe(504);
    await vi.waitFor(() => expect(responses).toEqual([504]));
  });
});

describe('other ways in', () => {
  it('works with inject', async () => {
    const breakwater = bench.hub();
    const policy = breakwater.policy('one', { attemptTimeoutMs: 20 });
    const app = Fastify();
    await app.register(breakwaterPlugin, { breakwater });
    app.get('/', { config: { breakwater: 'one' } }, () => 'fine');
    app.get('/hangs', { config: { breakwater: 'one' } }, () => new Promise(() => {}));
    expect((await app.inject('/')).body).toBe('fine');
    expect((await app.inject('/hangs')).statusCode).toBe(504);
    expect((await app.inject('/readyz')).json()).toMatchObject({ status: 'ready' });
    expect(policy.stats().calls).toMatchObject({ success: 1, timeout: 1 });
    await app.close();
  });

  it('works over HTTP/2', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const breakwater = bench.hub();
    const policy = breakwater.policy('one', { attemptTimeoutMs: 30 });
    const patient = breakwater.policy('patient');
    const started = deferred<void>();
    const config = { breakwater: 'one' };
    const app = Fastify({ http2: true });
    await app.register(breakwaterPlugin, { breakwater });
    app.get('/', { config }, () => 'fine');
    app.get('/fails', { config }, () => Promise.reject(new Error('wrong')));
    app.get('/hangs', { config }, async (request, reply) => {
      await once(guardContext(request)?.signal ?? new AbortController().signal, 'abort');
      reply.raw.setHeader('x-late', '1');
      reply.raw.end('late');
      return reply;
    });
    app.get('/waits', { config: { breakwater: patient } }, () => {
      started.resolve();
      return new Promise(() => {});
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const session = connect(url);
    bench.track({
      url,
      close: async () => {
        session.destroy();
        await app.close();
      },
    });
    const status = async (path: string): Promise<unknown> => {
      const stream = session.request({ ':path': path });
      const [headers] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'close');
      return headers[':status'];
    };
    expect(await status('/')).toBe(200);
    expect(await status('/fails')).toBe(500);
    expect(await status('/hangs')).toBe(504);
    expect(await status('/readyz')).toBe(200);
    const gone = session.request({ ':path': '/waits' });
    await started.promise;
    gone.close();
    expect(await bench.outcome(patient)).toBe('ignored');
    expect(policy.stats().calls).toMatchObject({ success: 1, failure: 1, timeout: 1 });
    expect(warnings).not.toHaveBeenCalled();
  });
});

it('names every wrong option of the plugin at once', async () => {
  const app = Fastify();
  const given = { breakwater: {}, metricsPath: 'x', handleError: false };
  const failure = await Promise.resolve(Reflect.apply(app.register, app, [breakwaterPlugin, given])).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({
    code: 'INVALID_OPTIONS',
    problems: expect.arrayContaining([
      { path: 'metricsPath', message: expect.stringContaining("must be a path such as '/metrics'") },
      { path: 'breakwater', message: expect.stringContaining('must be a hub') },
      { path: 'handleError', message: "is not an option; did you mean 'handleErrors'?" },
    ]),
  });
  await app.close().catch(() => {});
});
