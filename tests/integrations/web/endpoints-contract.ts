import { Counter, Gauge } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { deferred } from '../../support.ts';
import type { Bench } from './bench.ts';
import { ask, askAndWait } from './http-client.ts';

/** What the endpoints answer. */
export function describeEndpoints({ hub, serve }: Bench): void {
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
      new Gauge({
        name: 'broken',
        help: 'Cannot be collected.',
        registers: [breakwater.registry],
        collect: () => {
          throw new Error('secret');
        },
      });
      const { url } = await serve({ breakwater });
      const answer = await ask(`${url}/metrics`);
      expect(answer.status).toBe(500);
      expect(answer.headers['content-type']).toMatch(/^text\/plain/);
      expect(answer.body).toBe('The metrics cannot be collected.\n');
      expect(answer.headers['content-length']).toBe(String(answer.body.length));
    });

    it('/metrics answers with more than one part as registry.metrics() would, and says how long it is', async () => {
      const breakwater = hub();
      for (let index = 0; index < 60; index += 1) breakwater.policy(`ship ⛵ ${index}`);
      new Counter({ name: 'theirs_total', help: 'Not ours.', registers: [breakwater.registry] }).inc(7);
      const { url } = await serve({ breakwater });
      const answer = await ask(`${url}/metrics`);
      expect(answer.body.length).toBeGreaterThan(300_000);
      expect(answer.body).toBe(await breakwater.registry.metrics());
      expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body)));
      const head = await ask(`${url}/metrics`, { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, body: '', complete: true });
      expect(head.headers).toMatchObject({
        'content-length': answer.headers['content-length'],
        'content-type': breakwater.registry.contentType,
        'cache-control': 'no-store',
      });
    });

    it('/metrics harms nothing when the client goes away before the end', async () => {
      const breakwater = hub();
      for (let index = 0; index < 60; index += 1) breakwater.policy(`policy-${index}`);
      const { url } = await serve({ breakwater });
      const { answered, goAway } = askAndWait(`${url}/metrics`);
      await answered;
      goAway();
      expect(await ask(`${url}/metrics`)).toMatchObject({ status: 200, complete: true });
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
