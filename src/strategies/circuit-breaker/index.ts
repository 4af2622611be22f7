export type { CircuitBreakerOptions, CircuitWindow } from './options.ts';
export { circuitBreaker } from './strategy.ts';
