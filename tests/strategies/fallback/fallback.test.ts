// biome-ignore-all lint/suspicious/noThenProperty: a thenable is what is tested here
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, errorOf, failing, flush, follow, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the function is given the failure and the context, and its answer counts as available but not correct', async () => {
  const hub = testHub();
  const answer = vi.fn(() => 'instead');
  const policy = hub.policy('upstream', { fallback: answer });
  const down = new Error('down');
  expect(await policy.executeDetailed(() => Promise.reject<string>(down), { metadata: { user: 7 } })).toEqual(
    { value: 'instead', source: 'fallback', ageMs: 0, attempts: 1 },
  );
  expect(answer).toHaveBeenCalledExactlyOnceWith(down, { policy: 'upstream', metadata: { user: 7 } });
  const text = await hub.registry.metrics();
  expect(text).toContain('breakwater_sli_events_total{policy="upstream",sli="availability",result="good"} 1');
  expect(text).toContain('breakwater_sli_events_total{policy="upstream",sli="correctness",result="bad"} 1');
});

test('an open circuit is answered too', async () => {
  const policy = testHub().policy('upstream', { fallback: (error) => error });
  policy.circuit.forceOpen('maintenance');
  expect(await policy.execute(() => 'unused')).toMatchObject({ code: 'CIRCUIT_OPEN' });
});

test.each([
  [
    'throws',
    () => {
      throw new Error('of the fallback');
    },
  ],
  ['rejects', () => Promise.reject(new Error('of the fallback'))],
  [
    'answers what cannot be awaited',
    () => ({
      get then(): never {
        throw new Error('of the fallback');
      },
    }),
  ],
])('one that %s: the caller gets that error, and the call is a failure', async (_how, answer) => {
  const policy = testHub().policy('upstream', { fallback: answer });
  expect(await errorOf(policy.execute(failing()))).toMatchObject({ message: 'of the fallback' });
  expect(policy.stats()).toMatchObject({ calls: { failure: 1, fallback: 0 }, callsInFlight: 0 });
});

test('one that hangs past its time is reported, the failure stands, and a late answer changes nothing', async () => {
  const hub = testHub();
  const reports: string[] = [];
  hub.on('internal-error', ({ component }) => reports.push(component));
  const late = deferred();
  const policy = hub.policy('upstream', { fallback: { answer: () => late.promise, timeoutMs: 100 } });
  const call = follow(policy.execute(failing('down')));
  await vi.advanceTimersByTimeAsync(99);
  expect(call.now.status).toBe('pending');
  await vi.advanceTimersByTimeAsync(12);
  expect(call.now).toMatchObject({ status: 'rejected', reason: { message: 'down' } });
  late.resolve('late');
  await flush();
  expect(reports).toEqual(['fallback']);
  expect(policy.stats()).toMatchObject({ calls: { failure: 1, fallback: 0 }, fallbacks: { fallback: 0 } });
});

test('a value whose verdict is a failure is let go of when the fallback answers in its place', async () => {
  const discard = vi.fn();
  const policy = testHub().policy('upstream', { fallback: () => 'instead', classify: () => 'permanent' });
  expect(await policy.execute(() => 'bad', { discard })).toBe('instead');
  expect(discard).toHaveBeenCalledExactlyOnceWith('bad');
});

test('a value that the fallback hands back is not discarded', async () => {
  const refusal = { status: 503 };
  const discard = vi.fn();
  const policy = testHub().policy('dependency', {
    classify: () => 'transient',
    fallback: (failure) => failure,
  });
  expect(await policy.execute(() => refusal, { discard })).toBe(refusal);
  expect(discard).not.toHaveBeenCalled();
});

test('a failed value is let go of when its caller gives up while the function answers', async () => {
  const discard = vi.fn();
  const policy = testHub().policy('database', {
    classify: ({ ok }) => (ok ? 'transient' : undefined),
    fallback: () => new Promise(() => {}),
  });
  const controller = new AbortController();
  const call = follow(policy.execute(() => 'unusable', { signal: controller.signal, discard }));
  await flush();
  controller.abort(new Error('gone'));
  await flush();
  expect(call.now).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
  expect(discard.mock.calls).toEqual([['unusable']]);
});
