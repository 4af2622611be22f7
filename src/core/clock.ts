/**
 * The process's monotonic clock. Node makes a global of it by a getter that costs as much as half a reading, so it is
 * kept; fake timers, which replace it, are known by the other globals that they replace with it.
 */
let clock = performance;
let seenTimeout = setTimeout;
let seenDate = Date;

/** Milliseconds on the monotonic clock; on a fake one where fake timers have replaced it with the timers or `Date`. */
export function monotonicNow(): number {
  if (setTimeout !== seenTimeout || Date !== seenDate) followGlobals();
  return clock.now();
}

function followGlobals(): void {
  clock = performance;
  seenTimeout = setTimeout;
  seenDate = Date;
}

/**
 * How far back, in milliseconds, a time may lie without the clock having been set back: whoever tells when something
 * ended may tell it after others that ended a little later.
 */
export const OUT_OF_ORDER_MS = 1_000;

/** Milliseconds since the Unix epoch. For what people and other processes read, never for measuring. */
export function wallNow(): number {
  return Date.now();
}
