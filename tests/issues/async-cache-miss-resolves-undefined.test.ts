import { expect, test } from 'vitest';
import type { CacheEntry, CacheStore } from '../../src/index.ts';
import { errorOf, failing, testHub } from '../support.ts';

function asyncStore(): CacheStore & { readonly entries: Map<string, CacheEntry> } {
  const entries = new Map<string, CacheEntry>();
  return {
    entries,
    get: (key) => Promise.resolve(entries.get(key)),
    set: (key, entry) => Promise.resolve(void entries.set(key, entry)),
    delete: (key) => Promise.resolve(entries.delete(key)),
  };
}

test('when an asynchronous store has nothing, the operation runs', async () => {
  const store = asyncStore();
  const policy = testHub().policy('database', { cacheFallback: { freshForMs: 60_000, store } });
  expect(await policy.execute(() => 'live', { cacheKey: 'key' })).toBe('live');
  expect(store.entries.get('key')).toMatchObject({ value: 'live' });
  expect(await policy.execute(() => 'unused', { cacheKey: 'key' })).toBe('live');
});

test('and when the operation fails too, the caller is told so', async () => {
  const policy = testHub().policy('database', { cacheFallback: { freshForMs: 60_000, store: asyncStore() } });
  expect(await errorOf(policy.execute(failing('down'), { cacheKey: 'key' }))).toMatchObject({
    message: 'down',
  });
});

test('a store that answers null has nothing either', async () => {
  const store = { ...asyncStore(), get: () => Promise.resolve(JSON.parse('null')) };
  const policy = testHub().policy('database', { cacheFallback: { freshForMs: 60_000, store } });
  expect(await policy.execute(() => 'live', { cacheKey: 'key' })).toBe('live');
  expect(policy.stats()).toMatchObject({ internalErrors: 0, cache: { miss: 1 } });
});
