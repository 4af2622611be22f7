import { severities } from '../incident/severity.ts';
import type { DigestEntry } from '../notification.ts';
import type { Watch } from '../watch.ts';

/** Incidents that one notification tells of, the worst first. */
export type DigestGroup = readonly [Watch, ...Watch[]];

/**
 * Incidents by the sinks that are told of them: whoever hears of one in a digest hears of all that it lists, and of
 * none that is not theirs.
 */
export function digestGroups(
  watches: readonly Watch[],
  sinksOf: (watch: Watch) => readonly string[],
): readonly DigestGroup[] {
  const groups = new Map<string, [Watch, ...Watch[]]>();
  for (const watch of [...watches].sort((a, b) => rank(a) - rank(b))) {
    const key = JSON.stringify([...new Set(sinksOf(watch))].sort());
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [watch]);
    else group.push(watch);
  }
  return [...groups.values()];
}

/** How a digest lists an incident. */
export function digestEntry({ record }: Watch): DigestEntry {
  const { id: incident, policy, severity, status, summary } = record;
  return { incident, policy, severity, status, summary };
}

function rank({ record }: Watch): number {
  return severities.indexOf(record.severity);
}
