import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Breakwater, createBreakwater } from '../../src/index.ts';
import { prometheusRules, readSpec } from '../../src/slo/index.ts';
import { breakwater } from '../cli/support.ts';
import { repeat } from '../support.ts';
import {
  type Prometheus,
  prometheusInstalled,
  skipWithoutPrometheus,
  startPrometheus,
  until,
} from './support.ts';

/** A service with one policy, and its `/metrics`. */
class Service {
  readonly hub: Breakwater;
  readonly #policy;
  readonly #server: Server;

  constructor(policy: string, objective: number) {
    this.hub = createBreakwater({ registry: new Registry(), incidents: false });
    this.#policy = this.hub.policy(policy, { slo: { availability: objective }, circuitBreaker: false });
    this.#server = createServer((_, response) => {
      void this.hub.registry.metrics().then((text) => response.end(text));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    return `http://127.0.0.1:${address.port}/metrics`;
  }

  async serveCalls(good: number, bad: number): Promise<void> {
    await repeat(good, () => this.#policy.execute(() => 'fine'));
    await repeat(bad, () => this.#policy.execute(() => Promise.reject(new Error('down'))));
  }

  /** The share of its budget that is left, as the process itself knows it. */
  get remaining(): number | undefined {
    return this.hub.slo.report()[0]?.objectives[0]?.budgetRemaining;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.hub.close({ timeoutMs: 1_000 });
  }
}

/** Rules for the shop alone: of billing Prometheus has the metrics only. */
const spec = readSpec(`version: breakwater/v1
service: shop
selector: { job: shop-api }
periodEvaluation: 1s
policies:
  database:
    availability: 90%
`);

describe('the gate on a real Prometheus', () => {
  skipWithoutPrometheus();
  const shop = new Service('database', 0.9);
  const billing = new Service('ledger', 0.9);
  let prometheus: Prometheus | undefined;

  beforeAll(async () => {
    if (!prometheusInstalled) return;
    const [shopUrl, billingUrl] = [await shop.listen(), await billing.listen()];
    prometheus = await startPrometheus({
      scrape: [
        { job: 'shop-api', url: shopUrl },
        { job: 'billing', url: billingUrl },
      ],
      rules: { 'rules.yaml': prometheusRules(spec).text },
    });
    const query = prometheus.query.bind(prometheus);
    await until(
      'both to be scraped',
      async () => (await query('count(breakwater_sli_events_total) == 12')).length > 0,
    );
    await shop.serveCalls(98, 2);
    await billing.serveCalls(5, 15);
    await until(
      'the rules to have seen the calls',
      async () => (await query('slo:period_error_budget_remaining:ratio < 1')).length > 0,
    );
    await prometheus.newSamples(
      'breakwater_sli_events_total',
      'slo:sli_error:ratio_rate30d',
      'slo:period_error_budget_remaining:ratio',
    );
  });

  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all([shop.close(), billing.close()]);
  });

  async function gate(...args: readonly string[]) {
    const { code, out, err } = await breakwater([
      'slo',
      'gate',
      '--prometheus',
      prometheus?.url ?? '',
      '--json',
      ...args,
    ]);
    expect(err).toBe('');
    return { code, ...JSON.parse(out) };
  }

  it('reads what the rules recorded, and it is what the process knows', async () => {
    const { code, release, objectives, why } = await gate('--service', 'shop');
    expect({ code, release, why }).toEqual({ code: 0, release: 'yes', why: [] });
    expect(objectives).toMatchObject([
      { service: 'shop', policy: 'database', sli: 'availability', objective: 0.9, source: 'recorded' },
    ]);
    expect(shop.remaining).toBe(0.8);
    expect(objectives[0].remaining).toBeCloseTo(0.8, 9);
  });

  it('computes the same from the metrics of a service without rules, and pages', async () => {
    const { code, release, objectives } = await gate('--policy', 'ledger');
    expect({ code, release }).toEqual({ code: 1, release: 'no' });
    expect(objectives).toMatchObject([
      { service: 'billing', policy: 'ledger', objective: 0.9, periodMs: 2_592_000_000, source: 'raw' },
    ]);
    expect(billing.remaining).toBe(-6.5);
    expect(objectives[0].remaining).toBeCloseTo(-6.5, 9);
    expect(objectives[0].pages).toEqual(['the budget burns at more than 6 times its rate over 6h and 30m']);
  });

  it('looks at all that there is, and at nothing that is not', async () => {
    const all = await gate();
    expect(all.code).toBe(1);
    expect(
      all.objectives.map(({ service, release }: { service: string; release: string }) => [service, release]),
    ).toEqual([
      ['billing', 'no'],
      ['shop', 'yes'],
    ]);
    const none = await gate('--policy', 'ledgr');
    expect(none).toMatchObject({ code: 2, release: 'unknown', objectives: [] });
    expect(none.why).toEqual(["there is no data on the policy 'ledgr'; did you mean 'ledger'?"]);
  });
});
