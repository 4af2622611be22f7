import { describe, expect, it, vi } from 'vitest';
import type { PolicyOptions } from '../../../src/index.ts';
import { deferred } from '../../support.ts';
import type { Bench } from './bench.ts';
import { ask } from './http-client.ts';

/** What a guard turns away, and how. */
export function describeRejections({ hub, serve, guarded, agent, outcome, kit }: Bench): void {
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
      expect(() => kit.guard(policy)).toThrow(/fallback layer.*\n.*retry layer/);
    });

    it('answers 503 once the hub is closed', async () => {
      const { url, breakwater } = await guarded(({ json }) => json(200, {}));
      await breakwater.close();
      expect(await ask(url)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    });
  });
}
