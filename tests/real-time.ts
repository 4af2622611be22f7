/** Runs before each file that shares a process: whatever failed in the one before, time is real again. */
import { vi } from 'vitest';

vi.useRealTimers();
