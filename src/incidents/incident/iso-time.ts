/** The farthest that a `Date` reaches from the epoch, in milliseconds. */
const FARTHEST_MS = 8.64e15;

/** A time in milliseconds since the epoch as ISO 8601 in UTC; past what a `Date` can hold, the nearest that it can. */
export function isoTime(at: number): string {
  return new Date(Math.min(FARTHEST_MS, Math.max(-FARTHEST_MS, at))).toISOString();
}

/** As `isoTime`; `null` for what is not known. */
export function isoTimeOrNull(at: number | undefined): string | null {
  return at === undefined ? null : isoTime(at);
}
