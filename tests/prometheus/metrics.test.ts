import { afterEach, describe, expect, it } from 'vitest';
import { type Shop, startShop } from './shop.ts';
import { promtool, skipWithoutPrometheus } from './support.ts';

describe('/metrics', () => {
  skipWithoutPrometheus();
  let shop: Shop | undefined;
  afterEach(() => shop?.close());

  it('passes the lint of promtool, before and after there was something to count', async () => {
    shop = await startShop();
    const { registry } = shop.breakwater;
    const linted = async () => promtool(['check', 'metrics'], { input: await registry.metrics() });
    expect(await linted()).toEqual({ status: 0, stdout: '', stderr: '' });
    await shop.beWell();
    await shop.beIll();
    const text = await registry.metrics();
    expect(text).toContain('breakwater_slo_burn_rate{policy="database",sli="availability",window="5m"}');
    expect(await linted()).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
