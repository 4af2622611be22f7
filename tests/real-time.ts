/**
 * Runs before each file that shares a process: whatever failed in the one before, time is real again, and what it left
 * waiting has had its time, so that no file counts another's timers.
 */
import timers from 'node:timers';
import { vi } from 'vitest';
import { monotonicNow } from '../src/core/clock.ts';
import { deadlines } from '../src/core/deadlines.ts';
import { Deadline } from '../src/core/scope.ts';

vi.restoreAllMocks();
vi.useRealTimers();
const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = timers;
Object.assign(globalThis, {
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  clearImmediate,
});

if (deadlines.waiting > 0) {
  vi.useFakeTimers();
  // The shared timer moves to the clock that is in force with the next deadline.
  deadlines.arm(new (class extends Deadline {})(), 1, monotonicNow());
  vi.advanceTimersByTime(7 * 24 * 3_600_000);
  vi.useRealTimers();
}
