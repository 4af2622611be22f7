export {
  DEFAULT_ATTEMPT_TIMEOUT_MS,
  DEFAULT_FAILOVER_ATTEMPT_TIMEOUT_MS,
  DEFAULT_TOTAL_TIMEOUT_MS,
  type TimeoutOptions,
} from './options.ts';
export { callerDeadline, timeout } from './strategy.ts';
