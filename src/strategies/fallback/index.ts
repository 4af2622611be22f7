export type { FallbackAnswer, FallbackContext, FallbackOptions } from './options.ts';
export { fallback } from './strategy.ts';
