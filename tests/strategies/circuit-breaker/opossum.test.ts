import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorOf, failing, follow, hanging, repeat, testHub } from '../../support.ts';

/** opossum-prometheus is CommonJS and has no types of its own. */
const PrometheusMetrics: new (options: { circuits: unknown[]; registry: Registry }) => unknown =
  createRequire(import.meta.url)('opossum-prometheus');

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

function dependency() {
  return testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 2, openMs: 1_000 },
    attemptTimeoutMs: 100,
  });
}

test('opossum-prometheus attaches and counts what happened', async () => {
  const policy = dependency();
  const registry = new Registry();
  new PrometheusMetrics({ circuits: [policy.circuit.breaker], registry });

  await repeat(3, () => policy.execute(() => 'fine'));
  await repeat(1, () => policy.execute(failing()));
  const hung = follow(policy.execute(hanging));
  await vi.advanceTimersByTimeAsync(120);
  expect(hung.now.status).toBe('rejected');
  expect(policy.circuit.state).toBe('open');
  await repeat(4, () => policy.execute(() => 'unused'));
  await vi.advanceTimersByTimeAsync(1_001);
  await policy.execute(() => 'probe');

  const text = await registry.metrics();
  const counts = Object.fromEntries(
    [...text.matchAll(/^circuit\{name="database",event="(\w+)"\} (\d+)/gm)].map(([, event, count]) => [
      event,
      Number(count),
    ]),
  );
  expect(counts).toEqual({
    fire: 10,
    success: 4,
    failure: 2,
    timeout: 1,
    reject: 4,
    open: 1,
    halfOpen: 1,
    close: 1,
  });
  expect(text).toContain('circuit_perf_count{name="database",event="success"} 4');
  expect(text).toContain('circuit_perf_count{name="database",event="failure"} 2');
});

test('its state, stats and JSON are true', async () => {
  const policy = dependency();
  const { breaker } = policy.circuit;
  expect(breaker).toMatchObject({
    name: 'database',
    closed: true,
    opened: false,
    halfOpen: false,
    enabled: true,
  });
  await repeat(3, () => policy.execute(() => 'fine'));
  await repeat(2, () => policy.execute(failing()));
  await repeat(1, () => policy.execute(() => 'unused'));
  expect(breaker).toMatchObject({ closed: false, opened: true, halfOpen: false });
  expect(breaker.stats).toMatchObject({ fires: 6, successes: 3, failures: 2, rejects: 1, timeouts: 0 });
  expect(breaker.toJSON()).toMatchObject({
    state: {
      name: 'database',
      closed: false,
      open: true,
      halfOpen: false,
      enabled: true,
      lastTimerAt: Date.now(),
    },
    status: { fires: 6, failures: 2 },
  });
  await vi.advanceTimersByTimeAsync(1_001);
  expect(breaker).toMatchObject({ opened: false, halfOpen: true, pendingClose: true });
  follow(policy.execute(hanging));
  expect(breaker.pendingClose).toBe(false);
  await vi.advanceTimersByTimeAsync(120);
  expect(breaker.opened).toBe(true);
  policy.circuit.reset();
});

test('its stats roll with the clock, and an idle breaker owns no timer', async () => {
  const policy = dependency();
  await repeat(5, () => policy.execute(() => 'fine'));
  await vi.advanceTimersByTimeAsync(11);
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(policy.circuit.breaker.stats.successes).toBe(5);
  await vi.advanceTimersByTimeAsync(16_000);
  expect(policy.circuit.breaker.stats).toMatchObject({ successes: 0, fires: 0, latencyMean: 0 });
  expect(policy.circuit.breaker.status.window).toHaveLength(10);
  expect(vi.getTimerCount()).toBe(0);
});

describe('listeners', () => {
  test('removing them all, one by one or at once, disarms nothing', async () => {
    const policy = dependency();
    const { breaker } = policy.circuit;
    breaker.removeAllListeners();
    for (const event of ['success', 'failure', 'open', 'close'] as const) {
      for (const listener of breaker.listeners(event)) {
        Reflect.apply(breaker.removeListener, breaker, [event, listener]);
      }
    }
    await repeat(2, () => policy.execute(failing()));
    expect(policy.circuit.state).toBe('open');
    expect(breaker.stats).toMatchObject({ failures: 2 });
    const heard = vi.fn();
    breaker.on('close', heard);
    await vi.advanceTimersByTimeAsync(1_001);
    await policy.execute(() => 'probe');
    expect(heard).toHaveBeenCalledTimes(1);
    breaker.on('success', heard);
    await policy.execute(() => 'fine');
    expect(heard).toHaveBeenCalledTimes(2);
    expect(breaker.eventNames()).toContain('success');
  });

  test("once() hears once, with opossum's arguments", async () => {
    const policy = dependency();
    const { breaker } = policy.circuit;
    const [success, failure] = [vi.fn(), vi.fn()];
    breaker.once('success', success);
    breaker.on('failure', failure);
    await repeat(2, () => policy.execute(() => 'fine'));
    expect(success).toHaveBeenCalledExactlyOnceWith('fine', 0);
    const down = new Error('down');
    await errorOf(policy.execute(() => Promise.reject(down)));
    expect(failure).toHaveBeenCalledExactlyOnceWith(down, 0, []);
  });

  test('the outcomes of a released permit are told as neither success nor failure', async () => {
    const policy = dependency();
    const heard = vi.fn();
    const emitter: EventEmitter = policy.circuit.breaker;
    for (const event of ['success', 'failure', 'timeout']) emitter.on(event, heard);
    await repeat(1, () => policy.execute(() => Promise.reject(new TypeError('x is not a function'))));
    expect(heard).not.toHaveBeenCalled();
  });
});

describe('its controls steer the circuit', () => {
  test('open() and close()', async () => {
    const policy = dependency();
    const { breaker } = policy.circuit;
    const heard: string[] = [];
    const emitter: EventEmitter = breaker;
    for (const event of ['open', 'close', 'halfOpen']) emitter.on(event, () => heard.push(event));
    breaker.open();
    expect(policy.circuit.state).toBe('open');
    await vi.advanceTimersByTimeAsync(500);
    breaker.open();
    expect(policy.circuit.retryAfterMs).toBe(500);
    breaker.close();
    expect(policy.circuit.state).toBe('closed');
    breaker.close();
    breaker.open();
    await vi.advanceTimersByTimeAsync(1_001);
    expect(policy.circuit.state).toBe('half-open');
    expect(heard).toEqual(['open', 'close', 'open', 'halfOpen']);
  });

  test('disable(), enable() and shutdown()', async () => {
    const policy = dependency();
    const { breaker } = policy.circuit;
    breaker.disable();
    expect(policy.circuit.state).toBe('disabled');
    expect(breaker.enabled).toBe(false);
    await repeat(5, () => policy.execute(failing()));
    expect(policy.circuit.state).toBe('disabled');
    breaker.enable();
    expect(policy.circuit.state).toBe('closed');
    breaker.enable();
    breaker.shutdown();
    expect(policy.circuit.state).toBe('disabled');
  });

  test('healthCheck() opens it when the check fails', async () => {
    const policy = dependency();
    const failed = vi.fn();
    policy.circuit.breaker.on('healthCheckFailed', failed);
    let healthy = true;
    policy.circuit.breaker.healthCheck(
      () => (healthy ? Promise.resolve() : Promise.reject(new Error('sick'))),
      500,
    );
    await vi.advanceTimersByTimeAsync(1_200);
    expect(policy.circuit.state).toBe('closed');
    healthy = false;
    await vi.advanceTimersByTimeAsync(500);
    expect(policy.circuit.state).toBe('open');
    expect(failed).toHaveBeenCalled();
    vi.clearAllTimers();
  });

  test('a person who opens it pages nobody, a health check that fails does', async () => {
    const hub = testHub({ incidents: { sinks: [] } });
    const byHand = hub.policy('by-hand').circuit.breaker;
    const checked = hub.policy('checked').circuit.breaker;
    byHand.open();
    expect(hub.incidents.list()).toEqual([]);

    checked.healthCheck(() => Promise.reject(new Error('sick')), 500);
    await vi.advanceTimersByTimeAsync(1);
    expect(hub.incidents.list()).toMatchObject([{ policy: 'checked' }]);
    checked.close();
    checked.open();
    byHand.close();
    byHand.open();
    expect(hub.incidents.list()).toHaveLength(1);
    vi.clearAllTimers();
    await hub.close();
  });

  test('fire() and call() are not for use, and say so', async () => {
    const { breaker } = dependency().circuit;
    expect(await errorOf(breaker.fire())).toMatchObject({
      message: expect.stringContaining('call through the policy'),
    });
    expect(await errorOf(breaker.call(null))).toMatchObject({
      message: expect.stringContaining('call through the policy'),
    });
  });
});
