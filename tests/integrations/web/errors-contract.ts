import { describe, expect, it, vi } from 'vitest';
import type { Bench } from './bench.ts';
import { ask } from './http-client.ts';

/** How errors of this library are answered. */
export function describeErrors({ hub, serve, guarded, outcome }: Bench): void {
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
}
