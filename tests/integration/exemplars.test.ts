import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type OpenMetricsContentType, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Breakwater, renderMetrics } from '../../src/index.ts';
import {
  type Prometheus,
  prometheusInstalled,
  skipWithoutPrometheus,
  startPrometheus,
  until,
} from '../prometheus/support.ts';
import { errorOf, testHub } from '../support.ts';

const answer = z.object({
  data: z.array(
    z.object({
      seriesLabels: z.record(z.string(), z.string()),
      exemplars: z.array(
        z.object({ labels: z.record(z.string(), z.string()), value: z.string(), timestamp: z.number() }),
      ),
    }),
  ),
});

describe('a Prometheus that keeps exemplars', () => {
  skipWithoutPrometheus();
  let hub: Breakwater | undefined;
  let exporter: Server | undefined;
  let prometheus: Prometheus | undefined;
  const startedAt = Date.now() / 1_000;

  beforeAll(async () => {
    if (!prometheusInstalled) return;
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const made = testHub({ registry });
    hub = made;
    let trace = '';
    made.useTracing({ capture: () => trace, exemplar: (id) => ({ trace_id: String(id), zone: '⛵' }) });
    const policy = made.policy('database', { slo: { availability: 0.9 } });
    trace = 'good';
    await policy.execute(() => 1);
    trace = 'bad';
    await errorOf(policy.execute(() => Promise.reject(new Error('down'))));
    exporter = createServer(async (_request, response) => {
      response.setHeader('content-type', registry.contentType);
      response.end(Buffer.concat(await renderMetrics(registry)));
    }).listen(0, '127.0.0.1');
    await once(exporter, 'listening');
    const address = exporter.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    prometheus = await startPrometheus({
      scrape: [{ job: 'shop', url: `http://127.0.0.1:${port}/metrics` }],
    });
  });

  afterAll(async () => {
    await prometheus?.stop();
    exporter?.close();
    exporter?.closeAllConnections();
    await hub?.close();
  });

  /** The traces of a series' exemplars, once there are some. */
  async function exemplarsOf(query: string) {
    if (prometheus === undefined) throw new Error('Prometheus was not started.');
    const parameters = new URLSearchParams({
      query,
      start: String(startedAt - 60),
      end: String(startedAt + 600),
    });
    const url = `${prometheus.url}/api/v1/query_exemplars?${parameters}`;
    let found: z.output<typeof answer>['data'] = [];
    await until(`exemplars of ${query}`, async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      found = answer.parse(await response.json()).data;
      return found.length > 0;
    });
    return found.flatMap(({ exemplars }) => exemplars);
  }

  test.each([
    ['breakwater_sli_events_total{sli="availability",result="bad"}', 'bad'],
    ['breakwater_sli_events_total{sli="availability",result="good"}', 'good'],
    ['breakwater_calls_total{outcome="failure"}', 'bad'],
    ['breakwater_attempts_total{outcome="success"}', 'good'],
  ])('has that of %s', async (query, id) => {
    const [exemplar, ...others] = await exemplarsOf(query);
    expect(others).toEqual([]);
    expect(exemplar).toMatchObject({ labels: { trace_id: id, zone: '⛵' }, value: '1' });
    expect(exemplar?.timestamp).toBeGreaterThanOrEqual(startedAt - 1);
    expect(exemplar?.timestamp).toBeLessThan(startedAt + 120);
  });

  test.each(['call', 'attempt'])('has those of the buckets of %ss, with their durations', async (what) => {
    const exemplars = await exemplarsOf(`breakwater_${what}_duration_seconds_bucket`);
    expect(exemplars.map(({ labels }) => labels.trace_id)).toContain('bad');
    for (const { value } of exemplars) expect(Number(value)).toBeLessThan(5);
  });

  test('took every sample, and no scrape was refused', async () => {
    const [up] = (await prometheus?.query('up')) ?? [];
    expect(up?.value).toBe(1);
    const [calls] = (await prometheus?.query('sum(breakwater_calls_total)')) ?? [];
    expect(calls?.value).toBe(2);
  });
});
