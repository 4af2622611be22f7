import { afterEach, beforeEach, vi } from 'vitest';

/**
 * Gives each test of the file fake time, and notes the rejections that nobody handles.
 *
 * @returns gives those of the test so far, once fake time is over
 */
export function underFakeTime(): () => Promise<readonly unknown[]> {
  let unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  beforeEach(() => {
    unhandled = [];
    vi.useFakeTimers();
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
    vi.useRealTimers();
  });
  return async () => {
    vi.useRealTimers();
    // They are told once all that is due has run.
    await new Promise((resolve) => setImmediate(resolve));
    return unhandled;
  };
}
