export type { AbortFault, ChaosOptions, ErrorFault, LatencyFault, ResultFault } from './options.ts';
export { type ChaosStrategy, chaos } from './strategy.ts';
