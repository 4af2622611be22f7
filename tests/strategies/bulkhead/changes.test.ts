import { describe, expect, test, vi } from 'vitest';
import { bulkhead, type Policy } from '../../../src/index.ts';
import { flush } from '../../support.ts';
import { Calls, useBulkhead } from './support.ts';

const current = useBulkhead();
const { made } = current;

describe('limits that change while it runs', () => {
  const limitOf = (policy: Policy, name: string) => {
    const limit = policy.limits.find((each) => each.name === name);
    if (limit === undefined) throw new Error(`${name} is no limit of the policy`);
    return limit;
  };

  test('more places let waiters in at once; fewer take in nobody until enough are out', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 10 });
    const calls = new Calls(policy);
    for (const name of ['a', 'b', 'c', 'd', 'e']) calls.start(name);
    limitOf(policy, 'bulkhead.maxConcurrent').set(3);
    expect(calls.running).toEqual(['a', 'b', 'c']);
    expect(limitOf(policy, 'bulkhead.maxConcurrent')).toMatchObject({ configured: 1, current: 3 });
    limitOf(policy, 'bulkhead.maxConcurrent').set(2);
    await calls.end('a');
    expect(calls.running).toEqual(['b', 'c']);
    await calls.end('b');
    expect(calls.running).toEqual(['c', 'd']);
    limitOf(policy, 'bulkhead.maxConcurrent').set(undefined);
    await calls.end('c');
    expect(calls.running).toEqual(['d']);
    limitOf(policy, 'bulkhead.maxQueue').set(0);
    const turnedAway = calls.start('f');
    await flush();
    expect(turnedAway.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
    await calls.end('d');
    expect(calls.running).toEqual(['e']);
  });

  test('policy.update() changes them without losing who is in or waits, and takes nothing that is wrong', async () => {
    const policy = made({ maxConcurrent: 1, maxQueue: 10 });
    const calls = new Calls(policy);
    for (const name of ['a', 'b', 'c', 'd']) calls.start(name);
    policy.update({ bulkhead: { maxConcurrent: 2 } });
    expect(calls.running).toEqual(['a', 'b']);
    expect(() => policy.update({ bulkhead: { maxConcurrent: 0 } })).toThrow(
      'bulkhead.maxConcurrent: must be',
    );
    policy.update({ bulkhead: { maxConcurrent: 3 } }, { forMs: 1_000 });
    expect(calls.running).toEqual(['a', 'b', 'c']);
    await vi.advanceTimersByTimeAsync(1_000);
    await calls.end('a');
    expect(calls.running).toEqual(['b', 'c']);
    await calls.end('b');
    expect(calls.running).toEqual(['c', 'd']);
  });

  test('options that change hold from now on; shadow lets all in', async () => {
    const strategy = bulkhead({ maxConcurrent: 1, maxQueue: 10 });
    const policy = current.hub.policy('database', { strategies: [strategy] });
    const calls = new Calls(policy);
    for (const name of ['a', 'b', 'c']) calls.start(name);
    strategy.adjustable?.prepare({ maxConcurrent: 2, maxQueue: 10 })();
    expect(calls.running).toEqual(['a', 'b']);
    expect(policy.explain()).toContain('bulkhead: at most 2 at once, 10 more may wait');
    expect(() => strategy.adjustable?.prepare({ maxConcurrent: 0 })).toThrow('maxConcurrent: must be');
    strategy.adjustable?.prepare({ maxConcurrent: 1, mode: 'shadow' })();
    expect(calls.running).toEqual(['a', 'b', 'c']);
    strategy.adjustable?.prepare({ maxConcurrent: 1 })();
    const turnedAway = calls.start('d');
    await calls.end('a');
    await calls.end('b');
    expect(turnedAway.now).toMatchObject({ reason: { code: 'BULKHEAD_FULL' } });
    await calls.end('c');
    calls.start('e');
    expect(calls.running).toEqual(['e']);
  });
});
