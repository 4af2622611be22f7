import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import express5, { type Express, type NextFunction, type Request, type Response } from 'express';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { ClosedError } from '../../../src/index.ts';
import {
  breakwaterErrorHandler,
  breakwaterRouter,
  guard,
  guardContext,
} from '../../../src/integrations/express/index.ts';
import { deferred } from '../../support.ts';
import { makeBench } from '../web/bench.ts';
import { expressKits, expressVersions } from '../web/express-kit.ts';
import { ask } from '../web/http-client.ts';
import { listen } from '../web/listen.ts';

for (const [at, { name, express }] of expressVersions.entries()) {
  const kit = expressKits[at];
  if (kit === undefined) throw new Error('Each version has a kit.');
  describe(name, () => {
    const bench = makeBench(kit);

    /** An application built by the test. */
    async function serve(build: (app: Express) => void): Promise<string> {
      const app = express();
      app.set('env', 'test');
      build(app);
      return bench.track(await listen(app)).url;
    }

    it('guards what comes after it: routers within, next(error), next("route")', async () => {
      const policy = bench.hub().policy('api');
      const url = await serve((app) => {
        const router = express.Router();
        router.get('/fine', (_request, response) => {
          response.send('fine');
        });
        router.get('/wrong', (_request, _response, next) => next(new Error('wrong')));
        app.use('/api', guard(policy), router);
        app.get('/skips', guard(policy), (_request, _response, next) => next('route'));
        app.get('/skips', (_request, response) => {
          response.status(404).send('skipped');
        });
      });
      expect((await ask(`${url}/api/fine`)).body).toBe('fine');
      expect((await ask(`${url}/api/wrong`)).status).toBe(500);
      expect((await ask(`${url}/api/none`)).status).toBe(404);
      expect((await ask(`${url}/skips`)).body).toBe('skipped');
      expect(policy.stats().calls).toMatchObject({ success: 1, failure: 1, refused: 2 });
      expect(policy.stats().callsInFlight).toBe(0);
    });

    it('keeps the asynchronous context of the request', async () => {
      const storage = new AsyncLocalStorage<string>();
      const policy = bench.hub().policy('api');
      const url = await serve((app) => {
        app.use((request, _response, next) => storage.run(String(request.query.id), next));
        app.get('/', guard(policy), async (_request, response) => {
          await Promise.resolve();
          response.send(storage.getStore());
        });
      });
      const bodies = await Promise.all(['a', 'b', 'c'].map((id) => ask(`${url}/?id=${id}`)));
      expect(bodies.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
    });

    it('answers 504 past middleware that holds the response back', async () => {
      const policy = bench.hub().policy('api', { attemptTimeoutMs: 30 });
      const saved = deferred<void>();
      let slow = true;
      const url = await serve((app) => {
        app.use((_request, response, next) => {
          // What session middleware does: the end waits for a store.
          const end = response.end.bind(response);
          response.end = (...args: unknown[]) => {
            if (slow) void saved.promise.then(() => Reflect.apply(end, response, args));
            else Reflect.apply(end, response, args);
            return response;
          };
          next();
        });
        app.get('/', guard(policy), (_request, response) => {
          response.send('answered, but held back');
        });
      });
      const connection = bench.agent();
      const answer = await ask(url, { agent: connection });
      expect(answer).toMatchObject({ status: 504, complete: true });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'TIMEOUT' });
      slow = false;
      saved.resolve();
      expect((await ask(url, { agent: connection })).body).toBe('answered, but held back');
    });

    it('shows loggers the 504 that went out', async () => {
      const policy = bench.hub().policy('api', { attemptTimeoutMs: 30 });
      const logged = deferred<unknown>();
      const url = await serve((app) => {
        app.use((_request, response, next) => {
          response.on('finish', () =>
            logged.resolve({
              status: response.statusCode,
              sent: response.headersSent,
              text: response.statusMessage,
            }),
          );
          next();
        });
        app.get('/', guard(policy), async (request, response) => {
          response.statusMessage = 'Half Made';
          await once(guardContext(request)?.signal ?? new AbortController().signal, 'abort');
          response.status(201).send('late');
        });
      });
      expect((await ask(url)).status).toBe(504);
      expect(await logged.promise).toEqual({ status: 504, sent: true, text: 'Gateway Timeout' });
    });

    it('swallows files and streams that come late', async () => {
      const policy = bench.hub().policy('api', { attemptTimeoutMs: 30 });
      const ends: unknown[] = [];
      const file = fileURLToPath(import.meta.url);
      const url = await serve((app) => {
        app.get('/', guard(policy), async (request, response) => {
          const { signal } = guardContext(request) ?? new AbortController();
          await once(signal, 'abort');
          response.sendFile(file, (error) => ends.push(error ?? 'sent'));
          response.redirect('/elsewhere');
        });
        app.get('/quick', (_request, response) => {
          response.send('quick');
        });
      });
      const connection = bench.agent();
      expect((await ask(url, { agent: connection })).status).toBe(504);
      await vi.waitFor(() => expect(ends).toHaveLength(1));
      expect((await ask(`${url}/quick`, { agent: connection })).body).toBe('quick');
    });

    it('leaves errors that are not its own to the next handler, as they are', async () => {
      const seen: unknown[] = [];
      const url = await serve((app) => {
        app.get('/', (_request, _response, next) => next('just text'));
        app.get('/aborted', (_request, _response, next) => next(new DOMException('x', 'TimeoutError')));
        app.use(breakwaterErrorHandler());
        app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
          seen.push(error);
          response.status(418).end();
        });
      });
      expect((await ask(url)).status).toBe(418);
      expect((await ask(`${url}/aborted`)).status).toBe(418);
      expect(seen).toEqual(['just text', expect.any(DOMException)]);
    });

    it('leaves its own errors to the next handler once the headers are sent', async () => {
      const seen: unknown[] = [];
      const error = new ClosedError('database');
      const url = await serve((app) => {
        app.get('/', (_request, response, next) => {
          response.write('half');
          next(error);
        });
        app.use(breakwaterErrorHandler());
        app.use((given: unknown, _request: Request, response: Response, _next: NextFunction) => {
          seen.push(given);
          response.end();
        });
      });
      expect(await ask(url)).toMatchObject({ status: 200, body: 'half' });
      expect(seen).toEqual([error]);
    });

    it('gives no context to a request that has passed no guard', async () => {
      const url = await serve((app) => {
        app.get('/', (request, response) => {
          response.json(guardContext(request) === undefined);
        });
      });
      expect((await ask(url)).body).toBe('true');
    });

    it('answers a client’s next request after it refused one with a body', async () => {
      const policy = bench.hub().policy('api');
      policy.circuit.forceOpen('test');
      const url = await serve((app) => {
        app.post('/', guard(policy), express.json(), (_request, response) => {
          response.end();
        });
      });
      const connection = bench.agent();
      const post = { method: 'POST', agent: connection, body: 'x'.repeat(50_000) };
      expect((await ask(url, post)).status).toBe(503);
      policy.circuit.reset();
      expect((await ask(url, post)).status).toBe(200);
    });

    it('has endpoints at paths of one’s own, under a mount point, and lets all else pass', async () => {
      const breakwater = bench.hub();
      const url = await serve((app) => {
        app.use('/internal', breakwaterRouter(breakwater, { healthPath: '/alive', readinessPath: false }));
      });
      expect((await ask(`${url}/internal/alive`)).status).toBe(200);
      expect((await ask(`${url}/internal/metrics`)).status).toBe(200);
      expect((await ask(`${url}/internal/readyz`)).status).toBe(404);
      expect((await ask(`${url}/alive`)).status).toBe(404);
      expect((await ask(`${url}/internal/alive`, { method: 'POST' })).status).toBe(404);
    });
  });
}

it('keeps the types of the handlers after it', () => {
  const app = express5();
  const check = (policy: Parameters<typeof guard>[0]): void => {
    app.get('/users/:id', guard(policy), (request) => {
      expectTypeOf(request.params.id).toEqualTypeOf<string>();
    });
    app.use(breakwaterErrorHandler());
  };
  expectTypeOf(check).returns.toBeVoid();
});
