export type { ThrottleOptions } from './options.ts';
export { throttle } from './strategy.ts';
