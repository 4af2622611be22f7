import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { IncidentOptions } from '../../src/incidents/options.ts';
import { Harness, RecordingSink } from './fixtures.ts';

/** Wednesday. */
export const NOON = Date.UTC(2026, 1, 4, 12);

/**
 * Gives harnesses with fake time, closes them, and holds them to leave no timer and to report nothing.
 *
 * @param isExpected which reports a test wants
 */
export function useHarnesses(): (options?: IncidentOptions) => Harness {
  let harnesses: Harness[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ now: NOON });
  });
  afterEach(async () => {
    const reports = harnesses.flatMap((harness) => [...harness.reports, ...harness.listenerErrors]);
    for (const { manager } of harnesses) await manager.close();
    harnesses = [];
    const timers = vi.getTimerCount();
    vi.useRealTimers();
    expect(timers).toBe(0);
    expect(reports).toEqual([]);
  });
  return (options = {}) => {
    const harness = new Harness(options);
    harnesses.push(harness);
    return harness;
  };
}

/** Sinks of those names, each of which remembers what it got. */
export function sinksNamed<const Names extends readonly string[]>(...names: Names): RecordingSink[] {
  return names.map((name) => new RecordingSink(name));
}

/** Lets that much time pass. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
