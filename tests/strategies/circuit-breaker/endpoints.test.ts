import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RecordingSink } from '../../incidents/fixtures.ts';
import { closeInFakeTime, errorOf, testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 12) });
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

function storage(perKey = false) {
  const down = new Set<string>();
  const registry = new Registry();
  const sink = new RecordingSink();
  const hub = testHub({ registry, incidents: { sinks: [sink] } });
  const endpoints = ['primary', 'standby'].map((name) => ({ name, target: name }));
  const policy = hub.policy('storage', {
    criticality: 'critical',
    failover: { endpoints },
    circuitBreaker: {
      consecutiveFailures: 2,
      openMs: 30_000,
      ...(perKey ? { perKey: ({ metadata }: { readonly metadata: unknown }) => String(metadata) } : {}),
    },
  });
  const read = (metadata = 'a') =>
    policy.execute(
      async ({ target }) => {
        if (down.has(String(target))) throw new Error(`${String(target)} is down`);
        return target;
      },
      { metadata },
    );
  const close = async () => {
    await closeInFakeTime(hub);
    expect(vi.getTimerCount()).toBe(0);
  };
  return { hub, registry, policy, down, read, close };
}

test('each endpoint has a circuit, and an incident says that the other one stands in, until it fails too', async () => {
  const { hub, registry, policy, down, read, close } = storage();
  down.add('primary');
  for (let time = 0; time < 3; time += 1) await expect(read()).resolves.toBe('standby');
  expect(policy.circuits.map(({ endpoint, state }) => [endpoint, state])).toEqual([
    [undefined, 'closed'],
    ['primary', 'open'],
    ['standby', 'closed'],
  ]);
  const text = await registry.metrics();
  expect(text).toContain('endpoint_circuit_state{policy="storage",endpoint="primary",state="open"} 1');
  expect(text).toContain('endpoint_circuit_state{policy="storage",endpoint="standby",state="open"} 0');
  const [incident] = hub.incidents.list();
  expect(incident?.severity).toBe('High');
  expect(incident?.summary).toContain("endpoint 'primary': 2 attempts in a row failed");
  expect(incident?.toJSON().why).toContain('1 of its 2 endpoints do not answer');
  down.add('standby');
  for (let time = 0; time < 3; time += 1) await errorOf(read());
  expect(policy.circuits.map(({ state }) => state)).toEqual(['closed', 'open', 'open']);
  expect(hub.incidents.list()).toHaveLength(1);
  expect(incident?.severity).toBe('Critical');
  expect(incident?.toJSON().why).toContain('2 of its 2 endpoints do not answer');
  await close();
});

test('a standby that no call comes to any more closes by itself, so that its incident can end', async () => {
  const { hub, policy, down, read, close } = storage();
  down.add('primary');
  down.add('standby');
  for (let time = 0; time < 2; time += 1) await errorOf(read());
  expect(policy.circuits.map(({ state }) => state)).toEqual(['closed', 'open', 'open']);
  down.clear();
  await vi.advanceTimersByTimeAsync(30_000);
  await expect(read()).resolves.toBe('primary');
  expect(policy.circuits.map(({ state }) => state)).toEqual(['closed', 'closed', 'half-open']);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(policy.circuits.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
  await vi.advanceTimersByTimeAsync(80_000);
  expect(hub.incidents.open()).toEqual([]);
  await close();
});

test('what is done by hand to the policy holds for every endpoint', async () => {
  const { policy, read, close } = storage();
  await read();
  policy.circuit.forceOpen('maintenance');
  expect(await errorOf(read())).toMatchObject({ code: 'CIRCUIT_OPEN' });
  policy.circuit.reset();
  await expect(read()).resolves.toBe('primary');
  policy.circuits.find(({ endpoint }) => endpoint === 'primary')?.forceOpen('moved');
  await expect(read()).resolves.toBe('standby');
  await close();
});

test('a key has a circuit at each endpoint', async () => {
  const { policy, down, read, close } = storage(true);
  down.add('primary');
  await read('a');
  await read('a');
  await read('b');
  expect(
    policy.circuits.flatMap(({ key, endpoint, state }) =>
      key === undefined ? [] : [[endpoint, key, state]],
    ),
  ).toEqual([
    ['primary', 'a', 'open'],
    ['standby', 'a', 'closed'],
    ['primary', 'b', 'closed'],
    ['standby', 'b', 'closed'],
  ]);
  await close();
});
