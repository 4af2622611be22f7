import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { errorOf, hanging, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  ['attempt', { attemptTimeoutMs: 100 }],
  ['total', { totalTimeoutMs: 100, attemptTimeoutMs: false }],
] as const)(
  'the signal aborts with the TimeoutError of the %s timeout as its reason',
  async (scope, options) => {
    const policy = testHub().policy('upstream', options);
    let signal: AbortSignal | undefined;
    let remaining = Number.NaN;
    const call = errorOf(
      policy.execute((context) => {
        signal = context.signal;
        remaining = context.remainingMs();
        return hanging();
      }),
    );
    expect(remaining).toBe(100);
    await vi.advanceTimersByTimeAsync(99);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(11);
    const error = await call;
    expect(error).toMatchObject({ code: 'TIMEOUT', scope, timeoutMs: 100, policy: 'upstream' });
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBe(error);
  },
);

test('an operation that reads its signal only after the timeout finds it aborted', async () => {
  const policy = testHub().policy('upstream', { attemptTimeoutMs: 100 });
  let read: (() => AbortSignal) | undefined;
  const call = errorOf(
    policy.execute((context) => {
      read = () => context.signal;
      return hanging();
    }),
  );
  await vi.advanceTimersByTimeAsync(110);
  expect(read?.().reason).toBe(await call);
});

test('a wrapped function with its context learns it too', async () => {
  const policy = testHub().policy('upstream', { attemptTimeoutMs: 100 });
  const aborted = vi.fn();
  const wait = policy.wrapWithContext(({ signal }, label: string) => {
    signal.addEventListener('abort', () => aborted(label));
    return hanging();
  });
  const call = errorOf(wait('first'));
  await vi.advanceTimersByTimeAsync(110);
  await call;
  expect(aborted).toHaveBeenCalledExactlyOnceWith('first');
});
