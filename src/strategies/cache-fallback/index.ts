export type { CacheCodec, CacheEntry, CacheFallbackOptions, CacheStore, Encoded } from './options.ts';
export { cacheFallback } from './strategy.ts';
