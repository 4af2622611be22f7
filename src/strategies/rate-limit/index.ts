export type { RateLimitOptions } from './options.ts';
export { rateLimit } from './strategy.ts';
