export type { CacheCodec, CacheEntry, CacheFallbackOptions, CacheStore } from './options.ts';
export { cacheFallback } from './strategy.ts';
