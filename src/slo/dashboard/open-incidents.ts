/** Matches the series of incidents that are open: neither resolved nor closed. */
export const OPEN_INCIDENTS = 'status=~"detected|declared|acknowledged|mitigated"';
