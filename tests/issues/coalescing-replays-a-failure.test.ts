import { expect, test } from 'vitest';
import { deferred, errorOf, testHub } from '../support.ts';

test('a failure is shared by those who waited, and by none after', async () => {
  const policy = testHub().policy('database', { cacheFallback: { coalesce: true } });
  const run = deferred();
  let runs = 0;
  const operation = () => {
    runs += 1;
    return run.promise;
  };
  const waiting = [1, 2, 3].map(() => errorOf(policy.execute(operation, { cacheKey: 'key' })));
  const down = new Error('down');
  run.reject(down);
  expect(await Promise.all(waiting)).toEqual([down, down, down]);
  expect(runs).toBe(1);

  expect(await policy.execute(() => 'back', { cacheKey: 'key' })).toBe('back');
});

test('not even by one who asks the moment it settles', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { cacheFallback: { coalesce: true } });
  let next: Promise<unknown> | undefined;
  const off = hub.on('call', () => {
    off();
    next = policy.execute(() => 'back', { cacheKey: 'key' });
  });
  expect(
    await errorOf(policy.execute(() => Promise.reject(new Error('down')), { cacheKey: 'key' })),
  ).toMatchObject({
    message: 'down',
  });
  expect(await next).toBe('back');
});
