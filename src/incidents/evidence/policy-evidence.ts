import type { Circuit } from '../../core/circuit.ts';
import type { PolicyCounts } from '../../core/counts.ts';
import type { FailureOnset } from '../../core/failure-onset.ts';
import { worstOf } from '../circuit-tally.ts';
import type { NameKey } from '../key-name.ts';

/** What the evidence needs to know of a policy. It stays readable when the policy is removed. */
export interface PolicyEvidence {
  /** Version of this library. */
  readonly version: string;
  /** The pipeline in words, a line each. */
  readonly pipeline: () => readonly string[];
  /** Configuration and state of its circuits, as plain data. */
  readonly circuits: (nameKey: NameKey) => readonly Readonly<Record<string, unknown>>[];
  readonly counts: PolicyCounts;
  /** When the failures began that its circuits hold against the dependency. */
  readonly onset: () => FailureOnset | undefined;
}

/** What of a policy is evidence. */
export function policyEvidence(
  policy: {
    readonly circuits: readonly Circuit[];
    readonly counts: PolicyCounts;
    explain(): string;
  },
  version: string,
): PolicyEvidence {
  return {
    version,
    pipeline: () =>
      policy
        .explain()
        .split('\n')
        .map((line) => line.trim()),
    circuits: (nameKey) => telling(policy.circuits).map((circuit) => circuitFacts(circuit, nameKey)),
    counts: policy.counts,
    onset: () =>
      earliest(
        policy.circuits.flatMap(
          ({ key, state, onset }) => (key === undefined || state !== 'closed' ? onset : undefined) ?? [],
        ),
      ),
  };
}

/** All but those of keys, of which the worst stand for the others. */
function telling(circuits: readonly Circuit[]): readonly Circuit[] {
  const isKeyOpen = ({ key, state }: Circuit): boolean => key !== undefined && state !== 'closed';
  return [...circuits.filter(({ key }) => key === undefined), ...worstOf(circuits.filter(isKeyOpen))];
}

function circuitFacts(circuit: Circuit, nameKey: NameKey): Readonly<Record<string, unknown>> {
  const { retryAfterMs } = circuit;
  return {
    ...circuit.toJSON(),
    ...(circuit.key === undefined ? {} : { key: nameKey(circuit.key) }),
    // Of one held open without an end.
    retryAfterMs: Number.isFinite(retryAfterMs) ? Math.ceil(retryAfterMs) : null,
    shadow: circuit.shadow,
    window: circuit.window,
    configuration: circuit.configuration,
  };
}

function earliest(onsets: readonly FailureOnset[]): FailureOnset | undefined {
  return onsets.reduce<FailureOnset | undefined>(
    (first, onset) => (first === undefined || onset.since < first.since ? onset : first),
    undefined,
  );
}
