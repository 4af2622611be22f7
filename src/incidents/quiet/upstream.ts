import { isWorse, type Severity } from '../incident/severity.ts';
import type { Watch } from '../watch.ts';

/** An open incident of a policy that another one depends on. */
export interface Upstream {
  readonly policy: string;
  readonly incident: string;
}

/** What is known of policies and their incidents. */
export interface DependencyView {
  /** Policies that this one depends on by its options; also names that no policy has yet. */
  dependsOn(policy: string): readonly string[];
  /** The policy's open incident, if it may hold others back: one that is held back itself does not. */
  toldIncident(policy: string): string | undefined;
}

/**
 * Whether an incident may keep one of that severity back: people are told of it, its circuit is open, and it is no
 * less severe. Nobody gets up for a dependant because of something that wakes nobody.
 */
export function holdsBack({ record, circuitOpen }: Watch, severity: Severity): boolean {
  return record.status !== 'detected' && circuitOpen && !isWorse(severity, record.severity);
}

/** Whether the trouble that keeps dependants back lasts, or is about to be over. What else its incident waits for is not theirs. */
export function lasts({ circuitOpen, isFlapping, resolveAt }: Watch): boolean {
  return circuitOpen || isFlapping || resolveAt !== Number.POSITIVE_INFINITY;
}

/** Most policies that are asked on the way up. */
const MAX_VISITED = 1_000;

/**
 * The nearest open incident among what the policy depends on, over as many steps as it takes. Policies that depend on
 * each other hide nothing: a policy is nobody's own upstream, and only an incident that people are told of counts.
 */
export function upstreamOf(policy: string, view: DependencyView): Upstream | undefined {
  const visited = new Set([policy]);
  let level = [policy];
  while (level.length > 0 && visited.size < MAX_VISITED) {
    const next: string[] = [];
    for (const upstream of level.flatMap((name) => view.dependsOn(name))) {
      if (visited.has(upstream)) continue;
      visited.add(upstream);
      const incident = view.toldIncident(upstream);
      if (incident !== undefined) return { policy: upstream, incident };
      next.push(upstream);
    }
    level = next;
  }
  return undefined;
}
