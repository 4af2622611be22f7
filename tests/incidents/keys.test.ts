import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { IncidentRecord } from '../../src/incidents/incident/record.ts';
import type { Breakwater, PolicyOptions } from '../../src/index.ts';
import { closeInFakeTime, errorOf, testHub } from '../support.ts';
import { RecordingSink } from './fixtures.ts';

let hub: Breakwater;
let sink: RecordingSink;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 12) });
  vi.spyOn(Math, 'random').mockReturnValue(0);
  sink = new RecordingSink('pager');
  hub = testHub({ incidents: { sinks: [sink] } });
});

afterEach(async () => {
  await closeInFakeTime(hub);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const options: PolicyOptions = {
  criticality: 'critical',
  circuitBreaker: {
    perKey: ({ metadata }) => (typeof metadata === 'string' ? metadata : undefined),
    consecutiveFailures: 2,
    openMs: 30_000,
  },
};

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);

async function serve(...keys: string[]): Promise<void> {
  for (const metadata of keys) await hub.get('database').execute(() => 1, { metadata });
}

async function fail(...keys: string[]): Promise<void> {
  const down = () => Promise.reject(new Error('down'));
  for (const metadata of [...keys, ...keys]) await errorOf(hub.get('database').execute(down, { metadata }));
}

const named = (count: number, prefix = 'tenant') =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
const counts = () =>
  hub.incidents
    .list()[0]
    ?.timeline.filter(({ kind }) => kind === 'circuits')
    .map(({ text }) => text) ?? [];

describe('an incident of a policy with a circuit for each key', () => {
  test('begins one step less severe while few keys are turned away, and names the key', async () => {
    hub.policy('database', options);
    await serve(...named(19, 'healthy'));
    await fail('tenant-7');
    const [incident, ...others] = hub.incidents.list();
    expect(others).toEqual([]);
    expect(incident?.severity).toBe('High');
    expect(incident?.summary).toBe(
      "The circuit of 'database' opened: key 'tenant-7': 2 attempts in a row failed",
    );
    expect(incident?.toJSON().severityHistory[0]?.why).toBe(
      "'database' is of critical criticality, and 1 of 20 keys are turned away.",
    );
    await seconds(1);
    expect(counts()).toEqual([
      "Circuits that are not closed: 1 of 20 keys; failing for longest: 'tenant-7' since 2026-02-04T12:00:00.000Z.",
    ]);
  });

  test('is one for all of them: it becomes as severe as they are many, and tells little more', async () => {
    hub.policy('database', options);
    await serve(...named(50, 'healthy'));
    await fail('tenant-0');
    await seconds(2);
    await fail(...named(40).slice(1));
    await seconds(2);
    const [incident, ...others] = hub.incidents.list();
    expect(others).toEqual([]);
    expect(incident?.severity).toBe('Critical');
    expect(incident?.toJSON().why).toContain('40 of 90 keys are turned away');
    expect(incident?.timeline.filter(({ kind }) => kind === 'circuit')).toHaveLength(1);
    expect(counts()).toHaveLength(2);
    expect(counts()[1]).toContain("40 of 90 keys; failing for longest: 'tenant-0' since");
    expect(counts()[1]?.match(/since/g)).toHaveLength(5);
    await seconds(60);
    expect(sink.kinds().length).toBeLessThanOrEqual(4);
  });

  test('is over when every key is closed, those that nobody used any more included', async () => {
    hub.policy('database', {
      ...options,
      circuitBreaker: { ...options.circuitBreaker, maxOpenMs: 60_000 },
    });
    await fail('comes-back', 'gone');
    await seconds(31);
    await serve('comes-back');
    await seconds(2);
    expect(hub.incidents.open()).toHaveLength(1);
    expect(counts().at(-1)).toContain("1 of 2 keys; failing for longest: 'gone'");
    await seconds(60);
    expect(counts().at(-1)).toBe('Circuits that are not closed: 0 of 1 keys.');
    expect(hub.incidents.list()[0]?.toJSON().condition.circuit).toMatchObject({ allClosed: true });
    await seconds(80);
    expect(hub.incidents.list()[0]?.status).toBe('resolved');
  });

  test('shows no secret and no long key, and has the worst keys in its evidence only', async () => {
    hub.policy('database', options);
    const secret = 'postgres://ada:hunter2@db/shop';
    await fail(secret, 'k'.repeat(200), ...named(10));
    await seconds(2);
    const document = JSON.stringify(hub.incidents.list()[0]?.toJSON());
    expect(document).not.toContain('hunter2');
    expect(document).not.toContain('k'.repeat(61));
    expect(JSON.stringify(sink.got)).not.toContain('hunter2');
    expect(hub.incidents.list()[0]?.toJSON().situation?.circuits.length).toBeLessThanOrEqual(6);
  });

  test('names keys by a hash where that is wanted, the same each time', async () => {
    hub = testHub({ incidents: { sinks: [sink], nameKeys: 'hash' } });
    hub.policy('database', options);
    await fail('ada@example.org', ...named(5));
    await seconds(2);
    const [incident] = hub.incidents.list();
    const text = JSON.stringify([incident?.toJSON(), sink.got, incident && hub.incidents.why(incident.id)]);
    expect(text).not.toContain('ada@');
    expect(text).not.toContain('tenant-');
    // The first eight digits of what `printf %s ada@example.org | sha256sum` prints.
    const hashed = `sha256:${createHash('sha256').update('ada@example.org').digest('hex').slice(0, 8)}`;
    expect(incident?.summary).toContain(`key '${hashed}'`);
    expect(counts()[0]).toContain(hashed);
    expect(JSON.stringify(incident?.toJSON().situation?.circuits)).toContain(hashed);
  });

  test('is steered through the circuit of the policy, which holds for all keys', async () => {
    const policy = hub.policy('database', options);
    await fail('a');
    const { id = '' } = hub.incidents.list()[0] ?? {};
    hub.incidents.recover(id, { policy: 'database', control: 'force-open', by: 'Ada' });
    expect(await errorOf(policy.execute(() => 1, { metadata: 'b' }))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(policy.circuits.map(({ state }) => state)).toEqual(['forced-open', 'open']);
    hub.incidents.recover(id, { policy: 'database', control: 'probe-now', by: 'Ada' });
    await serve('a');
    expect(policy.circuits.map(({ state }) => state)).not.toContain('forced-open');
  });

  test('is no worse while a person lets all calls through, as nothing is turned away then', async () => {
    hub.policy('database', options);
    await serve(...named(14, 'healthy'));
    await fail('tenant-7');
    await seconds(2);
    const [incident] = hub.incidents.list();
    expect(incident?.severity).toBe('High');
    hub.incidents.recover(incident?.id ?? '', { control: 'force-closed', by: 'Ada' });
    await seconds(40);
    expect(incident?.severity).toBe('High');
    expect(incident?.why).toBe(
      "'database' is of critical criticality, and a person lets all calls through its circuits.",
    );
    expect(counts().at(-1)).toBe(
      "Circuits that are not closed: the policy's own, disabled by hand, so that all calls are let through.",
    );
    expect(sink.got.map(({ summary }) => summary).join()).not.toContain('Raised');
  });

  test('knows that all are closed though they opened and closed between two looks', async () => {
    hub.policy('database', {
      ...options,
      circuitBreaker: { ...options.circuitBreaker, openMs: 200 },
    });
    await fail('tenant-7');
    await vi.advanceTimersByTimeAsync(300);
    await serve('tenant-7');
    await seconds(2);
    const [incident] = hub.incidents.list();
    expect(incident?.toJSON().condition.circuit).toMatchObject({ state: 'closed', allClosed: true });
    expect(counts()).toEqual(['Circuits that are not closed: 0 of 1 keys.']);
  });

  test('keeps what people wrote, however many keys come and go, and writes little of them', async () => {
    hub.policy('database', {
      ...options,
      circuitBreaker: { ...options.circuitBreaker, openMs: 600_000, maxOpenMs: 600_000 },
    });
    await fail('first');
    const { id = '' } = hub.incidents.list()[0] ?? {};
    const before = counts().length;
    hub.incidents.do(id, { do: 'note', by: 'Ada', text: 'the vendor knows of it' });
    const applied = vi.spyOn(IncidentRecord.prototype, 'apply');
    for (let at = 0; at < 300; at += 1) {
      await fail(`new-${at}`);
      await vi.advanceTimersByTimeAsync(1_100);
    }
    const reviewed = applied.mock.calls.filter(([{ type }]) => type === 'reviewed');
    applied.mockRestore();
    expect(reviewed.length).toBeLessThanOrEqual(330 / 15 + 1);
    const timeline = hub.incidents.list()[0]?.timeline ?? [];
    expect(timeline.some(({ text }) => text.includes('the vendor knows of it'))).toBe(true);
    // Nine doublings, and once for each 15 seconds.
    expect(counts().length - before).toBeLessThanOrEqual(9 + 330 / 15);
  });

  test('tells that it is worse once, with how many there are', async () => {
    hub.policy('database', { ...options, circuitBreaker: { ...options.circuitBreaker, maxKeys: 200 } });
    await serve(...named(100, 'tenant'));
    await fail('tenant-0');
    await seconds(20);
    sink.got.length = 0;
    await fail(...named(60).slice(1));
    await seconds(50);
    const told = sink.got.map(({ kind, summary }) => ({ kind, summary }));
    expect(told).toHaveLength(1);
    expect(told[0]?.summary).toContain('Raised to Critical');
    expect(told[0]?.summary).toContain('60 of 100 keys');
  });
});
