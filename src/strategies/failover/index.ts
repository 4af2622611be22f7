export type {
  EjectionOptions,
  EndpointBalance,
  EndpointOptions,
  FailoverOptions,
  SuccessRateOptions,
} from './options.ts';
export { failover } from './strategy.ts';
