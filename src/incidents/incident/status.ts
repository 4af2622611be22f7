/**
 * The steps of an incident's life, in order.
 *
 * - `detected`: seen; nobody was told yet, because something holds it back.
 * - `declared`: it is an incident, and those who should know are told.
 * - `acknowledged`: somebody works on it.
 * - `mitigated`: callers are served again, if by a stopgap.
 * - `resolved`: the cause is gone or the dependency is back.
 * - `closed`: nothing is left to do but the actions that were written down.
 *
 * A step may be left out. `reopened` leads from `resolved` and `closed` back to work, and from `mitigated` where
 * the trouble that was over is back.
 */
export const incidentStatuses = [
  'detected',
  'declared',
  'acknowledged',
  'mitigated',
  'resolved',
  'closed',
] as const;
/** Where an incident stands. */
export type IncidentStatus = (typeof incidentStatuses)[number];

/** Whether the trouble lasts: neither resolved nor closed. */
export function isOpen(status: IncidentStatus): boolean {
  return status !== 'resolved' && status !== 'closed';
}

/** Whether `a` comes before `b`. */
export function isBefore(a: IncidentStatus, b: IncidentStatus): boolean {
  return incidentStatuses.indexOf(a) < incidentStatuses.indexOf(b);
}
