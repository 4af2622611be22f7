import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { testHub } from '../support.ts';

test('several hubs share a registry, and their samples stand side by side', async () => {
  const registry = new Registry();
  const first = testHub({ registry });
  const second = testHub({ registry });
  await first.policy('database').execute(() => 1);
  await second.policy('upstream').execute(() => 1);
  await second.get('upstream').execute(() => 1);
  const text = await registry.metrics();
  expect(text).toContain('breakwater_calls_total{policy="database",outcome="success"} 1');
  expect(text).toContain('breakwater_calls_total{policy="upstream",outcome="success"} 2');
  expect(text.match(/^# TYPE breakwater_calls_total /gm)).toHaveLength(1);

  await first.close();
  const rest = await registry.metrics();
  expect(rest).not.toContain('policy="database"');
  expect(rest).toContain('breakwater_calls_total{policy="upstream",outcome="success"} 2');
  await second.close();
  expect(await registry.metrics()).not.toContain('breakwater_');
  testHub({ registry });
});

test('also when their policies have one name: equal samples add up', async () => {
  const registry = new Registry();
  await testHub({ registry })
    .policy('database')
    .execute(() => 1);
  await testHub({ registry })
    .policy('database')
    .execute(() => 1);
  expect(await registry.metrics()).toContain('breakwater_calls_total{policy="database",outcome="success"} 2');
});
