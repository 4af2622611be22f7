const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A day, in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

/** Windows over which the burn rate is known, in milliseconds; the values of the label `window`. */
export const burnWindows = {
  '5m': 5 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '6h': 6 * HOUR_MS,
  '1d': DAY_MS,
  '3d': 3 * DAY_MS,
} as const;
/** Name of a window over which the burn rate is known. */
export type BurnWindow = keyof typeof burnWindows;

/** The names of `burnWindows`, the shortest first. */
export const burnWindowNames = [
  '5m',
  '30m',
  '1h',
  '2h',
  '6h',
  '1d',
  '3d',
] as const satisfies readonly BurnWindow[];

/** The default budget period, 30 days, rolling. */
export const DEFAULT_PERIOD_MS = 30 * DAY_MS;
