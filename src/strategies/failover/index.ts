export type {
  Balance,
  EjectionOptions,
  EndpointOptions,
  FailoverOptions,
  SuccessRateOptions,
} from './options.ts';
export { failover } from './strategy.ts';
