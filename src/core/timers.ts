import { monotonicNow } from './clock.ts';
import { LONGEST_TIMER_MS } from './deadlines.ts';

/**
 * Calls `onDue` once, `delayMs` from now on the monotonic clock, however long that is. It does not keep the
 * process alive. Returns the function that takes it back.
 */
export function afterDelay(delayMs: number, onDue: () => void): () => void {
  const dueAt = monotonicNow() + delayMs;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const leftMs = dueAt - monotonicNow();
    if (leftMs <= 0) onDue();
    else arm(leftMs);
  };
  const arm = (leftMs: number): void => {
    timer = setTimeout(look, Math.min(Math.max(1, Math.ceil(leftMs)), LONGEST_TIMER_MS));
    timer.unref();
  };
  arm(delayMs);
  return () => clearTimeout(timer);
}
