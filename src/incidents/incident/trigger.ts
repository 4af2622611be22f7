/** What begins incidents. A drill is played: it never counts, and joins nothing. */
export const incidentTriggers = [
  'circuit',
  'endpoint',
  'slo',
  'budget',
  'rejections',
  'person',
  'drill',
] as const;
/** What began an incident. */
export type IncidentTrigger = (typeof incidentTriggers)[number];
