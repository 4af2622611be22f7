export type {
  CircuitBreakerOptions,
  CircuitWindow,
  HealthCheck,
  ProbeContext,
  ProbeOptions,
} from './options.ts';
export { circuitBreaker } from './strategy.ts';
