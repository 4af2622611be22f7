/** How important a call is, the most important first. */
export const priorities = ['critical', 'high', 'medium', 'low'] as const;
/** How important a call is. */
export type Priority = (typeof priorities)[number];

/** The place of a priority among `priorities`: 0 is the most important. Default: that of `medium`. */
export function rankOf(priority: Priority = 'medium'): number {
  return priorities.indexOf(priority);
}
