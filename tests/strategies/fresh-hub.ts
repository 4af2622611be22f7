import { afterEach, beforeEach, vi } from 'vitest';
import type { Breakwater } from '../../src/index.ts';
import { testHub } from '../support.ts';

/** Fake time and a hub of its own for each test of a file. */
export function useFreshHub(): { readonly hub: Breakwater } {
  let hub = testHub();
  beforeEach(() => {
    vi.useFakeTimers();
    hub = testHub();
  });
  afterEach(async () => {
    // The deadlines of calls that the test left hanging.
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();
  });
  return {
    get hub() {
      return hub;
    },
  };
}
