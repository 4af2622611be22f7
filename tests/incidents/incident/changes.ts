import type { ChangeOf, IncidentChange } from '../../../src/incidents/incident/changes/change.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { IncidentRecord } from '../../../src/incidents/incident/record.ts';

/** When the incidents of these tests are detected. */
export const AT = Date.UTC(2026, 1, 4, 12);

export const ID = 'INC-20260204-001-9f3a01bc';

export function detected(given: Partial<ChangeOf<'detected'>> = {}): ChangeOf<'detected'> {
  return {
    type: 'detected',
    at: AT,
    id: ID,
    policy: 'database',
    service: 'shop',
    instance: 'shop-1',
    dedupKey: `breakwater/${ID}`,
    drill: false,
    trigger: 'circuit',
    summary: 'It opened',
    severity: 'High',
    why: 'So.',
    startedAt: AT,
    dependants: ['checkout'],
    usedBy: ['search'],
    ...given,
  };
}

export function recordOf(...changes: readonly IncidentChange[]): IncidentRecord {
  const record = new IncidentRecord(ID);
  for (const change of changes) record.apply(change);
  return record;
}

export function documentOf(...changes: readonly IncidentChange[]): IncidentJson {
  return recordOf(...changes).toJSON();
}
