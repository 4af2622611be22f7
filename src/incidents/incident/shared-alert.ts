import type { IncidentJson } from './document.ts';

/** Under what an incident that shares its alert with no other is filed. */
export function ownDedupKey(id: string): string {
  return `breakwater/${id}`;
}

/**
 * Whether an incident resolved itself and no person has said that it is over for all instances that share its alert, which
 * only a person can know.
 */
export function isOverHereOnly({
  id,
  dedupKey,
  status,
  resolvedBy,
}: Pick<IncidentJson, 'id' | 'dedupKey' | 'status'> & {
  readonly resolvedBy: string | null | undefined;
}): boolean {
  const bySelf = resolvedBy === null || resolvedBy === undefined;
  return status === 'resolved' && bySelf && dedupKey !== ownDedupKey(id);
}
