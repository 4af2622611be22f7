/*
 * What OpenSLO has no fields for stands in annotations with a prefix of this library. They are for who reads the file
 * here again; other tools pass them over.
 */

const PREFIX = 'breakwater/';

/** The annotations of this library, by their meaning. */
export const annotationNames = {
  /** Of a Service: its name, where OpenSLO takes another form only. */
  service: `${PREFIX}service`,
  /** Of an SLO: its name, where OpenSLO takes another form only. */
  slo: `${PREFIX}slo`,
  policy: `${PREFIX}policy`,
  sli: `${PREFIX}sli`,
  runbook: `${PREFIX}runbook`,
  /** From where on a call is too slow, such as `200ms`. */
  threshold: `${PREFIX}threshold`,
  /** Alerts that are switched off, `page`, `ticket` or `page,ticket`. */
  silence: `${PREFIX}silence`,
} as const;

/** Whether an annotation is one of this library's. */
export function isOwnAnnotation(name: string): boolean {
  return name.startsWith(PREFIX);
}
