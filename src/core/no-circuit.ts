import type { Circuit } from './circuit.ts';
import { InvalidOptionsError } from './errors.ts';

/** Stands where a policy has no circuit breaker: always `disabled`, and not to be steered. */
export function noCircuit(policy: string): Circuit {
  const refuse = (): never => {
    throw new InvalidOptionsError(policy, `Policy '${policy}' has no circuit breaker`, [
      { path: 'circuitBreaker', message: 'must not be false for the circuit to be steered or read' },
    ]);
  };
  return {
    state: 'disabled',
    since: 0,
    retryAfterMs: 0,
    shadow: false,
    governs: false,
    window: { attempts: 0, failures: 0, slow: 0 },
    configuration: {},
    onset: undefined,
    forceOpen: refuse,
    disable: refuse,
    probeNow: refuse,
    reset: refuse,
    toJSON: () => ({ state: 'disabled', since: 0, until: null, failedRecoveries: 0 }),
    get breaker(): never {
      return refuse();
    },
  };
}
