export type { BulkheadOptions } from './options.ts';
export { bulkhead } from './strategy.ts';
