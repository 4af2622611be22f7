import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { restoredCauses } from '../../src/incidents/manager/restored-causes.ts';
import { libraryJapanese } from '../../src/incidents/postmortem/library-ja.ts';
import type { Breakwater, PolicyOptions } from '../../src/index.ts';
import { closeInFakeTime, testHub } from '../support.ts';
import { RecordingSink } from './fixtures.ts';
import { sampleIncident } from './sample.ts';

let hub: Breakwater;
let sink: RecordingSink;
let down: Set<string>;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 12) });
  sink = new RecordingSink('pager');
  hub = testHub({ incidents: { sinks: [sink] } });
  down = new Set();
});

afterEach(async () => {
  await closeInFakeTime(hub);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function start(options: PolicyOptions<string> = {}, names = ['a', 'b', 'c']): void {
  hub.policy<string>('db', {
    criticality: 'critical',
    attemptTimeoutMs: 1_000,
    circuitBreaker: { consecutiveFailures: 100 },
    failover: {
      endpoints: names.map((name) => ({ name, target: name })),
      ejection: { maxEjectedPercent: 100 },
    },
    ...options,
  });
}

/** Calls in each of so many seconds; those that go to an endpoint that is down fail there. */
async function callFor(seconds: number, perSecond = 10): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    for (let call = 0; call < perSecond; call += 1) {
      await hub
        .get('db')
        .execute(({ endpoint }) =>
          down.has(endpoint ?? '') ? Promise.reject(new Error('down')) : Promise.resolve(endpoint),
        )
        .catch(() => undefined);
    }
    await vi.advanceTimersByTimeAsync(1_000);
  }
}

describe('an endpoint that stays ejected', () => {
  test('begins one incident when the run that tries it fails, less severe while others stand in', async () => {
    start();
    await callFor(1);
    down.add('a');
    await callFor(29);
    expect(hub.incidents.list()).toEqual([]);
    await callFor(2);
    const [incident] = hub.incidents.list();
    expect(incident).toMatchObject({ trigger: 'endpoint', severity: 'High' });
    expect(incident?.summary).toBe(
      "'db' sends no calls to its endpoint 'a' since 30 s (the run that tried it failed).",
    );
    expect(incident?.startedAt).toBe(Date.UTC(2026, 1, 4, 12, 0, 1));
    await callFor(270, 1);
    expect(hub.incidents.list()).toHaveLength(1);
    expect(hub.incidents.open()).toHaveLength(1);
    expect(incident?.severity).toBe('High');
    expect(sink.kinds()).toEqual(['opened']);
  });

  test('ends it when it is back for good', async () => {
    start();
    down.add('a');
    await callFor(40);
    expect(hub.incidents.open()).toHaveLength(1);
    down.clear();
    await callFor(60, 1);
    expect(hub.incidents.open()).toHaveLength(1);
    await callFor(60, 1);
    expect(hub.incidents.list()[0]).toMatchObject({ status: 'resolved' });
    expect(sink.kinds()).toEqual(['opened', 'resolved']);
  });

  test('ends it by itself where nothing goes there any more', async () => {
    start();
    down.add('a');
    await callFor(40);
    await vi.advanceTimersByTimeAsync(60_000 + 60_000 + 60_000 + 15_000);
    expect(hub.incidents.list()[0]).toMatchObject({ status: 'resolved' });
  });

  test('is as severe as its policy is critical where none is left', async () => {
    start({ circuitBreaker: false }, ['a', 'b']);
    down.add('a').add('b');
    await callFor(35);
    expect(hub.incidents.list()[0]).toMatchObject({ trigger: 'endpoint', severity: 'Critical' });
  });

  test('begins none with one blip, nor with blips far from each other', async () => {
    start();
    for (let blip = 0; blip < 3; blip += 1) {
      down.add('a');
      await callFor(5);
      down.clear();
      await callFor(600, 1);
    }
    expect(hub.incidents.list()).toEqual([]);
  });

  test('begins one where it comes back again and again for a moment', async () => {
    start();
    for (let time = 0; time < 2; time += 1) {
      down.add('a');
      await callFor(5);
      down.clear();
      await callFor(30);
    }
    expect(hub.incidents.list()).toMatchObject([{ trigger: 'endpoint' }]);
  });

  test('joins the incident of another endpoint, and is told when it lasts', async () => {
    start();
    down.add('a');
    await callFor(40);
    down.add('b');
    await callFor(5);
    expect(sink.kinds()).toEqual(['opened']);
    await callFor(40);
    expect(hub.incidents.list()).toHaveLength(1);
    expect(sink.got.map(({ summary }) => summary)[1]).toBe(
      "'db' sends no calls to its endpoint 'b' since 30 s (the run that tried it failed).",
    );
  });

  test('holds what another process left open only until it is seen anew', () => {
    const document = sampleIncident({ trigger: 'endpoint' });
    expect(restoredCauses(document, { rejections: false })).toEqual([{ cause: 'endpoint ', forMs: 60_000 }]);
  });

  test('is not told again where its circuit is open too, and joins that incident', async () => {
    start({ circuitBreaker: { consecutiveFailures: 6, openMs: 5_000 } });
    down.add('a');
    await callFor(120);
    expect(hub.incidents.list().map(({ trigger, severity }) => [trigger, severity])).toEqual([
      ['circuit', 'High'],
    ]);
    expect(sink.kinds()).toEqual(['opened']);
  });

  test('is another incident after a person resolved the first', async () => {
    start();
    down.add('a');
    await callFor(40);
    const { id = '' } = hub.incidents.open()[0] ?? {};
    hub.incidents.acknowledge(id, 'Ada');
    hub.incidents.resolve(id, 'Ada', { waive: ['*'], waiveReason: 'known' });
    await callFor(60, 1);
    expect(hub.incidents.open()).toEqual([]);
    await callFor(400, 1);
    expect(hub.incidents.open()).toMatchObject([{ trigger: 'endpoint' }]);
  });

  test('is worded in Japanese too', async () => {
    start();
    down.add('a');
    await callFor(32);
    expect(libraryJapanese(hub.incidents.list()[0]?.summary ?? '')).toBe(
      '「db」はエンドポイント「a」に30秒前から呼び出しを送っていない（復帰の試行が失敗）。',
    );
  });
});
