import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, errorOf, failing, flush, follow, hanging, repeat, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a circuit of a key is looked up by a limit without being made or used, and perKey is asked once for each call', async () => {
  const asked: unknown[] = [];
  const policy = testHub().policy('database', {
    bulkhead: { maxConcurrent: 1, maxQueue: 1 },
    rateLimit: { ratePerSecond: 1_000 },
    retry: { maxRetries: 2, baseDelayMs: 1, jitter: 'none' },
    circuitBreaker: {
      consecutiveFailures: 2,
      maxKeys: 2,
      perKey: ({ metadata }) => {
        asked.push(metadata);
        return String(metadata);
      },
    },
  });
  const run = (key: string, operation: () => unknown = () => 'fine') =>
    follow(policy.execute(operation, { metadata: key }));
  for (const key of ['old', 'new']) run(key);
  const gate = deferred();
  run('new', () => gate.promise);
  run('new');
  // The bulkhead looks at the circuits of both, and turns them away.
  const turnedAway = [run('old'), run('unknown')];
  await flush();
  for (const { now } of turnedAway) expect(now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
  expect(policy.circuits.flatMap(({ key }) => key ?? [])).toEqual(['old', 'new']);
  expect(asked).toEqual(['old', 'new', 'new', 'new', 'old', 'unknown']);
  gate.resolve('fine');
  await flush();
  asked.length = 0;
  // 'old' was used least recently, however lately it was looked at.
  run('newest', failing());
  await vi.advanceTimersByTimeAsync(10);
  expect(policy.circuits.flatMap(({ key }) => key ?? [])).toEqual(['newest', 'new']);
  expect(asked).toEqual(['newest']);
});

test('a key without a circuit is not taken for open because the circuit around it is', async () => {
  const limited = testHub().policy('limited', {
    bulkhead: { maxConcurrent: 1 },
    circuitBreaker: {
      perKey: ({ metadata }) => (typeof metadata === 'string' ? metadata : undefined),
      consecutiveFailures: 2,
    },
    totalTimeoutMs: false,
    attemptTimeoutMs: false,
  });
  await repeat(2, () => limited.execute(failing()));
  expect(limited.circuit.state).toBe('open');
  follow(limited.execute(hanging, { metadata: 'a' }));
  // A circuit of its own would let it through, and so it needs a place.
  expect(await errorOf(limited.execute(() => 'fine', { metadata: 'b' }))).toMatchObject({
    code: 'BULKHEAD_FULL',
  });
});

test.each([
  ['forced-open', null],
  ['open', 5_000],
] as const)(
  'a key whose saved state, %s, is not taken up yet costs no place and no token',
  async (state, forMs) => {
    const keyed = (key: string) => ({ state, since: Date.now(), until: forMs && Date.now() + forMs, key });
    const policy = testHub().policy('database', {
      bulkhead: { maxConcurrent: 1, maxQueue: 1 },
      rateLimit: { ratePerSecond: 0.001, burst: 3 },
      circuitBreaker: {
        maxKeys: 1,
        perKey: ({ metadata }) => String(metadata),
        restore: ['first', 'late'].map((key) => ({ ...keyed(key), failedRecoveries: 0 })),
      },
      totalTimeoutMs: false,
      attemptTimeoutMs: false,
    });
    const [first] = policy.circuits.filter(({ key }) => key === 'first');
    first?.reset();
    const gate = deferred();
    const running = follow(policy.execute(() => gate.promise, { metadata: 'first' }));
    const refused = follow(policy.execute(() => 'fine', { metadata: 'late' }));
    await flush();
    // There was a place to wait in, and a token.
    expect(refused.now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
    gate.resolve('done');
    await flush();
    expect(running.now.status).toBe('fulfilled');
    await vi.advanceTimersByTimeAsync(6_000);
    const after = [1, 2, 3].map(() => follow(policy.execute(() => 'fine', { metadata: 'first' })));
    await flush();
    expect(after.map(({ now }) => now.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  },
);
