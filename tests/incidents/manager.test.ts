import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClosedError, InvalidOptionsError } from '../../src/core/errors.ts';
import type { IncidentOptions } from '../../src/incidents/options.ts';
import { Harness, resolveByHand, settle } from './fixtures.ts';

let harnesses: Harness[] = [];

function start(options: IncidentOptions = {}): Harness {
  const harness = new Harness(options);
  harnesses.push(harness);
  return harness;
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 12) });
});

afterEach(async () => {
  const reports = harnesses.flatMap((harness) => [...harness.reports, ...harness.listenerErrors]);
  for (const { manager } of harnesses) await manager.close();
  harnesses = [];
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  expect(reports).toEqual([]);
});

describe('a circuit that opens', () => {
  it('declares one incident, tells the sinks, and resolves it once the circuit has stayed closed', async () => {
    const { manager, sink, gauge, incidentEvents, ...harness } = withPolicy();
    harness.policy.move('open', { reason: '5 failures in a row' });
    await settle();
    expect(sink.kinds()).toEqual(['opened']);
    expect(manager.open()).toHaveLength(1);
    expect(gauge).toEqual(
      new Map([
        ['Medium detected', 0],
        ['Medium declared', 1],
      ]),
    );

    await vi.advanceTimersByTimeAsync(30_000);
    harness.policy.move('half-open', { reason: 'time to probe' });
    harness.policy.move('closed', { reason: 'the probe succeeded' });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(manager.open()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(manager.open()).toEqual([]);
    expect(sink.kinds()).toEqual(['opened', 'resolved']);
    expect(new Set(sink.got.map(({ dedupKey }) => dedupKey)).size).toBe(1);
    expect(new Set(sink.got.map(({ id }) => id)).size).toBe(2);
    expect(gauge).toEqual(
      new Map([
        ['Medium detected', 0],
        ['Medium declared', 0],
        ['Medium resolved', 1],
      ]),
    );
    expect(incidentEvents.map(({ status }) => status)).toEqual(['opened', 'resolved']);
    const incident = harness.harness.only();
    expect(incident).toMatchObject({
      status: 'resolved',
      durationMs: 90_000,
      resolvedBy: undefined,
      trigger: 'circuit',
    });
    expect(incident.id).toMatch(/^INC-20260204-001-[0-9a-f]{8}$/);
    expect(incident.timeline.map(({ kind }) => kind)).toEqual([
      'detected',
      'circuit',
      'declared',
      'notified',
      'circuit',
      'circuit',
      'resolved',
      'notified',
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('makes one incident however often it flaps, and pages once', async () => {
    const { manager, sink, policy } = withPolicy();
    for (let flap = 0; flap < 50; flap += 1) {
      policy.move('open');
      await vi.advanceTimersByTimeAsync(30_000);
      policy.move('half-open');
      policy.move('closed');
      await vi.advanceTimersByTimeAsync(59_000);
    }
    expect(manager.list()).toHaveLength(1);
    expect(sink.kinds()).toEqual(['opened']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sink.kinds()).toEqual(['opened', 'resolved']);
    await vi.advanceTimersByTimeAsync(600_000);
    policy.move('open');
    expect(manager.list()).toHaveLength(2);
    expect(manager.open()).toHaveLength(1);
  });

  it('keeps one incident per policy, each with its own hold', async () => {
    const harness = start();
    const a = harness.policy('a');
    const b = harness.policy('b');
    a.move('open');
    b.move('open');
    a.move('closed');
    await vi.advanceTimersByTimeAsync(30_000);
    b.move('closed');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(harness.manager.open().map(({ policy }) => policy)).toEqual(['b']);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(harness.manager.open()).toEqual([]);
  });

  it('waits until all circuits of a policy are closed', async () => {
    const harness = start();
    const policy = harness.policy('hosts', 2);
    policy.move('open', { at: 0 });
    policy.move('open', { at: 1 });
    policy.move('closed', { at: 0 });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(harness.manager.open()).toHaveLength(1);
    policy.move('closed', { at: 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(harness.manager.open()).toEqual([]);
  });

  it('counts the hold from when the last circuit closed', async () => {
    const harness = start();
    const policy = harness.policy('hosts', 2);
    policy.move('open', { at: 0 });
    policy.move('open', { at: 1 });
    policy.move('closed', { at: 0 });
    await vi.advanceTimersByTimeAsync(10_000);
    policy.move('closed', { at: 1 });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(harness.manager.open()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(harness.manager.open()).toEqual([]);
  });

  it('says nothing in shadow mode', async () => {
    const { harness, policy } = withPolicy();
    for (const circuit of policy.circuits) circuit.shadow = true;
    policy.move('open');
    await settle();
    expect(harness.manager.list()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('measures the hold on the monotonic clock, whatever the wall clock does', async () => {
    const { manager, policy, harness } = withPolicy();
    policy.move('open');
    policy.move('closed');
    vi.setSystemTime(Date.UTC(2031, 0, 1));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(manager.open()).toHaveLength(1);
    vi.setSystemTime(Date.UTC(2020, 0, 1));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(manager.open()).toEqual([]);
    expect(harness.only().durationMs).toBe(60_000);
  });

  it('notices by looking when an event was missed', async () => {
    const { manager, policy } = withPolicy();
    policy.move('open');
    const [circuit] = policy.circuits;
    if (circuit !== undefined) circuit.state = 'closed';
    await vi.advanceTimersByTimeAsync(15_000 + 60_000);
    expect(manager.open()).toEqual([]);
  });

  it('resolves when its policy is removed', async () => {
    const { manager, policy, harness } = withPolicy();
    policy.move('open');
    harness.policies.delete('database');
    manager.policyRemoved('database');
    expect(harness.only()).toMatchObject({ status: 'resolved' });
    expect(harness.texts().at(-1)).toContain('its policy was removed');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps what it needs and no more', async () => {
    const { manager, policy } = withPolicy({
      maxResolvedIncidents: 3,
      maxTimelineEntries: 11,
      reopenWithinMs: 0,
    });
    const ids: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      policy.move('open');
      ids.push(manager.open()[0]?.id ?? '');
      for (let flap = 0; flap < 40; flap += 1) policy.move(flap % 2 === 0 ? 'half-open' : 'open');
      policy.move('closed');
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(manager.list().map(({ id }) => id)).toEqual(ids.slice(3));
    expect(manager.get(ids[0] ?? '')).toBeUndefined();
    const timeline = manager.get(ids[5] ?? '')?.timeline ?? [];
    expect(timeline).toHaveLength(11);
    expect(timeline[0]?.kind).toBe('detected');
    expect(timeline.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^3\d entries left out$/));
    expect(new Set(ids).size).toBe(6);
  });
});

describe('a person at the circuit', () => {
  it('pages nobody by forcing it open', async () => {
    const { manager, sink, policy } = withPolicy();
    policy.move('forced-open', { manual: true, reason: 'maintenance' });
    policy.move('open', { manual: true });
    policy.move('closed', { manual: true });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(manager.list()).toEqual([]);
    expect(sink.got).toEqual([]);
  });

  it('resolves nothing by forcing it open or disabling it during an incident', async () => {
    const { manager, sink, policy, harness } = withPolicy();
    policy.move('open');
    policy.move('closed');
    policy.move('forced-open', { manual: true, reason: 'let it rest' });
    await vi.advanceTimersByTimeAsync(600_000);
    policy.move('disabled', { manual: true, reason: 'we need it now' });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(manager.open()).toHaveLength(1);
    expect(sink.kinds()).toEqual(['opened', 'updated', 'updated']);
    expect(harness.texts().filter((text) => text.includes('by hand'))).toHaveLength(2);
    policy.move('closed', { manual: true, reason: 'reset' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(manager.open()).toEqual([]);
  });
});

describe('the proof of the repair', () => {
  const proven = (harness: Harness) =>
    harness
      .only()
      .toJSON()
      .checklists.flatMap(({ items }) => items)
      .find(({ id }) => id === 'verification.repair-proven')?.state;

  it('needs all circuits of the policy closed', () => {
    const harness = start();
    const policy = harness.policy('database', 2);
    policy.move('open', { at: 0 });
    policy.move('open', { at: 1 });
    policy.move('closed', { at: 1 });
    expect(proven(harness)).toBe('open');
    policy.move('closed', { at: 0 });
    expect(proven(harness)).toBe('done');
    policy.move('open', { at: 1 });
    expect(proven(harness)).toBe('open');
  });

  it('is not that a person reset a circuit, until that has opened and closed by itself', () => {
    const harness = start();
    const policy = harness.policy('database', 2);
    policy.move('open', { at: 0 });
    policy.move('open', { at: 1 });
    policy.move('closed', { at: 0, manual: true });
    policy.move('half-open', { at: 1 });
    policy.move('closed', { at: 1 });
    expect(proven(harness)).toBe('open');
    for (const to of ['open', 'half-open', 'closed'] as const) policy.move(to);
    expect(proven(harness)).toBe('done');
    policy.move('forced-open', { manual: true });
    policy.move('half-open', { manual: true });
    policy.move('closed');
    expect(proven(harness)).toBe('done');
  });
});

describe('severity', () => {
  it('follows criticality, less one step while a fallback serves, and rises when it stops serving', async () => {
    const { manager, sink, policy, harness, gauge } = withPolicy();
    policy.criticality = 'critical';
    policy.hasFallback = true;
    policy.move('open');
    expect(harness.only()).toMatchObject({ severity: 'High' });
    policy.calls.fallback = 40;
    policy.calls.failure = 2;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(harness.only().severity).toBe('High');
    policy.calls.fallback = 41;
    policy.calls.failure = 12;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(harness.only()).toMatchObject({
      severity: 'Critical',
      why: "'database' is of critical criticality and its fallback answers 1 of 11 calls.",
    });
    expect(sink.kinds()).toEqual(['opened', 'updated']);
    expect(gauge.get('High declared')).toBe(0);
    expect(gauge.get('Critical declared')).toBe(1);
    policy.calls.fallback = 500;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(harness.only().severity).toBe('Critical');
    expect(sink.kinds()).toEqual(['opened', 'updated']);
    expect(manager.open()).toHaveLength(1);
  });

  it('is not raised by a handful of calls', async () => {
    const { policy, harness } = withPolicy();
    policy.hasFallback = true;
    policy.move('open');
    policy.calls.failure = 4;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(harness.only().severity).toBe('Low');
    policy.calls.timeout = 1;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(harness.only().severity).toBe('Medium');
  });

  it('is decided by the user where there is a rule, and by the default where that fails', async () => {
    let broken = false;
    const { policy, harness } = withPolicy({
      severity: ({ ageMs }) => {
        if (broken) throw new Error('rule failed');
        return { severity: ageMs >= 45_000 ? 'High' : 'Low', why: `It lasts ${ageMs} ms.` };
      },
    });
    policy.move('open');
    expect(harness.only()).toMatchObject({ severity: 'Low', why: 'It lasts 0 ms.' });
    await vi.advanceTimersByTimeAsync(45_000);
    expect(harness.only()).toMatchObject({ severity: 'High', why: 'It lasts 45000 ms.' });
    broken = true;
    policy.move('half-open');
    expect(harness.reports).toMatchObject([{ policy: 'database', component: 'incidents' }]);
    harness.reports.length = 0;
    expect(harness.only().severity).toBe('High');
  });

  it('is decided by the default where the rule gives a promise, whose rejection harms nobody', async () => {
    const rule = vi.fn();
    rule.mockImplementation(() => Promise.reject(new Error('the rule has no database')));
    const { policy, harness } = withPolicy({ severity: rule });
    policy.move('open');
    expect(harness.only().severity).toBe('Medium');
    await settle();
    const reported = harness.reports.map(({ error }) => (error instanceof Error ? error.message : error));
    expect(new Set(reported)).toEqual(
      new Set(['the severity rule gave a promise: it must decide at once', 'the rule has no database']),
    );
    harness.reports.length = 0;
  });
});

describe('by hand', () => {
  it('declares an incident that only a person resolves', async () => {
    const { manager, sink, policy, harness } = withPolicy();
    const incident = manager.declare({
      policy: 'database',
      summary: 'Orders are missing',
      severity: 'Critical',
      by: 'Ada',
    });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(incident).toMatchObject({
      status: 'declared',
      severity: 'Critical',
      why: 'Set by Ada.',
      trigger: 'person',
    });
    policy.move('open');
    policy.move('closed');
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(harness.only()).toBe(incident);
    expect(resolveByHand(manager, incident.id, 'Grace')).toMatchObject({
      status: 'resolved',
      resolvedBy: 'Grace',
    });
    await settle();
    expect(sink.kinds()).toEqual(['opened', 'resolved']);
    manager.resolve(incident.id, 'Somebody else');
    expect(incident.resolvedBy).toBe('Grace');
  });

  it('leaves a severity that a person chose alone while no circuit is open', async () => {
    const { manager, policy } = withPolicy();
    policy.criticality = 'critical';
    const incident = manager.declare({ policy: 'database', summary: 'A slow report', severity: 'Low' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(incident.severity).toBe('Low');
    policy.move('open');
    expect(incident.severity).toBe('Critical');
  });

  it('joins the open incident', async () => {
    const { manager, sink, policy, harness } = withPolicy();
    policy.move('open');
    const joined = manager.declare({ policy: 'database', summary: 'Customers call', severity: 'Critical' });
    await settle();
    expect(harness.only()).toBe(joined);
    expect(joined).toMatchObject({ severity: 'Critical', trigger: 'circuit' });
    expect(sink.kinds()).toEqual(['opened', 'updated']);
  });

  it('begins a new incident when a probe fails after a person resolved the last', async () => {
    const { manager, policy } = withPolicy();
    policy.move('open');
    resolveByHand(manager, manager.open()[0]?.id ?? '');
    policy.move('half-open');
    policy.move('open');
    expect(manager.list()).toHaveLength(2);
  });

  it('refuses what is wrong, all at once', async () => {
    const { manager } = withPolicy();
    const wrong: unknown = { policy: '', summary: 7, severity: 'Bad', bye: 'x' };
    const problems = thrownBy(() => Reflect.apply(manager.declare, manager, [wrong]));
    expect(problems.map(({ path }) => path).sort()).toEqual(['bye', 'policy', 'severity', 'summary']);
    expect(thrownBy(() => manager.declare({ policy: 'nobody', summary: 'x' }))).toHaveLength(1);
    expect(thrownBy(() => manager.resolve('INC-1', 'Ada'))).toEqual([
      { path: 'id', message: 'names no incident' },
    ]);
    expect(thrownBy(() => manager.resolve('INC-1', ''))[0]?.path).toBe('by');
    await expect(manager.flush({ timeoutMs: Number.NaN })).rejects.toThrow(InvalidOptionsError);
    await expect(manager.close({ timeoutMs: -1 })).rejects.toThrow(InvalidOptionsError);
    expect(manager.list()).toEqual([]);
  });
});

describe('dedupScope service', () => {
  it('shares the key, and tells of a recovery here without resolving it for all', async () => {
    const one = withPolicy({ dedupScope: 'service', service: 'shop', instance: 'pod-1' });
    const two = withPolicy({ dedupScope: 'service', service: 'shop', instance: 'pod-2' });
    for (const { policy } of [one, two]) {
      policy.move('open');
      policy.move('closed');
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.sink.kinds()).toEqual(['opened', 'updated']);
    expect(one.sink.got[1]).toMatchObject({ incident: { status: 'resolved' } });
    expect(one.sink.got[1]?.summary).toContain('recovered on instance pod-1');
    expect(one.incidentEvents.at(-1)?.status).toBe('resolved');
    const keys = [...one.sink.got, ...two.sink.got].map(({ dedupKey }) => dedupKey);
    expect(new Set(keys)).toEqual(new Set(['breakwater/shop/database']));
    expect(one.harness.only().id).not.toBe(two.harness.only().id);
  });

  it('resolves it for all when a person does', async () => {
    const { manager, policy, sink } = withPolicy({ dedupScope: 'service', service: 'shop' });
    policy.move('open');
    resolveByHand(manager, manager.open()[0]?.id ?? '');
    await settle();
    expect(sink.kinds()).toEqual(['opened', 'resolved']);
  });
});

describe('dedupScope service, after it resolved itself', () => {
  it('has a person end the alert that others share, once', async () => {
    const { manager, harness, policy, sink } = withPolicy({ dedupScope: 'service', service: 'shop' });
    policy.move('open');
    policy.move('closed');
    await vi.advanceTimersByTimeAsync(60_000);
    const { id, resolvedAt, durationMs } = harness.only();
    expect(harness.only().resolvedBy).toBeUndefined();
    manager.resolve(id, 'Ada');
    manager.resolve(id, 'Grace');
    await settle();
    expect(sink.kinds()).toEqual(['opened', 'updated', 'resolved']);
    expect(sink.got[2]).toMatchObject({ dedupKey: 'breakwater/shop/database' });
    expect(harness.only()).toMatchObject({ status: 'resolved', resolvedBy: 'Ada', resolvedAt, durationMs });
    const { steps, checklists } = harness.only().toJSON();
    expect(steps.slice(-2).map(({ status, by }) => [status, by])).toEqual([
      ['resolved', null],
      ['resolved', 'Ada'],
    ]);
    const items = checklists.flatMap((list) => list.items);
    expect(items.find((item) => item.id === 'verification.repair-proven')?.state).toBe('done');
    expect(thrownBy(() => manager.do(id, { do: 'resolve', by: 'Grace' }))).toMatchObject([
      { message: expect.stringContaining('it is resolved already') },
    ]);
    policy.move('open');
    expect(manager.list()).toHaveLength(2);
  });

  it('ends nothing where the alert is its own', async () => {
    const { manager, harness, policy, sink } = withPolicy();
    policy.move('open');
    policy.move('closed');
    await vi.advanceTimersByTimeAsync(60_000);
    manager.resolve(harness.only().id, 'Ada');
    await settle();
    expect(sink.kinds()).toEqual(['opened', 'resolved']);
    expect(harness.only().resolvedBy).toBeUndefined();
  });
});

describe('failures around it', () => {
  it('reports facts and stats that throw, and goes on', async () => {
    const { harness, policy, manager } = withPolicy();
    vi.spyOn(policy, 'stats').mockImplementation(() => {
      throw new Error('no stats');
    });
    policy.move('open');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(manager.open()).toHaveLength(1);
    expect(harness.reports.length).toBeGreaterThan(0);
    policy.move('closed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(manager.open()).toEqual([]);
    harness.reports.length = 0;
  });

  it('copes with a listener that resolves the incident while it is announced', async () => {
    const { harness, policy, manager, sink } = withPolicy();
    harness.events.on('incident', ({ id, status }) => {
      if (status !== 'resolved') resolveByHand(manager, id, 'automation');
    });
    policy.move('open');
    policy.move('forced-open', { manual: true });
    await settle();
    expect(harness.only().status).toBe('resolved');
    expect(sink.kinds()).toEqual(['opened', 'resolved']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('copes with a listener that resolves one incident while another resolves itself', async () => {
    const harness = start();
    const { manager, sink } = harness;
    for (const policy of [harness.policy('a'), harness.policy('b')]) {
      policy.move('open');
      policy.move('closed');
    }
    harness.events.on('incident', ({ status }) => {
      const [left] = manager.open();
      if (status === 'resolved' && left !== undefined) resolveByHand(manager, left.id, 'automation');
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sink.kinds()).toEqual(['opened', 'opened', 'resolved', 'resolved']);
    expect(harness.gauge.get('Medium declared')).toBe(0);
    expect(harness.gauge.get('Medium resolved')).toBe(2);
  });

  it('lets no secret into an incident', async () => {
    const { harness, policy, sink } = withPolicy();
    policy.move('open', {
      reason:
        'postgres://app:hunter2@db.internal/shop?sslpassword=s3cret failed, Authorization: Bearer abc.def.ghi',
    });
    await settle();
    const text = JSON.stringify([harness.only(), sink.got]);
    for (const secret of ['hunter2', 's3cret', 'abc.def']) expect(text).not.toContain(secret);
    expect(text).toContain('db.internal/shop');
  });
});

describe('closing', () => {
  it('stops listening, says that open incidents stay open, and leaves no timer', async () => {
    const { manager, policy, sink } = withPolicy();
    policy.move('open');
    await manager.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(sink.kinds()).toEqual(['opened', 'updated']);
    expect(sink.got[1]?.summary).toContain('closing');
    policy.move('closed');
    policy.move('open');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sink.got).toHaveLength(2);
    expect(() => manager.declare({ policy: 'database', summary: 'late' })).toThrow(ClosedError);
    await manager.close();
  });
});

function withPolicy(options: IncidentOptions = {}) {
  const harness = start(options);
  const policy = harness.policy();
  const { manager, sink, gauge, incidentEvents } = harness;
  return { harness, policy, manager, sink, gauge, incidentEvents };
}

function thrownBy(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems;
    throw error;
  }
  throw new Error('it did not throw');
}
