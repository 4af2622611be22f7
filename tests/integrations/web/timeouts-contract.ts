import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { isBreakwaterError } from '../../../src/index.ts';
import { deferred } from '../../support.ts';
import type { Bench } from './bench.ts';
import { ask, askAndWait } from './http-client.ts';
import type { Visit } from './kit.ts';

/** What happens to an exchange whose time is up. */
export function describeTimeouts({ guarded, agent, outcome }: Bench): void {
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
      const ports: unknown[] = [];
      const { url } = await guarded(
        async ({ request, response, context, setHeader, json }) => {
          ports.push(request.socket.remotePort);
          if (ports.length > 1 || context === undefined) return json(200, {});
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
      expect(await ask(url, { agent: connection })).toMatchObject({ status: 200, body: '{}' });
      expect(ports[1]).toBe(ports[0]);
    });

    it('survives middleware that kept the original methods', async () => {
      const written = deferred<void>();
      const { url } = await guarded(
        ({ response, context }) => {
          const write = response.write.bind(response);
          context?.signal.addEventListener('abort', () => {
            write('late');
            written.resolve();
          });
        },
        { attemptTimeoutMs: 30 },
      );
      expect(await ask(url)).toMatchObject({ status: 504, complete: true });
      await written.promise;
    });

    it.each([
      ['at once, for the signal', (reason: unknown) => Promise.reject(reason)],
      [
        'later, with its own error',
        () => new Promise((_, reject) => setImmediate(reject, new Error('late'))),
      ],
    ])('keeps the connection when the handler fails %s', async (_when, fail) => {
      for (const handleErrors of [true, false]) {
        const ports: unknown[] = [];
        const { url } = await guarded(
          async ({ request, context, json }) => {
            ports.push(request.socket.remotePort);
            if (ports.length > 1 || context === undefined) return json(200, { quick: true });
            await once(context.signal, 'abort');
            return fail(context.signal.reason);
          },
          { attemptTimeoutMs: 30 },
          { handleErrors },
        );
        const connection = agent();
        const first = await ask(url, { agent: connection });
        expect(first).toMatchObject({ status: 504, complete: true });
        const second = await ask(url, { agent: connection });
        expect(second).toMatchObject({ status: 200, body: '{"quick":true}' });
        expect(ports[1]).toBe(ports[0]);
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
}
