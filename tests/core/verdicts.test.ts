import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Verdict } from '../../src/index.ts';
import { follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What a verdict does to retry, breaker, fallback and SLI. DESIGN, section 4. */
const table: readonly {
  readonly verdict: Verdict;
  readonly attempts: number;
  readonly window: { readonly attempts: number; readonly failures: number };
  readonly fallback: boolean;
  readonly availability: 'good' | 'bad' | 'excluded';
  readonly outcome: string;
}[] = [
  {
    verdict: 'success',
    attempts: 1,
    window: { attempts: 1, failures: 0 },
    fallback: false,
    availability: 'good',
    outcome: 'success',
  },
  {
    verdict: 'transient',
    attempts: 2,
    window: { attempts: 2, failures: 2 },
    fallback: true,
    availability: 'bad',
    outcome: 'failure',
  },
  {
    verdict: 'permanent',
    attempts: 1,
    window: { attempts: 1, failures: 1 },
    fallback: true,
    availability: 'bad',
    outcome: 'failure',
  },
  {
    verdict: 'refused',
    attempts: 1,
    window: { attempts: 1, failures: 0 },
    fallback: false,
    availability: 'good',
    outcome: 'refused',
  },
  {
    verdict: 'defect',
    attempts: 1,
    window: { attempts: 0, failures: 0 },
    fallback: false,
    availability: 'bad',
    outcome: 'defect',
  },
  {
    verdict: 'ignored',
    attempts: 1,
    window: { attempts: 0, failures: 0 },
    fallback: false,
    availability: 'excluded',
    outcome: 'ignored',
  },
];

describe.each(table)('$verdict', ({ verdict, attempts, window, fallback, availability, outcome }) => {
  const answers = verdict === 'success' ? ['value'] : ['value', 'error'];
  test.each(answers)('as the verdict on a %s', async (kind) => {
    const hub = testHub();
    const policy = hub.policy('dependency', {
      classify: () => verdict,
      retry: { maxRetries: 1, baseDelayMs: 10 },
    });
    const answer = kind === 'value' ? 'its value' : new Error('its error');
    const operation = vi.fn(() => (kind === 'value' ? Promise.resolve(answer) : Promise.reject(answer)));
    const call = follow(policy.execute(operation));
    await vi.advanceTimersByTimeAsync(100);

    expect(call.now).toEqual(
      kind === 'value' ? { status: 'fulfilled', value: answer } : { status: 'rejected', reason: answer },
    );
    expect(operation).toHaveBeenCalledTimes(attempts);
    expect(policy.circuit.window).toMatchObject(window);
    expect(policy.stats().calls).toMatchObject({ [outcome]: 1 });
    const text = await hub.registry.metrics();
    for (const result of ['good', 'bad']) {
      const count = result === availability ? 1 : 0;
      expect(text).toContain(
        `breakwater_sli_events_total{policy="dependency",sli="availability",result="${result}"} ${count}`,
      );
    }
  });

  test('whether a fallback answers', async () => {
    const policy = testHub().policy('dependency', { classify: () => verdict, fallback: () => 'instead' });
    const call = follow(policy.execute(() => 'its value'));
    await vi.advanceTimersByTimeAsync(10);
    expect(call.now).toEqual({ status: 'fulfilled', value: fallback ? 'instead' : 'its value' });
  });
});

class NotFound extends Error {}

test.each<[string, unknown, Verdict]>([
  ['an error', new Error('down'), 'transient'],
  ['a value that is no error', 'down', 'transient'],
  ['a TypeError', new TypeError('x is not a function'), 'defect'],
  ['a TypeError of fetch', new TypeError('fetch failed'), 'transient'],
  ['a ReferenceError', new ReferenceError('x is not defined'), 'defect'],
  ['a SyntaxError', new SyntaxError('unexpected'), 'defect'],
  ['a DOMException AbortError', new DOMException('aborted', 'AbortError'), 'permanent'],
  ['a DOMException TimeoutError', new DOMException('timed out', 'TimeoutError'), 'transient'],
])('by default %s is %s', async (_what, error, verdict) => {
  const hub = testHub();
  const seen: Verdict[] = [];
  hub.on('call', (event) => seen.push(event.verdict));
  const call = follow(hub.policy('dependency').execute(() => Promise.reject(error)));
  await vi.advanceTimersByTimeAsync(10);
  expect(call.now).toEqual({ status: 'rejected', reason: error });
  expect(seen).toEqual([verdict]);
});

test('classify decides where it answers, and the default where it does not', async () => {
  const hub = testHub();
  const seen: Verdict[] = [];
  hub.on('call', (event) => seen.push(event.verdict));
  const policy = hub.policy('dependency', {
    classify: (result) => (!result.ok && result.error instanceof NotFound ? 'refused' : undefined),
  });
  for (const error of [new NotFound(), new Error('down')])
    follow(policy.execute(() => Promise.reject(error)));
  follow(policy.execute(() => 'fine'));
  await vi.advanceTimersByTimeAsync(10);
  expect(seen.sort()).toEqual(['refused', 'success', 'transient']);
});

test.each([Number.NaN, -1, '5000'])('a retryAfterMs of %s is as if absent', async (retryAfterMs) => {
  const hub = testHub();
  const waits: unknown[] = [];
  hub.on('retry', ({ waitMs, reason }) => waits.push(waitMs, reason));
  const policy = hub.policy('dependency', {
    retry: { maxRetries: 1, baseDelayMs: 100, jitter: 'none' },
    classify: () =>
      JSON.parse(JSON.stringify({ verdict: 'transient' }), (_key, value) =>
        typeof value === 'object' ? { ...value, retryAfterMs } : value,
      ),
  });
  follow(policy.execute(() => Promise.reject(new Error('down'))));
  await vi.advanceTimersByTimeAsync(10);
  expect(waits).toEqual([100, 'error']);
});
