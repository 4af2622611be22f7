import { afterEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../src/incidents/manager/ledger.ts';
import { createBreakwater } from '../../src/index.ts';
import { temporaryFolder } from './journal/support.ts';
import { NOON, pass } from './manager-harness.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('what is recorded of an open incident', () => {
  const options = {
    circuitBreaker: { consecutiveFailures: 1, failureRate: false, openMs: 86_400_000 },
  } as const;

  /** A hub of which one incident is open, and how often its figures were recorded. */
  async function openIncident() {
    vi.useFakeTimers({ now: NOON });
    const append = vi.spyOn(Ledger.prototype, 'record');
    const hub = createBreakwater({ incidents: { sinks: [] } });
    const policy = hub.policy('database', options);
    const fail = (): Promise<unknown> =>
      policy.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
    await fail();
    const measured = (): number =>
      append.mock.calls.flatMap(([, ...changes]) => changes.filter(({ type }) => type === 'measured')).length;
    const end = async (): Promise<void> => {
      await hub.close({ timeoutMs: 1 });
    };
    return { hub, fail, measured, end };
  }

  it('stays as it is while nothing changes', async () => {
    const { measured, end } = await openIncident();
    await pass(60_000);
    const before = measured();
    await pass(3_600_000);
    expect(measured()).toBe(before);
    await end();
  });

  it('grows by the minute while calls come, and knows of the last one at the end', async () => {
    const { hub, fail, measured, end } = await openIncident();
    await pass(60_000);
    const before = measured();
    for (let minute = 0; minute < 40; minute += 1) {
      await fail();
      await pass(15_000);
    }
    expect(measured() - before).toBeGreaterThanOrEqual(9);
    expect(measured() - before).toBeLessThanOrEqual(11);
    await fail();
    const [incident] = hub.incidents.open();
    hub.remove('database');
    expect(incident?.toJSON().impact.during?.calls).toBe(42);
    await end();
  });
});

describe('a policy that is made while its incident is open since before', () => {
  it('is counted from its first call on', async () => {
    const directory = temporaryFolder();
    const options = { circuitBreaker: { consecutiveFailures: 1, failureRate: false } } as const;
    const run = async (calls: number): Promise<number | undefined> => {
      const hub = createBreakwater({ incidents: { sinks: [], directory } });
      const policy = hub.policy('database', options);
      for (let call = 0; call < calls; call += 1)
        await policy.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
      await hub.close({ timeoutMs: 1_000 });
      return hub.incidents.list()[0]?.toJSON().impact.during?.calls;
    };
    expect(await run(2)).toBe(2);
    expect(await run(5)).toBe(7);
  });
});
