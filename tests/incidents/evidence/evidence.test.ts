import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { incidentChange } from '../../../src/incidents/incident/changes/change.ts';
import { IncidentRecord } from '../../../src/incidents/incident/record.ts';
import { errorOf, failing, repeat } from '../../support.ts';
import { sampleIncident } from '../sample.ts';
import { grown, quantileMs } from '../scrape.ts';
import { measuredOf, outage, scraped } from './fixtures.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 10) });
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

/** An operation that takes so long, and then fails where an error is given. */
const taking = (ms: number, error?: unknown) => async () => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  if (error !== undefined) throw error;
  return 'fine';
};

class DatabaseError extends Error {
  override name = 'DatabaseError';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

describe('numbers', () => {
  test('each equals what /metrics counted from the first failure on, those before the circuit opened included', async () => {
    const { policy, registry, evidence, begun, events } = outage({
      totalTimeoutMs: 10_000,
      attemptTimeoutMs: 1_000,
      retry: { maxRetries: 1, baseDelayMs: 100, jitter: 'none' },
      circuitBreaker: { failureRate: 0.5, minimumThroughput: 10, openMs: 5_000 },
      cacheFallback: { staleIfErrorMs: 3_600_000 },
      fallback: (error) => {
        throw error;
      },
      slo: { availability: 0.99, latency: { objective: 0.9, thresholdMs: 200 }, correctness: 0.99 },
    });
    const run = async (operation: () => unknown, ms: number, cacheKey?: string): Promise<void> => {
      const call = policy.execute(operation, { cacheKey });
      call.catch(() => {});
      await vi.advanceTimersByTimeAsync(ms);
    };
    for (let at = 0; at < 400; at += 1) await run(taking(3 + (at % 5)), 10, at === 0 ? 'a' : undefined);
    await vi.advanceTimersByTimeAsync(40_000);
    const before = await scraped(registry);
    const firstFailureAt = Date.now() + 40;

    const down = new DatabaseError('terminating connection, password=hunter2', '57P01');
    for (let at = 0; at < 2; at += 1) await run(taking(40, down), 300);
    await run(taking(5_000), 3_000);
    for (let at = 0; at < 30 && events.length === 0; at += 1)
      await run(taking(60, new TypeError('x is not a function')), 100);
    expect(events, 'defects do not open it').toEqual([]);
    for (let at = 0; at < 60 && events.length === 0; at += 1) await run(taking(40, down), 300);
    expect(events).toMatchObject([{ to: 'open', failingSince: firstFailureAt }]);
    for (let at = 0; at < 7; at += 1) await run(taking(1), 10);
    for (let at = 0; at < 3; at += 1) await run(taking(1), 10, 'a');
    await vi.advanceTimersByTimeAsync(6_000);
    await run(taking(30, new DatabaseError('still starting', '57P03')), 200);

    const measured = measuredOf(evidence.measure('INC-1'));
    const after = await scraped(registry);
    const counted = (name: string, labels?: Record<string, string>) => grown(before, after, name, labels);
    expect(measured.during).toEqual({
      calls: counted('calls_total'),
      failed: counted('calls_total', { outcome: 'failure' }) + counted('calls_total', { outcome: 'defect' }),
      timedOut: counted('calls_total', { outcome: 'timeout' }),
      rejected: counted('calls_total', { outcome: 'rejected' }),
      retried: counted('retries_total'),
      servedStale: counted('fallbacks_total', { source: 'stale' }),
      servedFallback: counted('fallbacks_total', { source: 'fallback' }),
    });
    for (const number of ['calls', 'failed', 'timedOut', 'rejected', 'retried', 'servedStale'] as const) {
      expect(measured.during[number], number).toBeGreaterThan(0);
    }
    const { latency } = measured;
    expect(latency.p50DuringMs).toBeCloseTo(quantileMs(0.5, before, after, 'call_duration_seconds'), 9);
    expect(latency.p99DuringMs).toBeCloseTo(quantileMs(0.99, before, after, 'call_duration_seconds'), 9);
    expect(latency.p50BeforeMs).toBeCloseTo(quantileMs(0.5, new Map(), before, 'call_duration_seconds'), 9);
    expect(latency.p99BeforeMs).toBeCloseTo(quantileMs(0.99, new Map(), before, 'call_duration_seconds'), 9);
    expect(latency.p99DuringMs).toBeGreaterThan(latency.p99BeforeMs ?? Number.NaN);

    const remaining = (samples: ReadonlyMap<string, number>, sli: string) =>
      grown(new Map(), samples, 'error_budget_remaining_ratio', { sli });
    expect(measured.budget.map(({ sli }) => sli)).toEqual(['availability', 'latency', 'correctness']);
    for (const { sli, remainingBefore, remainingAfter } of measured.budget) {
      expect(remainingBefore, sli).toBeCloseTo(remaining(before, sli), 9);
      expect(remainingAfter, sli).toBeCloseTo(remaining(after, sli), 9);
      expect(remainingAfter, sli).toBeLessThan(remainingBefore ?? Number.NaN);
    }

    const errors = Object.fromEntries(measured.errors.map(({ kind, count }) => [kind, count]));
    const attempts = (outcome: string) => counted('attempts_total', { outcome });
    expect(errors).toEqual({
      'DatabaseError 57P01': attempts('failure') - 1,
      'DatabaseError 57P03': 1,
      'TimeoutError TIMEOUT': attempts('timeout'),
      TypeError: attempts('defect'),
    });
    expect(measured.otherErrors).toBe(0);
    const [sample] = measured.errors.flatMap(({ kind, sample }) => (kind.endsWith('P01') ? sample : []));
    expect(sample).toBe('terminating connection, password=[redacted]');

    expect(begun.map(({ type }) => type)).toEqual(['situation', 'measured']);
    expect(measuredOf(begun[1]).during.failed, 'the failures that opened it').toBeGreaterThan(0);
    for (const change of [...begun, measured]) expect(incidentChange.parse(change)).toEqual(change);
  });

  test('a row of failures is counted from its first, however long before the window', async () => {
    const { policy, evidence, events } = outage({
      circuitBreaker: { failureRate: false, consecutiveFailures: 4, window: { type: 'time', ms: 1_000 } },
    });
    await repeat(1, () => policy.execute(failing('an older one')));
    await repeat(1, () => policy.execute(() => 'fine'));
    const first = Date.now();
    for (let at = 0; at < 4; at += 1) {
      await repeat(1, () => policy.execute(failing()));
      await vi.advanceTimersByTimeAsync(700);
    }
    expect(events).toMatchObject([{ to: 'open', failingSince: first }]);
    const { during, errors } = measuredOf(evidence.measure('INC-1'));
    expect(during).toMatchObject({ calls: 4, failed: 4 });
    expect(errors).toMatchObject([{ kind: 'Error', count: 4, sample: 'down' }]);
  });

  test('failures that the window has forgotten are not the beginning', async () => {
    const { policy, evidence } = outage({
      circuitBreaker: { minimumThroughput: 3, window: { type: 'time', ms: 1_000 } },
    });
    await repeat(2, () => policy.execute(failing('long ago')));
    await vi.advanceTimersByTimeAsync(2_000);
    await repeat(3, () => policy.execute(failing()));
    expect(measuredOf(evidence.measure('INC-1'))).toMatchObject({
      during: { calls: 3 },
      errors: [{ sample: 'down', count: 3 }],
    });
  });

  test('an incident that no circuit began counts from its beginning', async () => {
    const { policy, evidence } = outage({ circuitBreaker: false });
    await repeat(3, () => policy.execute(failing('before')));
    evidence.begin({ id: 'INC-2', policy: 'database', trigger: 'person' });
    await repeat(2, () => policy.execute(failing('after')));
    expect(measuredOf(evidence.measure('INC-2'))).toMatchObject({
      during: { calls: 2, failed: 2 },
      errors: [{ sample: 'after', count: 2 }],
      budget: [],
    });
  });

  test('what another process measured is gone on with', async () => {
    const { policy, evidence } = outage({ circuitBreaker: false });
    await repeat(3, () => policy.execute(failing('not of the incident')));
    const during = {
      calls: 10,
      failed: 7,
      timedOut: 1,
      rejected: 2,
      retried: 3,
      servedStale: 0,
      servedFallback: 4,
    };
    const { impact } = sampleIncident();
    evidence.resume(
      sampleIncident({
        impact: {
          ...impact,
          during,
          latency: { p50BeforeMs: 5, p99BeforeMs: 9, p50DuringMs: 50, p99DuringMs: 90 },
          budget: [],
          errors: [{ kind: 'Error', count: 6, sample: 'down', traceId: 'abc' }],
          otherErrors: 2,
        },
      }),
    );
    const { id } = sampleIncident();
    expect(measuredOf(evidence.measure(id))).toMatchObject({
      during,
      latency: { p50BeforeMs: 5, p99BeforeMs: 9, p50DuringMs: 50, p99DuringMs: 90 },
    });
    await repeat(1, () => policy.execute(failing()));
    expect(measuredOf(evidence.measure(id))).toMatchObject({
      during: { ...during, calls: 11, failed: 8 },
      errors: [{ kind: 'Error', count: 7, sample: 'down', traceId: 'abc' }],
      otherErrors: 2,
    });
  });
});

describe('errors', () => {
  test('a storm of kinds is bounded, counted whole, and does not hide the frequent one', async () => {
    const { policy, evidence } = outage({ circuitBreaker: false });
    evidence.begin({ id: 'INC-3', policy: 'database' });
    for (let at = 0; at < 300; at += 1) {
      await repeat(1, () => policy.execute(() => Promise.reject(new DatabaseError('one of many', `E${at}`))));
      if (at >= 200) await repeat(1, () => policy.execute(failing('the frequent one')));
    }
    const { errors, otherErrors } = measuredOf(evidence.measure('INC-3'));
    expect(errors).toHaveLength(10);
    expect(errors[0]).toEqual({ kind: 'Error', count: 100, sample: 'the frequent one' });
    expect(errors.reduce((sum, { count }) => sum + count, otherErrors)).toBe(400);
  });

  test('what is thrown may be anything, hostile getters included', async () => {
    const { policy, evidence, reported } = outage({
      circuitBreaker: { consecutiveFailures: 8, failureRate: false },
    });
    const hostile = new Error('hidden');
    for (const key of ['name', 'code', 'message', 'cause']) {
      Object.defineProperty(hostile, key, {
        get() {
          throw new Error('no');
        },
      });
    }
    const fetchFailed = new Error('fetch failed', {
      cause: Object.assign(new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')]), {
        code: 'ECONNREFUSED',
      }),
    });
    const thrown = [hostile, null, 'text', 7, Symbol('s'), { message: 'plain' }, fetchFailed, { name: 3 }];
    for (const error of thrown) await errorOf(policy.execute(() => Promise.reject(error)));
    expect(policy.circuit.state).toBe('open');
    const kinds = measuredOf(evidence.measure('INC-1')).errors.map(
      ({ kind, sample }) => `${kind}: ${sample}`,
    );
    expect(kinds.sort()).toEqual([
      'Error ECONNREFUSED: fetch failed: connect ECONNREFUSED 127.0.0.1:1',
      'object: plain',
      'thrown null: null',
      'thrown number: 7',
      'thrown string: text',
      'thrown symbol: Symbol(s)',
      'unreadable error: The error cannot be read.',
    ]);
    expect(reported).toEqual([]);
  });

  test('a failed value is an error without a text of its own, and a trace is found by its id', async () => {
    const ports = { traceId: (trace: unknown) => (typeof trace === 'string' ? `id-of-${trace}` : undefined) };
    const { hub, policy, evidence } = outage(
      { circuitBreaker: { consecutiveFailures: 2, failureRate: false }, classify: () => 'transient' },
      ports,
    );
    hub.useTracing({ capture: () => 'span' });
    await repeat(2, () => policy.execute(() => ({ status: 503 })));
    expect(measuredOf(evidence.measure('INC-1')).errors).toEqual([
      {
        kind: 'failed result',
        count: 2,
        sample: 'The operation gave a value that was judged a failure.',
        traceId: 'id-of-span',
      },
    ]);
  });
});

describe('the situation', () => {
  test('has circuits, pipeline, process, changes of the last day and similar incidents', async () => {
    const past = [
      sampleIncident({
        id: 'INC-OLD',
        status: 'resolved',
        resolvedAt: '2026-01-01T11:00:00.000Z',
        durationMs: 3_600_000,
      }),
      sampleIncident({ id: 'INC-OPEN' }),
      sampleIncident({ id: 'INC-DRILL', drill: true, resolvedAt: '2026-01-01T11:00:00.000Z' }),
      sampleIncident({
        id: 'INC-ELSEWHERE',
        policy: 'search',
        trigger: 'slo',
        resolvedAt: '2026-01-02T11:00:00.000Z',
        impact: {
          ...sampleIncident().impact,
          errors: [{ kind: 'DatabaseError 57P01', count: 1, sample: '', traceId: null }],
        },
      }),
      sampleIncident({ id: 'INC-OTHER', policy: 'search', resolvedAt: '2026-01-02T11:00:00.000Z' }),
    ];
    const { policy, evidence, begun } = outage(
      { circuitBreaker: { consecutiveFailures: 2, openMs: 1_000 } },
      { past: () => past },
    );
    const now = Date.now();
    evidence.changed({ at: now - 86_400_001, what: 'too long ago' });
    for (let at = 0; at < 60; at += 1)
      evidence.changed({ at: now - at * 1_000, version: `v${at}`, what: 'released' });
    evidence.changed({ at: now, what: 'token=abcdef set' });
    await repeat(2, () => policy.execute(() => Promise.reject(new DatabaseError('gone', '57P01'))));
    const [situation] = begun;
    if (situation?.type !== 'situation') throw new Error('there is no situation');
    expect(situation.circuits).toMatchObject([
      {
        state: 'open',
        window: { attempts: 2, failures: 2 },
        configuration: { consecutiveFailures: 2, openMs: 1_000, window: { type: 'time', ms: 30_000 } },
      },
    ]);
    expect(JSON.parse(JSON.stringify(situation.circuits))).toEqual(situation.circuits);
    expect(situation.pipeline[0]).toBe("Policy 'database', outermost layer first:");
    expect(situation.pipeline).toContain('4. the operation');
    expect(situation.process).toMatchObject({ node: process.version, rssBytes: expect.any(Number) });
    expect(situation.changes).toHaveLength(50);
    expect(situation.changes.slice(0, 2)).toContainEqual({ at: now, what: 'token=[redacted] set' });
    expect(situation.similar.map(({ incident, why }) => [incident, why])).toEqual([
      ['INC-OLD', 'The same policy, begun in the same way; it lasted 1 h.'],
      ['INC-ELSEWHERE', 'The same error (DatabaseError 57P01).'],
    ]);
  });

  test('has the runbook, without secrets, for when the application is down', () => {
    const runbook = {
      title: 'Fail over',
      url: 'https://wiki.example.com/failover',
      steps: [
        {
          text: 'Promote the replica',
          command: 'psql -c "select 1" &&\n  PGPASSWORD=hunter2 promote',
          check: 'Writes succeed',
          twoPeople: true,
        },
      ],
    };
    const { evidence } = outage({}, { facts: () => ({ runbook }) });
    const [situation] = evidence.begin({ id: 'INC-1', policy: 'database' });
    const command = 'psql -c "select 1" &&\nPGPASSWORD=[redacted] promote';
    const recorded = [{ policy: 'database', ...runbook, steps: [{ ...runbook.steps[0], command }] }];
    expect(situation).toMatchObject({ runbooks: recorded });
    const record = new IncidentRecord('INC-1');
    if (situation !== undefined) record.apply(situation);
    expect(record.toJSON().situation?.runbooks).toEqual([
      { ...recorded[0], steps: [{ ...runbook.steps[0], command, link: null }] },
    ]);
  });

  test('what cannot be read is reported, and the rest is there', () => {
    const down = (): never => {
      throw new Error('not now');
    };
    const { evidence, reported } = outage({}, { past: down, objectives: down });
    const [situation] = evidence.begin({ id: 'INC-1', policy: 'database' });
    expect(situation).toMatchObject({ type: 'situation', similar: [], circuits: [{ state: 'closed' }] });
    expect(reported.length).toBeGreaterThan(0);
  });
});

test('nothing listens, and nothing measures, once no incident is open', async () => {
  const { hub, evidence } = outage({});
  const heard = vi.fn();
  evidence.begin({ id: 'INC-1', policy: 'database' });
  evidence.begin({ id: 'INC-2', policy: 'database' });
  evidence.end('INC-1');
  await repeat(1, () => hub.get('database').execute(failing()));
  expect(measuredOf(evidence.measure('INC-2')).errors).toHaveLength(1);
  expect(evidence.measure('INC-1')).toBeUndefined();
  evidence.close();
  expect(evidence.measure('INC-2')).toBeUndefined();
  const off = hub.on('attempt', heard);
  await repeat(1, () => hub.get('database').execute(failing()));
  expect(heard).toHaveBeenCalledTimes(1);
  off();
  expect(evidence.begin({ id: 'INC-3', policy: 'unknown' })).toMatchObject([
    { type: 'situation', circuits: [] },
  ]);
});
