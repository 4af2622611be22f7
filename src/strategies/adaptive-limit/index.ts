export type { AdaptiveLimitOptions } from './options.ts';
export { adaptiveLimit } from './strategy.ts';
