import { describe, expect, it, vi } from 'vitest';
import { IncidentRecord } from '../../src/incidents/incident/record.ts';
import { createBreakwater } from '../../src/index.ts';
import { Members } from '../../src/members.ts';
import { notingTimers } from '../support.ts';
import { settle } from './fixtures.ts';
import { pass, useHarnesses } from './manager-harness.ts';

const start = useHarnesses();

/** Policies whose circuits open one after the other, and what was done for each of them. */
function openAll(count: number, options: Parameters<typeof start>[0] = {}) {
  const harness = start(options);
  const policies = Array.from({ length: count }, (_, at) => harness.policy(`policy-${at}`));
  const facts = vi.spyOn(harness.policies, 'get');
  const documents = vi.spyOn(IncidentRecord.prototype, 'toJSON');
  const timers = notingTimers();
  const done = policies.map((policy) => {
    for (const spy of [facts, documents]) spy.mockClear();
    timers.made.length = 0;
    policy.move('open');
    return [...[facts, documents].map((spy) => spy.mock.calls.length), timers.made.length];
  });
  timers.stop();
  vi.restoreAllMocks();
  return { harness, done };
}

describe('many incidents at once', () => {
  it('each begin with the same work, whatever else is open', async () => {
    const { harness, done } = openAll(60, { digest: false });
    expect(harness.manager.open()).toHaveLength(60);
    expect(done[59]).toEqual(done[1]);
    await settle();
  });

  it('are not read again with every one that begins', async () => {
    const harness = start({ digest: false });
    for (let at = 0; at < 30; at += 1) harness.policy(`policy-${at}`);
    const looks = vi.spyOn(IncidentRecord.prototype, 'status', 'get');
    const done = [...harness.policies.values()].map((policy) => {
      looks.mockClear();
      policy.move('open');
      return looks.mock.calls.length;
    });
    vi.restoreAllMocks();
    expect(done[29]).toBe(done[1]);
    await settle();
  });

  it('are compared with those that are over only, without the making of documents', async () => {
    const hub = createBreakwater({ incidents: { sinks: [] } });
    const options = { circuitBreaker: { consecutiveFailures: 1, failureRate: false } } as const;
    const policies = ['a', 'b', 'c', 'd'].map((name) => hub.policy(name, options));
    const documents = vi.spyOn(IncidentRecord.prototype, 'toJSON');
    const begun = [];
    for (const policy of policies) {
      documents.mockClear();
      await policy.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
      begun.push(documents.mock.calls.length);
    }
    vi.restoreAllMocks();
    expect(begun[3]).toBe(begun[0]);
    await hub.close({ timeoutMs: 1 });
    vi.clearAllTimers();
  });
});

describe('dependants', () => {
  it('are known by those that they name, until they are removed', async () => {
    const members = new Members();
    const hub = createBreakwater({ incidents: false });
    const member = (name: string, dependsOn: readonly string[]) => ({
      policy: hub.policy(name),
      readiness: 'optional' as const,
      hasFallback: false,
      dependsOn,
      usedBy: [],
    });
    members.add(member('api', ['database', 'cache']));
    members.add(member('jobs', ['database']));
    expect([...members.dependantsOf('database')]).toEqual(['api', 'jobs']);
    expect([...members.dependantsOf('cache')]).toEqual(['api']);
    members.remove('api');
    expect([...members.dependantsOf('database')]).toEqual(['jobs']);
    expect([...members.dependantsOf('cache')]).toEqual([]);
    await hub.close({ timeoutMs: 1 });
  });
});

describe('the timer', () => {
  it('is set for the incident that is due first, also when it came last', async () => {
    const harness = start({ resolveAfterMs: 5_000, reviewMs: 60_000 });
    const [first, second] = [harness.policy('a'), harness.policy('b')];
    first.move('open');
    second.move('open');
    second.move('closed');
    await pass(5_000);
    expect(harness.manager.open().map(({ policy }) => policy)).toEqual(['a']);
  });
});
