/** Milliseconds on the monotonic clock. Read when called, so that fake timers installed later are seen. */
export function monotonicNow(): number {
  return performance.now();
}

/** Milliseconds since the Unix epoch. For what people and other processes read, never for measuring. */
export function wallNow(): number {
  return Date.now();
}
