export { RecoveryControls, type RecoveryPorts } from './controls.ts';
export {
  type ActiveControl,
  type PolicyRecovery,
  type RecoveryOption,
  recoveryOptions,
} from './options.ts';
export {
  type RecoveryControl,
  type RecoveryRequest,
  recoveryControls,
  recoveryRequestSchema,
} from './request.ts';
