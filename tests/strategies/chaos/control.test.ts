import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Breakwater,
  type ChaosEvent,
  chaos,
  circuitBreaker,
  InjectedFaultError,
  retry,
  timeout,
} from '../../../src/index.ts';
import { errorOf, flush, follow, repeat, testHub } from '../../support.ts';

let hub: Breakwater;
const warnings: string[] = [];
const events: ChaosEvent[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  warnings.length = 0;
  events.length = 0;
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_: object, text: string) => warnings.push(text),
  };
  // Whoever tests a hazard says so.
  hub = testHub({ logger, defaults: { silenceHazards: ['CHAOS_WITHOUT_END'] } });
  hub.on('chaos', (event) => events.push(event));
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

async function active(): Promise<number | undefined> {
  const metrics = await hub.registry.getMetricsAsJSON();
  return metrics.find(({ name }) => name === 'breakwater_chaos_active')?.values?.[0]?.value;
}

describe('the switch', () => {
  test('says aloud when it is switched on and off, and reminds once a minute', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    policy.chaos?.start();
    await errorOf(policy.execute(() => 'fine'));
    await vi.advanceTimersByTimeAsync(60_000);
    await errorOf(policy.execute(() => 'fine'));
    await errorOf(policy.execute(() => 'fine'));
    policy.chaos?.stop();
    policy.chaos?.stop();
    expect(warnings).toEqual([
      "breakwater: chaos of policy 'database' is ON until it is switched off: faults are made on purpose (code switched it on)",
      "breakwater: chaos of policy 'database' is still ON until it is switched off: 1 faults made on purpose so far",
      "breakwater: chaos of policy 'database' is off (code switched it off): 3 faults were made on purpose",
    ]);
    expect(events.map(({ status }) => status)).toEqual(['on', 'fault', 'still-on', 'fault', 'fault', 'off']);
    expect(await policy.execute(() => 'fine')).toBe('fine');
  });

  test('ends by itself at its time, also where no call comes, and keeps no process alive', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 }, forMs: 1_000 } });
    policy.chaos?.start();
    expect(policy.chaos?.until).toBe(Date.now() + 1_000);
    expect(await active()).toBe(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(policy.chaos?.active).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(events.at(-1)).toMatchObject({ status: 'off', reason: 'its time is over' });
    expect(policy.chaos?.until).toBeUndefined();
    expect(await active()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('takes another end while it is on', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    policy.chaos?.start({ forMs: 1_000 });
    await vi.advanceTimersByTimeAsync(500);
    policy.chaos?.start({ forMs: 1_000 });
    await vi.advanceTimersByTimeAsync(600);
    expect(policy.chaos?.active).toBe(true);
    await vi.advanceTimersByTimeAsync(400);
    expect(policy.chaos?.active).toBe(false);
  });

  test('is on from the start where the options say so', async () => {
    const policy = hub.policy('database', { chaos: { enabled: true, forMs: 500, error: { rate: 1 } } });
    expect(policy.chaos?.active).toBe(true);
    expect(policy.explain()).toContain('chaos: ON; makes errors');
    await vi.advanceTimersByTimeAsync(500);
    expect(policy.chaos?.active).toBe(false);
  });

  test('follows updates of its options, and what they make of it while it is on', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } }, silenceHazards: [] });
    policy.update({ chaos: { enabled: true } }, { forMs: 1_000 });
    expect(policy.chaos?.active).toBe(true);
    expect(await errorOf(policy.execute(() => 'fine'))).toBeInstanceOf(InjectedFaultError);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(policy.chaos?.active).toBe(false);
    policy.chaos?.start();
    policy.update({ chaos: { error: { rate: 0 } } });
    expect(policy.chaos?.active).toBe(true);
    expect(await policy.execute(() => 'fine')).toBe('fine');
    policy.update({ chaos: { enabled: true } });
    expect(policy.hazards.map(({ code }) => code)).toEqual(['CHAOS_WITHOUT_END']);
    policy.update({ chaos: { enabled: false } });
    expect([policy.hazards, policy.chaos?.active]).toEqual([[], false]);
    expect(() => policy.update({ chaos: { enabled: true, error: { rate: 7 } } })).toThrow(/rate/);
    expect(policy.chaos?.active).toBe(false);
  });

  test('goes off with its policy, owns no timer then and cannot be switched on again', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    policy.chaos?.start({ forMs: 60_000 });
    hub.remove('database');
    expect(events.at(-1)).toMatchObject({ status: 'off', reason: 'the policy is gone' });
    expect(vi.getTimerCount()).toBe(0);
    expect(() => policy.chaos?.start()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    expect(policy.chaos?.active).toBe(false);
  });

  test('may be thrown on the strategy itself, before and after it belongs to a policy', async () => {
    const layer = chaos({ error: { rate: 1 } });
    layer.start();
    expect(layer.active).toBe(true);
    const policy = hub.policy('database', { strategies: [timeout({ timeoutMs: 100 }), layer] });
    expect(events).toMatchObject([{ status: 'on' }]);
    expect(await errorOf(policy.execute(() => 'fine'))).toBeInstanceOf(InjectedFaultError);
    layer.stop();
    expect(await policy.execute(() => 'fine')).toBe('fine');
    expect(policy.chaos?.active).toBe(false);
  });

  test('keeps calls under way as they are when it goes off', async () => {
    const policy = hub.policy('database', { chaos: { latency: { rate: 1, ms: 100 } } });
    policy.chaos?.start();
    const call = follow(policy.execute(() => 'fine'));
    policy.chaos?.stop();
    await flush();
    expect(call.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(115);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'fine' });
  });
});

describe('chaos that options switch on', () => {
  test('stays off where a person stopped it, whatever becomes of its end', async () => {
    const policy = hub.policy('database', { chaos: { enabled: true, error: { rate: 1 } } });
    policy.chaos?.stop();
    policy.update({ chaos: { forMs: 500 } }, { forMs: 10_000 });
    expect(policy.chaos?.active).toBe(false);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(policy.chaos?.active).toBe(false);
    policy.update({ chaos: { enabled: true, forMs: 700 } });
    expect(policy.chaos?.active).toBe(false);
    expect(events.map(({ status }) => status)).toEqual(['on', 'off']);
    policy.chaos?.start();
    expect(policy.chaos?.until).toBe(Date.now() + 700);
  });

  test('does not come on again once its time was over', async () => {
    const policy = hub.policy('database', { chaos: { enabled: true, forMs: 1_000, error: { rate: 1 } } });
    await vi.advanceTimersByTimeAsync(2_000);
    policy.update({ chaos: { forMs: 5_000 } }, { forMs: 10_000 });
    expect(policy.chaos?.active).toBe(false);
    await vi.advanceTimersByTimeAsync(11_000);
    policy.update({ chaos: { enabled: false } }, { forMs: 1_000 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(policy.chaos?.active).toBe(false);
    expect(events.map(({ status }) => status)).toEqual(['on', 'off']);
  });

  test('goes on after it was off for a time, unless a person stopped it', async () => {
    const policy = hub.policy('database', { chaos: { enabled: true, error: { rate: 1 } } });
    policy.update({ chaos: { enabled: false } }, { forMs: 1_000 });
    expect(policy.chaos?.active).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(policy.chaos?.active).toBe(true);
    policy.update({ chaos: { enabled: false } }, { forMs: 1_000 });
    policy.chaos?.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(policy.chaos?.active).toBe(false);
    policy.update({ chaos: { enabled: false } });
    policy.update({ chaos: { enabled: true } });
    expect(policy.chaos?.active).toBe(true);
  });

  test('ends as long after it was switched on as its options say then', async () => {
    const policy = hub.policy('database', { chaos: { enabled: true, error: { rate: 1 } } });
    const since = Date.now();
    await vi.advanceTimersByTimeAsync(400);
    policy.update({ chaos: { forMs: 1_000 } });
    expect(policy.chaos?.until).toBe(since + 1_000);
    expect(events.at(-1)).toMatchObject({ status: 'on', until: since + 1_000 });
    await vi.advanceTimersByTimeAsync(599);
    expect(policy.chaos?.active).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(events.at(-1)).toMatchObject({ status: 'off', reason: 'its time is over' });
  });

  test('ends at once where it should have ended before', () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    policy.chaos?.start();
    vi.advanceTimersByTime(400);
    policy.update({ chaos: { forMs: 300 } });
    expect(policy.chaos?.active).toBe(false);
  });

  test('keeps the end that start() gave it', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    policy.chaos?.start({ forMs: 2_000 });
    policy.update({ chaos: { forMs: 5_000 } }, { forMs: 1_000 });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(policy.chaos?.active).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(policy.chaos?.active).toBe(false);
  });

  test('for a time tells when that ends, of several updates the one that ends it', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    const now = Date.now();
    policy.update({ chaos: { enabled: true } }, { forMs: 10_000 });
    expect(policy.chaos?.until).toBe(now + 10_000);
    expect(warnings.at(-1)).toContain(`is ON until ${new Date(now + 10_000).toISOString()}`);
    const end = policy.update({ chaos: { enabled: true } }, { forMs: 30_000 });
    policy.update({ chaos: { error: { rate: 0.5 } } }, { forMs: 60_000 });
    expect(policy.chaos?.until).toBe(now + 30_000);
    policy.update({ chaos: { enabled: false } }, { forMs: 5_000 });
    expect(policy.chaos?.until).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(policy.chaos?.until).toBe(now + 30_000);
    end();
    expect([policy.chaos?.active, policy.chaos?.until]).toEqual([false, undefined]);
  });
});

describe('what is said while it is on', () => {
  test('is said once a minute, though an open circuit lets no call come to it', async () => {
    const policy = hub.policy('database', {
      circuitBreaker: { consecutiveFailures: 1, openMs: 300_000 },
      chaos: { error: { rate: 1 } },
    });
    policy.chaos?.start({ forMs: 250_000 });
    await repeat(280, async () => {
      await errorOf(policy.execute(() => 'fine'));
      await vi.advanceTimersByTimeAsync(1_000);
    });
    const said = events.filter(({ status }) => status !== 'fault').map(({ status }) => status);
    expect(said).toEqual(['on', 'still-on', 'still-on', 'still-on', 'still-on', 'off']);
  });

  test('is not said by a strategy that belongs to no policy, which keeps no timer for it', () => {
    chaos({ error: { rate: 1 } }).start();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('may be the last, where a listener switches it off', async () => {
    const policy = hub.policy('database', { chaos: { error: { rate: 1 } } });
    hub.on('chaos', ({ status }) => {
      if (status === 'still-on') policy.chaos?.stop();
    });
    policy.chaos?.start();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(events.map(({ status }) => status)).toEqual(['on', 'still-on', 'off']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the hazard of chaos without an end', () => {
  const codes = (name: string) => hub.get(name).hazards.map(({ code }) => code);
  const make = (name: string) => hub.policy(name, { chaos: { error: { rate: 1 } }, silenceHazards: [] });

  test('is that of start() too, until it is switched off or has an end', () => {
    const policy = make('database');
    policy.chaos?.start();
    expect(codes('database')).toEqual(['CHAOS_WITHOUT_END']);
    expect(warnings.filter((text) => text.includes('without an end'))).toHaveLength(1);
    policy.chaos?.start({ forMs: 1_000 });
    expect(codes('database')).toEqual([]);
    policy.chaos?.start();
    policy.chaos?.stop();
    expect(codes('database')).toEqual([]);
  });

  test('is none where an update switches it on for a time', async () => {
    const policy = make('database');
    policy.update({ chaos: { enabled: true } }, { forMs: 10_000 });
    expect(codes('database')).toEqual([]);
    policy.update({ chaos: { enabled: true } });
    expect(codes('database')).toEqual(['CHAOS_WITHOUT_END']);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([policy.chaos?.active, codes('database')]).toEqual([true, ['CHAOS_WITHOUT_END']]);
  });

  test('is that of a layer which was on before the policy was made', () => {
    const layer = chaos({ error: { rate: 1 } });
    layer.start();
    hub.policy('database', { strategies: [timeout({ timeoutMs: 100 }), layer], silenceHazards: [] });
    expect(codes('database')).toEqual(['CHAOS_WITHOUT_END']);
  });
});

describe('several layers of chaos', () => {
  test('have one switch, which shows and stops all of them', async () => {
    const [outer, inner] = [chaos({ error: { rate: 1 } }), chaos({ latency: { rate: 1, ms: 30 } })];
    const policy = hub.policy('database', {
      strategies: [outer, retry({ maxRetries: 0 }), circuitBreaker(), inner, timeout({ timeoutMs: 100 })],
    });
    expect(policy.chaos?.active).toBe(false);
    const now = Date.now();
    inner.start({ forMs: 500 });
    expect([policy.chaos?.active, policy.chaos?.faults, policy.chaos?.until]).toEqual([true, 0, now + 500]);
    const call = follow(policy.execute(() => 'fine'));
    await vi.advanceTimersByTimeAsync(50);
    expect(call.now.status).toBe('fulfilled');
    outer.start({ forMs: 900 });
    expect([policy.chaos?.faults, policy.chaos?.until]).toEqual([1, now + 950]);
    expect(await active()).toBe(1);
    policy.chaos?.stop();
    expect([policy.chaos?.active, outer.active, inner.active]).toEqual([false, false, false]);
    expect(await policy.execute(() => 'fine')).toBe('fine');
    policy.chaos?.start({ forMs: 100 });
    expect([outer.active, inner.active]).toEqual([true, true]);
    outer.start();
    expect([policy.chaos?.active, policy.chaos?.until]).toEqual([true, undefined]);
    expect(() => policy.chaos?.start({ forMs: 0 })).toThrow(/forMs/);
  });
});
