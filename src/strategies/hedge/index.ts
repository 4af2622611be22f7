export type { HedgeOptions } from './options.ts';
export { hedge } from './strategy.ts';
