/** Runs before each file that shares a process: whatever failed in the one before, time is real again. */
import timers from 'node:timers';
import { vi } from 'vitest';

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
