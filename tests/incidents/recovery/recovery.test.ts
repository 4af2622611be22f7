import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { incidentChange } from '../../../src/incidents/incident/changes/change.ts';
import { RecoveryControls } from '../../../src/incidents/recovery/controls.ts';
import type { RecoveryRequest } from '../../../src/incidents/recovery/request.ts';
import { policySteering } from '../../../src/incidents/recovery/steering.ts';
import {
  type Circuit,
  type CircuitEvent,
  circuitBreaker,
  fallback,
  type PolicyOptions,
  timeout,
} from '../../../src/index.ts';
import { errorOf, failing, flush, follow, hanging, repeat, testHub } from '../../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

const minutes = (n: number): number => n * 60_000;

function steered(options: PolicyOptions = {}) {
  const hub = testHub();
  const policy = hub.policy('database', options);
  const recorded: {
    incident: string;
    control: string;
    text: string;
    by?: string | undefined;
    ended: boolean;
  }[] = [];
  const moves: CircuitEvent[] = [];
  hub.on('circuit', (event) => moves.push(event));
  const reported: unknown[] = [];
  const controls = new RecoveryControls({
    facts: (name) =>
      hub.has(name)
        ? {
            criticality: 'medium',
            hasFallback: false,
            circuits: policy.circuits,
            stats: () => policy.stats(),
            steering: policySteering(policy),
            runbook: undefined,
          }
        : undefined,
    record: (incident, change) => {
      expect(incidentChange.parse(change)).toEqual(change);
      recorded.push({ incident, ...change });
    },
    report: (_policy, _component, error) => reported.push(error),
  });
  const incident = { id: 'INC-1', policy: 'database', status: 'declared' as const };
  const use = (request: Omit<RecoveryRequest, 'by'>, by = 'ana') =>
    controls.apply(incident, { by, ...request });
  const option = (control: string, limit?: string) =>
    controls
      .options(['database'], incident.id)[0]
      ?.controls.find((one) => one.control === control && one.limit?.name === limit);
  return { hub, policy, controls, recorded, moves, reported, use, option };
}

describe('circuits', () => {
  test('probe now: an open circuit tries at once, and a probe that fails does not lengthen its open time', async () => {
    const { policy, use, option, recorded, moves } = steered({
      circuitBreaker: { consecutiveFailures: 1, openMs: 10_000 },
    });
    expect(option('probe-now')?.unavailable).toBe('the circuit is not open');
    expect(() => use({ control: 'probe-now' })).toThrow('the circuit is not open');
    await repeat(1, () => policy.execute(failing()));
    for (let at = 0; at < 3; at += 1) {
      use({ control: 'probe-now' });
      expect(policy.circuit.state).toBe('half-open');
      await repeat(1, () => policy.execute(failing()));
      expect(policy.circuit.retryAfterMs).toBe(10_000);
    }
    use({ control: 'probe-now' });
    await repeat(1, () => policy.execute(() => 'fine'));
    expect(policy.circuit.state).toBe('closed');
    expect(moves[1]).toMatchObject({ to: 'half-open', manual: true, reason: 'probe asked for by ana' });
    expect(recorded[0]).toMatchObject({ incident: 'INC-1', control: 'probe-now', by: 'ana', ended: true });
  });

  test('an attempt admitted before the probe was asked for moves nothing', async () => {
    const { policy, use } = steered({ circuitBreaker: { consecutiveFailures: 1 } });
    let fail = (_error: Error): void => {};
    const old = follow(policy.execute(() => new Promise((_, reject) => (fail = reject))));
    await repeat(1, () => policy.execute(failing()));
    use({ control: 'probe-now' });
    fail(new Error('late'));
    await flush();
    expect(old.now.status).toBe('rejected');
    expect(policy.circuit.state).toBe('half-open');
  });

  test('force open holds for its time, is said with its end, and then probes', async () => {
    const { policy, use, option, recorded, moves } = steered();
    const change = use({ control: 'force-open', reason: 'relieve it, password=hunter2' });
    expect(change.until).toBe(Date.now() + minutes(15));
    expect(policy.circuit.state).toBe('forced-open');
    expect(option('force-open')?.active).toEqual({ incident: 'INC-1', by: 'ana', until: change.until });
    await vi.advanceTimersByTimeAsync(minutes(15) - 1);
    expect(policy.circuit.state).toBe('forced-open');
    await vi.advanceTimersByTimeAsync(2);
    expect(policy.circuit.state).toBe('half-open');
    expect(recorded.map(({ text, by, ended }) => ({ text, by, ended }))).toEqual([
      {
        text: "For 15 min, all calls of 'database' are turned away: relieve it, password=[redacted]",
        by: 'ana',
        ended: false,
      },
      {
        text: "It is over that all calls of 'database' are turned away: its time is up.",
        by: undefined,
        ended: true,
      },
    ]);
    expect(moves.map(({ to }) => to)).toEqual(['forced-open', 'half-open']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('force closed lets all through until it is ended by hand, and then judges afresh', async () => {
    const { policy, use, recorded } = steered({ circuitBreaker: { consecutiveFailures: 1 } });
    use({ control: 'force-closed', forMs: minutes(5) });
    await repeat(3, () => policy.execute(failing()));
    expect(policy.circuit.state).toBe('disabled');
    use({ control: 'force-closed', end: true }, 'ben');
    expect(policy.circuit.state).toBe('closed');
    expect(recorded.at(-1)).toMatchObject({ control: 'force-closed', by: 'ben', ended: true });
    expect(() => use({ control: 'force-closed', end: true })).toThrow(
      "'force-closed' does not hold for 'database'",
    );
    await vi.advanceTimersByTimeAsync(minutes(6));
    expect(recorded).toHaveLength(2);
  });

  test('one takes the place of another, whose end is said', async () => {
    const { policy, use, recorded } = steered();
    use({ control: 'force-open' });
    use({ control: 'force-closed', forMs: minutes(1) }, 'ben');
    expect(policy.circuit.state).toBe('disabled');
    expect(recorded.map(({ control, by, ended }) => [control, by, ended])).toEqual([
      ['force-open', 'ana', false],
      ['force-open', 'ben', true],
      ['force-closed', 'ben', false],
    ]);
    await vi.advanceTimersByTimeAsync(minutes(20));
    expect(policy.circuit.state).toBe('closed');
    expect(recorded).toHaveLength(4);
  });

  test('what somebody else did to the circuit meanwhile is left alone', async () => {
    const { policy, use } = steered();
    use({ control: 'force-open' });
    policy.circuit.reset();
    policy.circuit.disable();
    await vi.advanceTimersByTimeAsync(minutes(16));
    expect(policy.circuit.state).toBe('disabled');
  });

  test.each(['force-open', 'force-closed', 'probe-now'] as const)(
    'what others hold by hand is not overridden by %s, which says so',
    async (control) => {
      const { policy, use, option, recorded } = steered();
      policy.circuit.forceOpen('the database is being restored: do not touch');
      expect(() => use({ control, forMs: 300 })).toThrow(/is held by hand/);
      expect(option(control)?.unavailable).toMatch(/is held by hand/);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(policy.circuit).toMatchObject({ state: 'forced-open', retryAfterMs: Number.POSITIVE_INFINITY });
      policy.circuit.reset();
      policy.circuit.disable();
      expect(() => use({ control, forMs: 300 })).toThrow(/is held by hand/);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(policy.circuit.state).toBe('disabled');
      expect(recorded).toEqual([]);
    },
  );

  test.each([
    ['forced open anew', 'force-open', true, (circuit) => circuit.forceOpen('restore')],
    ['forced open for longer', 'force-open', false, (circuit) => circuit.forceOpen('restore')],
    ['disabled anew', 'force-closed', true, (circuit) => circuit.disable(minutes(60))],
    ['disabled for longer', 'force-closed', false, (circuit) => circuit.disable()],
  ] satisfies [string, RecoveryRequest['control'], boolean, (circuit: Circuit) => void][])(
    'a circuit of ours that others have %s is theirs',
    async (_, control, resets, change) => {
      const { policy, use } = steered();
      use({ control, forMs: minutes(1) });
      await vi.advanceTimersByTimeAsync(1_000);
      if (resets) policy.circuit.reset();
      change(policy.circuit);
      const { state, retryAfterMs } = policy.circuit;
      expect(() => use({ control: 'force-open' })).toThrow(/is held by hand/);
      use({ control, end: true });
      expect(policy.circuit).toMatchObject({ state, retryAfterMs });
      await vi.advanceTimersByTimeAsync(minutes(2));
      expect(policy.circuit.state).toBe(state);
    },
  );

  test("a drill's incident may do to its circuits what people would do in earnest, and no other", () => {
    const { policy, controls, use, option } = steered();
    policy.circuit.forceOpen('a drill', minutes(30));
    controls.lend('INC-2', ['database'], new Set([policy.circuit]));
    expect(() => use({ control: 'probe-now' })).toThrow(/is held by hand/);
    controls.lend('INC-1', ['database'], new Set([policy.circuit]));
    expect(option('probe-now')?.unavailable).toBeUndefined();
    use({ control: 'force-closed' });
    expect(policy.circuit.state).toBe('disabled');
    controls.incidentClosed('INC-1');
    expect(policy.circuit.state).toBe('closed');
    policy.circuit.forceOpen('restore');
    expect(() => use({ control: 'probe-now' })).toThrow(/is held by hand/);
  });

  test('what an incident did is over with it, and what others did is not', async () => {
    const { policy, controls, use, recorded, option } = steered({ retry: {} });
    use({ control: 'force-closed', forMs: minutes(60) });
    use({ control: 'change-limit', limit: 'retry.maxRetries', value: 0 });
    controls.incidentClosed('INC-2');
    expect(policy.circuit.state).toBe('disabled');
    controls.incidentClosed('INC-1');
    expect(policy.circuit.state).toBe('closed');
    expect(option('change-limit', 'retry.maxRetries')?.limit?.current).toBeGreaterThan(0);
    expect(recorded.slice(2)).toMatchObject([
      { control: 'force-closed', ended: true, text: expect.stringContaining('its incident is over') },
      { control: 'change-limit', ended: true },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('fallback on claims no more of a cache than that it answers what it has', async () => {
    const { policy, use, option, recorded } = steered({ cacheFallback: { staleIfErrorMs: 60_000 } });
    expect(await policy.execute(() => 'kept', { cacheKey: 'known' })).toBe('kept');
    use({ control: 'fallback-on' });
    expect(await policy.execute(() => 'live', { cacheKey: 'known' })).toBe('kept');
    await expect(policy.execute(() => 'live', { cacheKey: 'new' })).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    const said = 'its cache answers those that it has a value for, the others are rejected';
    expect(option('fallback-on')?.text).toContain(said);
    expect(recorded.at(0)?.text).toContain(said);
  });

  test('fallback on answers all calls, where a fallback stands around the circuit', async () => {
    const { policy, use, recorded } = steered({ fallback: () => 'instead' });
    const operation = vi.fn(() => 'live');
    use({ control: 'fallback-on' });
    expect(await policy.execute(operation)).toBe('instead');
    expect(operation).not.toHaveBeenCalled();
    use({ control: 'fallback-on', end: true });
    expect(await policy.execute(operation)).toBe('live');
    expect(recorded.at(0)?.text).toContain(
      "all calls of 'database' are turned away, and its fallback is asked to answer them",
    );
    const within = steered({
      strategies: [circuitBreaker(), fallback(() => 'instead'), timeout({ timeoutMs: 5 })],
    });
    expect(() => within.use({ control: 'fallback-on' })).toThrow('no fallback that answers for its circuit');
    const without = steered({ circuitBreaker: { mode: 'shadow' } });
    expect(() => without.use({ control: 'force-open' })).toThrow('no circuit that turns calls away');
  });
});

describe('limits', () => {
  test('each is changed for what begins, and given back when its time is up', async () => {
    const { policy, use, option, recorded } = steered({
      retry: { maxRetries: 2, baseDelayMs: 10, jitter: 'none' },
    });
    const names = ['totalTimeoutMs', 'retry.maxRetries', 'circuitBreaker.openMs', 'attemptTimeoutMs'];
    for (const name of names) expect(option('change-limit', name)?.unavailable).toBeUndefined();

    const before = follow(policy.execute(hanging, { timeoutMs: 60_000 }));
    use({ control: 'change-limit', limit: 'attemptTimeoutMs', value: 500 });
    use({ control: 'change-limit', limit: 'retry.maxRetries', value: 0 });
    expect(option('change-limit', 'attemptTimeoutMs')?.limit).toEqual({
      name: 'attemptTimeoutMs',
      current: 500,
      configured: 10_000,
    });
    const call = follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(520);
    expect(call.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'attempt', timeoutMs: 500 } });
    expect(before.now.status).toBe('pending');
    let attempts = 0;
    await errorOf(
      policy.execute(() => {
        attempts += 1;
        throw new Error('down');
      }),
    );
    expect(attempts).toBe(1);
    await vi.advanceTimersByTimeAsync(minutes(15));
    expect(option('change-limit', 'attemptTimeoutMs')?.limit?.current).toBe(10_000);
    expect(recorded.map(({ ended }) => ended)).toEqual([false, false, true, true]);
  });

  test('a call under way keeps the time that it was given, and is told that one', async () => {
    const { policy, use } = steered({ totalTimeoutMs: 1_000, attemptTimeoutMs: false });
    const short = follow(policy.execute(hanging));
    use({ control: 'change-limit', limit: 'totalTimeoutMs', value: 5_000 });
    const long = follow(policy.execute(hanging));
    await vi.advanceTimersByTimeAsync(1_020);
    expect(short.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total' } });
    expect(short.now.status === 'rejected' && short.now.reason.timeoutMs).toBeLessThanOrEqual(1_020);
    expect(long.now.status).toBe('pending');
    await vi.advanceTimersByTimeAsync(4_000);
    expect(long.now).toMatchObject({ reason: { timeoutMs: 5_000 } });
  });

  test('retries under way end as they began', async () => {
    const { policy, use } = steered({
      retry: { maxRetries: 1, baseDelayMs: 100, jitter: 'none' },
      circuitBreaker: false,
    });
    let attempts = 0;
    const call = follow(
      policy.execute(() => {
        attempts += 1;
        throw new Error('down');
      }),
    );
    await flush();
    use({ control: 'change-limit', limit: 'retry.maxRetries', value: 5 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(call.now).toMatchObject({ status: 'rejected', reason: { message: 'down' } });
    expect(attempts).toBe(2);
  });

  test('the open time holds from the next opening on', async () => {
    const { policy, use } = steered({ circuitBreaker: { consecutiveFailures: 1, openMs: 30_000 } });
    use({ control: 'change-limit', limit: 'circuitBreaker.openMs', value: 2_000 });
    await repeat(1, () => policy.execute(failing()));
    expect(policy.circuit.retryAfterMs).toBe(2_000);
    expect(policy.circuit.configuration).toMatchObject({ openMs: 2_000 });
  });
});

describe('requests', () => {
  test.each([
    [{ control: 'probe' }, 'control'],
    [{ control: 'force-open', forMs: 86_400_001 }, 'forMs'],
    [{ control: 'force-open', forMs: 0 }, 'forMs'],
    [{ control: 'force-open', limit: 'attemptTimeoutMs' }, 'limit'],
    [{ control: 'force-open', by: ' ' }, 'by'],
    [{ control: 'force-open', policy: 'unknown' }, 'policy'],
    [{ control: 'change-limit', limit: 'attemptTimeoutMs' }, 'value'],
    [{ control: 'change-limit', limit: 'attemptTimeout', value: 5 }, "did you mean 'attemptTimeoutMs'?"],
    [{ control: 'change-limit', limit: 'attemptTimeoutMs', value: 0 }, 'from 1 to 3600000'],
    [{ control: 'change-limit', limit: 'totalTimeoutMs', value: 0.0001 }, 'from 1 to 3600000'],
    [{ control: 'change-limit', limit: 'attemptTimeoutMs', value: 1e308 }, 'from 1 to 3600000'],
    [{ control: 'change-limit', limit: 'circuitBreaker.openMs', value: 1e308 }, 'from 1 to'],
    [{ control: 'change-limit', limit: 'retry.maxRetries', value: 101 }, 'from 0 to 100'],
    [{ control: 'change-limit', limit: 'retry.maxRetries', value: 1.5 }, 'whole number'],
    [{ control: 'probe-now', end: true }, 'over at once'],
  ])('%j is refused', (request, told) => {
    const { controls, recorded } = steered({ retry: {} });
    const given: RecoveryRequest = Object.assign({ control: 'force-open' as const, by: 'ana' }, request);
    expect(() => controls.apply({ id: 'INC-1', policy: 'database', status: 'resolved' }, given)).toThrow(
      told,
    );
    expect(recorded).toEqual([]);
  });

  test('what is closed takes none any more', () => {
    const { controls, policy, recorded } = steered();
    const closed = { id: 'INC-1', policy: 'database', status: 'closed' } as const;
    expect(() => controls.apply(closed, { control: 'force-open', by: 'ana' })).toThrow(/id: .*is closed/);
    expect(policy.circuit.state).toBe('closed');
    expect(recorded).toEqual([]);
  });

  test('the end of the hub, or of the policy, ends all of it', async () => {
    const { controls, use, recorded, option, policy, reported } = steered();
    use({ control: 'change-limit', limit: 'attemptTimeoutMs', value: 500 });
    use({ control: 'force-open' });
    controls.policyRemoved('other');
    expect(recorded).toHaveLength(2);
    controls.close();
    expect(recorded.slice(2)).toMatchObject([{ ended: true }, { ended: true }]);
    expect(option('change-limit', 'attemptTimeoutMs')?.limit?.current).toBe(10_000);
    expect(policy.circuit.state).toBe('half-open');
    expect(() => use({ control: 'force-open' })).toThrow('closed');
    expect(reported).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
