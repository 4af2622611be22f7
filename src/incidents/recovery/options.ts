import type { PolicyFacts } from '../ports.ts';
import { heldByOthers } from './held-circuits.ts';
import type { RecoveryControl } from './request.ts';
import type { Runbook } from './runbook.ts';
import type { PolicySteering } from './steering.ts';

/** What can be done about one policy. */
export interface PolicyRecovery {
  readonly policy: string;
  readonly runbook?: Runbook | undefined;
  readonly controls: readonly RecoveryOption[];
}

/** Something that the library itself can do. */
export interface RecoveryOption {
  readonly control: RecoveryControl;
  /** What it does, one sentence. */
  readonly text: string;
  /** Why it can't be done now; `undefined` where it can. */
  readonly unavailable?: string | undefined;
  /** Of `change-limit`: its name, the value that holds and the one that the options say. */
  readonly limit?:
    | { readonly name: string; readonly current: number; readonly configured: number }
    | undefined;
  /** What holds now because of it, with who began it and when it ends, in milliseconds since the epoch. */
  readonly active?: ActiveControl | undefined;
}

/** A control that holds. */
export interface ActiveControl {
  readonly incident: string;
  readonly by: string;
  readonly until: number;
}

const NO_CIRCUIT = 'the policy has no circuit that turns calls away';
const HELD_BY_OTHERS =
  'a circuit of the policy is held by hand, by the application or for a drill of its own; whoever holds it has to end that first';
const NO_FALLBACK = 'the policy has no fallback that answers for its circuit';

/**
 * What can be done about a policy that is known.
 *
 * @param own those of its circuits that a control of an incident holds
 */
export function recoveryOptions(
  policy: string,
  { runbook, steering }: Pick<PolicyFacts, 'runbook' | 'steering'>,
  own: PolicySteering['circuits'],
  activeOf: (control: RecoveryControl, limit?: string) => ActiveControl | undefined,
): PolicyRecovery {
  const controls = steering === undefined ? [] : controlsOf(policy, steering, own);
  return {
    policy,
    ...(runbook === undefined ? {} : { runbook }),
    controls: controls.map((option) => {
      const active = activeOf(option.control, option.limit?.name);
      return active === undefined ? option : { ...option, active };
    }),
  };
}

function controlsOf(
  policy: string,
  steering: PolicySteering,
  own: PolicySteering['circuits'],
): readonly RecoveryOption[] {
  const option = (control: RecoveryControl, text: string): RecoveryOption => {
    const unavailable = whyNot(control, steering, own);
    return { control, text, ...(unavailable === undefined ? {} : { unavailable }) };
  };
  return [
    option('probe-now', `Let the circuit of '${policy}' try the dependency now.`),
    option('force-open', `Turn all calls of '${policy}' away, to relieve the dependency.`),
    option('force-closed', `Let all calls of '${policy}' through, whatever fails.`),
    option('fallback-on', `Turn all calls of '${policy}' away: ${standInText(steering)}.`),
    ...steering.limits.map(({ name, text, current, configured }) => ({
      control: 'change-limit' as const,
      text: `Change ${name} of '${policy}': ${text}.`,
      limit: { name, current, configured },
    })),
  ];
}

/** Who answers instead, as far as that is known. */
export function standInText({ standIn }: Pick<PolicySteering, 'standIn'>): string {
  return standIn === 'cache'
    ? 'its cache answers those that it has a value for, the others are rejected'
    : 'its fallback is asked to answer them';
}

/**
 * Why a control can't be used now; `undefined` where it can. What others hold by hand is not overridden: a database that
 * is being restored must not get calls because somebody works on an incident.
 *
 * @param own those of its circuits that a control of an incident holds
 */
export function whyNot(
  control: RecoveryControl,
  { circuits, standIn }: PolicySteering,
  own: PolicySteering['circuits'],
): string | undefined {
  if (control === 'change-limit') return undefined;
  if (circuits.length === 0) return NO_CIRCUIT;
  if (control === 'fallback-on' && standIn === undefined) return NO_FALLBACK;
  if (heldByOthers(circuits, own).length > 0) return HELD_BY_OTHERS;
  if (control !== 'probe-now') return undefined;
  return circuits.some(({ state }) => state === 'open' || state === 'forced-open')
    ? undefined
    : 'the circuit is not open';
}
