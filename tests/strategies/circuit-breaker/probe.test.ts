import { AsyncLocalStorage } from 'node:async_hooks';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CircuitBreakerOptions, ProbeContext, ProbeOptions } from '../../../src/index.ts';
import { type Deferred, deferred, errorOf, failing, flush, repeat, testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => void vi.useRealTimers());

/** A policy whose health checks end when the test says so. */
function checked(probe: Partial<ProbeOptions> = {}, options: CircuitBreakerOptions = {}) {
  const registry = new Registry();
  const hub = testHub({ registry });
  const checks: (Deferred & { readonly context: ProbeContext })[] = [];
  const moves: string[] = [];
  const reported: string[] = [];
  hub.on('circuit', ({ from, to, reason }) => moves.push(`${from} to ${to}: ${reason}`));
  hub.on('internal-error', ({ component }) => reported.push(component));
  const check = (context: ProbeContext) => {
    const one = { ...deferred(), context };
    checks.push(one);
    return one.promise;
  };
  const policy = hub.policy('database', {
    circuitBreaker: { consecutiveFailures: 1, openMs: 1_000, ...options, probe: { check, ...probe } },
    totalTimeoutMs: false,
    attemptTimeoutMs: false,
  });
  const open = () => errorOf(policy.execute(failing()));
  const end = async (at: number, healthy: unknown = true) => {
    checks[at]?.resolve(healthy);
    await flush();
  };
  const counted = async (result: string) =>
    new RegExp(`circuit_probes_total\\{policy="database",result="${result}"\\} (\\d+)`).exec(
      await registry.metrics(),
    )?.[1];
  return { hub, policy, checks, moves, reported, open, end, counted };
}

const openMs = 1_000 * 1.05;

describe('an open circuit', () => {
  test('says how long its check may still take', async () => {
    const { policy, open } = checked({ timeoutMs: 200 });
    await open();
    await vi.advanceTimersByTimeAsync(openMs + 50);
    expect(policy.circuit).toMatchObject({ state: 'half-open', retryAfterMs: 150 });
    expect(await errorOf(policy.execute(() => 1))).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 150 });
  });

  test('is tested by the check, and by no call, until it has closed', async () => {
    const { policy, checks, open, end, counted } = checked();
    await open();
    await vi.advanceTimersByTimeAsync(openMs - 1);
    expect(checks).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(checks).toHaveLength(1);
    expect(checks[0]?.context).toMatchObject({ policy: 'database', signal: { aborted: false } });
    const ran = vi.fn(() => 'fine');
    expect(await errorOf(policy.execute(ran))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(ran).not.toHaveBeenCalled();
    await end(0);
    expect(policy.circuit.state).toBe('closed');
    await expect(policy.execute(ran)).resolves.toBe('fine');
    expect(await counted('success')).toBe('1');
    expect(policy.stats().attempts).toMatchObject({ success: 1, failure: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stays open for longer each time that the check fails, however it does', async () => {
    const refused = Object.assign(new Error('postgres://ann:secret@db refused'), { code: 'ECONNREFUSED' });
    const failures: readonly [ProbeOptions['check'], string][] = [
      [() => false, 'it gave false'],
      [() => Promise.reject(refused), 'Error ECONNREFUSED'],
      [
        () => {
          throw new RangeError('down');
        },
        'RangeError',
      ],
    ];
    for (const [check, why] of failures) {
      const { policy, moves, reported, open, counted } = checked({ check });
      await open();
      await vi.advanceTimersByTimeAsync(openMs);
      expect(policy.circuit.state).toBe('open');
      expect(policy.circuit.retryAfterMs).toBeCloseTo(2_100);
      expect(moves.at(-1)).toBe(`half-open to open: its health check failed (${why})`);
      expect(await counted('failure')).toBe('1');
      expect(reported).toEqual([]);
    }
  });

  test('a check that is wrong itself is reported', async () => {
    const check = () => Reflect.get(JSON.parse('null'), 'x');
    const { policy, reported, open } = checked({ check });
    await open();
    await vi.advanceTimersByTimeAsync(openMs);
    expect(policy.circuit.state).toBe('open');
    expect(reported).toEqual(['circuit-probe']);
  });

  test('a check that hangs is given up, and what comes of it late moves nothing', async () => {
    const { policy, checks, moves, open, end, counted } = checked({ timeoutMs: 200 });
    await open();
    await vi.advanceTimersByTimeAsync(openMs + 200);
    expect(checks[0]?.context.signal.aborted).toBe(true);
    expect(moves.at(-1)).toBe('half-open to open: its health check took longer than 200 ms');
    expect(await counted('timeout')).toBe('1');
    await end(0);
    expect(policy.circuit.state).toBe('open');
    expect(await counted('success')).toBe('0');
  });

  test('closes after as many successes in a row as it needs, one at a time', async () => {
    const { policy, checks, open, end } = checked({}, { halfOpenProbes: 2 });
    await open();
    await vi.advanceTimersByTimeAsync(openMs);
    expect(checks).toHaveLength(1);
    await end(0);
    expect(policy.circuit.state).toBe('half-open');
    expect(checks).toHaveLength(2);
    await end(1);
    expect(policy.circuit.state).toBe('closed');
    expect(checks).toHaveLength(2);
  });

  test('probeNow asks the check at once', async () => {
    const { policy, checks, open, end } = checked();
    await open();
    expect(policy.circuit.probeNow('somebody asked')).toBe(true);
    await flush();
    expect(checks).toHaveLength(1);
    await end(0);
    expect(policy.circuit.state).toBe('closed');
  });

  test('what is done by hand during a check stands, and the next waits for the one that hangs', async () => {
    for (const by of ['forceOpen', 'disable', 'reset'] as const) {
      const { policy, checks, open, end } = checked({ timeoutMs: 500 });
      await open();
      await vi.advanceTimersByTimeAsync(openMs);
      if (by === 'forceOpen') policy.circuit.forceOpen('test');
      else policy.circuit[by]();
      const { state } = policy.circuit;
      expect(checks[0]?.context.signal.aborted).toBe(true);
      await end(0, false);
      expect(policy.circuit.state).toBe(state);
      expect(checks).toHaveLength(1);
    }
    const { policy, checks, open } = checked({ timeoutMs: 500 });
    await open();
    await vi.advanceTimersByTimeAsync(openMs);
    policy.circuit.forceOpen('test');
    policy.circuit.probeNow('test');
    await flush();
    expect(checks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(checks).toHaveLength(2);
    expect(policy.circuit.state).toBe('half-open');
  });

  test('a check that is given up counts for nothing, whatever it then does', async () => {
    const heeds = ({ signal }: ProbeContext) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new TypeError('was aborted')));
      });
    const { policy, reported, open, counted } = checked({ check: heeds });
    await open();
    await vi.advanceTimersByTimeAsync(openMs);
    policy.circuit.reset();
    await flush();
    expect(await counted('failure')).toBe('0');
    expect(reported).toEqual([]);
    expect(policy.circuit.state).toBe('closed');
  });

  test('a policy that is closed waits for no check that hangs', async () => {
    const { hub, checks, open } = checked({ timeoutMs: 60_000 });
    await open();
    await vi.advanceTimersByTimeAsync(openMs);
    await hub.close();
    expect(checks).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a check runs in no context of a request, whosever call has opened the circuit', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const check = async () => {
      seen.push(storage.getStore());
      await Promise.resolve();
      return seen.push(storage.getStore()) > 6;
    };
    const { policy, open } = checked({ check, intervalMs: 1_000 });
    await storage.run('a request', open);
    await storage.run('another', () => vi.advanceTimersByTimeAsync(60_000));
    storage.run('a third', () => {
      policy.circuit.forceOpen('test');
      policy.circuit.probeNow('test');
    });
    await flush();
    expect(seen.length).toBeGreaterThan(8);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  test('a policy that is closed checks no more', async () => {
    const { hub, checks, open, end, counted } = checked({ intervalMs: 100 });
    await open();
    await vi.advanceTimersByTimeAsync(openMs);
    await hub.close();
    expect(checks[0]?.context.signal.aborted).toBe(true);
    await end(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(checks).toHaveLength(1);
    expect(await counted('success')).toBeUndefined();
  });
});

describe('a closed circuit', () => {
  test('has no timer without an interval', () => {
    checked();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('opens after so many checks failed in a row, first after a part of the interval', async () => {
    const { policy, checks, moves, end } = checked({ intervalMs: 1_000 });
    await vi.advanceTimersByTimeAsync(500);
    expect(checks).toHaveLength(1);
    for (const at of [0, 1, 2, 3, 4]) {
      expect(policy.circuit.state).toBe('closed');
      await end(at, at === 1);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(moves[0]).toBe('closed to open: 3 health checks in a row failed; the last failed (it gave false)');
    await vi.advanceTimersByTimeAsync(50);
    expect(policy.circuit.state).toBe('half-open');
  });

  test('is not asked about while its calls succeed', async () => {
    const { policy, checks } = checked({ intervalMs: 1_000 });
    for (let at = 0; at < 10; at += 1) {
      await policy.execute(() => 'fine');
      await vi.advanceTimersByTimeAsync(900);
    }
    expect(checks).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(checks).toHaveLength(1);
  });

  test('is not asked about while the calls of its keys succeed, either', async () => {
    const { policy, checks } = checked({ intervalMs: 1_000 }, { perKey: ({ metadata }) => String(metadata) });
    for (let at = 0; at < 10; at += 1) {
      await policy.execute(() => 'fine', { metadata: `tenant ${at}` });
      await vi.advanceTimersByTimeAsync(900);
    }
    expect(checks).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(checks).toHaveLength(1);
  });

  test('that its check has opened turns away the calls of every key', async () => {
    const { policy } = checked(
      { check: () => false, intervalMs: 1_000, failures: 1 },
      { perKey: ({ metadata }) => String(metadata) },
    );
    await expect(policy.execute(() => 'fine', { metadata: 'a' })).resolves.toBe('fine');
    await vi.advanceTimersByTimeAsync(1_600);
    expect(await errorOf(policy.execute(() => 1, { metadata: 'a' }))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  });

  test('of a key is asked about with its key, once it is open', async () => {
    const { checks, policy } = checked({}, { perKey: ({ metadata }) => String(metadata) });
    await repeat(1, () => policy.execute(failing(), { metadata: 'a' }));
    await vi.advanceTimersByTimeAsync(openMs);
    expect(checks.map(({ context }) => context.key)).toEqual(['a']);
  });
});
