import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { follow, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function nested(options: { readonly maxHedges?: number } = {}) {
  const hub = testHub();
  const inner = hub.policy('inner', { bulkhead: { maxConcurrent: 1 } });
  const policy = hub.policy('outer', { hedge: { delayMs: 50, maxExtraLoad: 1, ...options } });
  const rejections: string[] = [];
  hub.on('rejection', ({ reason, policy: name }) => rejections.push(`${name} ${reason}`));
  const hedges = async () =>
    [
      ...(await hub.registry.metrics()).matchAll(/hedges_total\{policy="outer",result="(\w+)"\} ([1-9]\d*)/g),
    ].map(([, result, times]) => `${result} ${times}`);
  return { hub, inner, policy, rejections, hedges };
}

test("a hedge that an operation's own policy turns away leaves the first attempt to answer, and none follows", async () => {
  const { inner, policy, rejections, hedges } = nested({ maxHedges: 3 });
  const call = follow(
    policy.execute(() =>
      inner.execute(async () => {
        await sleep(300);
        return 'first answer';
      }),
    ),
  );
  await vi.advanceTimersByTimeAsync(310);
  expect(call.now).toEqual({ status: 'fulfilled', value: 'first answer' });
  expect(rejections).toEqual(['inner bulkhead_full']);
  expect(await hedges()).toEqual(['rejected 1']);
});

test('where the first attempt then fails, the call tells that, and not that its hedge was turned away', async () => {
  const { inner, policy } = nested();
  const down = new Error('down');
  const call = follow(
    policy.execute(() =>
      inner.execute(async () => {
        await sleep(100);
        throw down;
      }),
    ),
  );
  await vi.advanceTimersByTimeAsync(110);
  expect(call.now).toEqual({ status: 'rejected', reason: down });
});

test('so it does where the hedge is turned away only after that', async () => {
  const { inner, policy } = nested();
  inner.circuit?.forceOpen('maintenance');
  const down = new Error('down');
  const call = follow(
    policy.execute(async ({ attempt }) => {
      await sleep(attempt === 1 ? 60 : 20);
      if (attempt === 1) throw down;
      return inner.execute(async () => 'never');
    }),
  );
  await vi.advanceTimersByTimeAsync(80);
  expect(call.now).toEqual({ status: 'rejected', reason: down });
});

test('a first attempt that is turned away within ends the call at once', async () => {
  const { inner, policy, hedges } = nested();
  follow(inner.execute(() => sleep(1_000)));
  const call = follow(policy.execute(() => inner.execute(() => sleep(1))));
  await vi.advanceTimersByTimeAsync(0);
  expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'BULKHEAD_FULL', policy: 'inner' } });
  expect(await hedges()).toEqual([]);
});
