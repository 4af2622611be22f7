export type { Backoff, Jitter, RetryBudgetOptions, RetryOptions } from './options.ts';
export { retry } from './strategy.ts';
