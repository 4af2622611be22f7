import { afterEach, describe, expect, it, vi } from 'vitest';
import { afterDelay } from '../../../src/core/timers.ts';
import { durationText } from '../../../src/incidents/duration-text.ts';
import { checklistNames } from '../../../src/incidents/incident/document.ts';
import { IncidentIds } from '../../../src/incidents/incident/incident-id.ts';
import { Timeline } from '../../../src/incidents/incident/timeline.ts';
import { fc } from '../../fast-check.ts';
import { sampleIncident } from '../sample.ts';
import { AT, detected, recordOf } from './changes.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('IncidentIds', () => {
  it('counts by day in UTC, and repeats nothing when the clock goes back', () => {
    const ids = new IncidentIds('0a1b2c3d');
    const noon = Date.UTC(2026, 1, 4, 12);
    const day = 86_400_000;
    expect([noon, noon, noon + day, noon, noon + day].map((at) => ids.next(at))).toEqual([
      'INC-20260204-001-0a1b2c3d',
      'INC-20260204-002-0a1b2c3d',
      'INC-20260205-001-0a1b2c3d',
      'INC-20260205-002-0a1b2c3d',
      'INC-20260205-003-0a1b2c3d',
    ]);
  });

  it('never makes what another instance makes', () => {
    const at = Date.UTC(2026, 1, 4);
    expect(new IncidentIds().next(at)).not.toBe(new IncidentIds().next(at));
  });
});

describe('Timeline', () => {
  it('leaves out what people wrote last, and never what came last', () => {
    const timeline = new Timeline(11);
    const add = (at: number, byPerson = false) =>
      timeline.add({ at, kind: byPerson ? 'noted' : 'circuits', text: String(at) }, byPerson);
    for (let at = 0; at < 10; at += 1) add(at);
    for (const at of [10, 20, 30]) add(at, true);
    for (let at = 31; at < 100; at += 1) add(at);
    const shown = timeline.entries().map(({ kind, text }) => (kind === 'left-out' ? '...' : text));
    expect(shown).toEqual(['0', '1', '2', '3', '4', '10', '20', '30', '...', '98', '99']);
    expect(timeline.leftOut).toBe(82 - 10);
    for (const at of [100, 101, 102, 103]) add(at, true);
    add(104);
    expect(
      timeline
        .entries()
        .map(({ text }) => text)
        .slice(-5),
    ).toEqual(['100', '101', '102', '103', '104']);
  });

  it('is bounded, keeps its beginning and its end, and accounts for all between', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 30 }), fc.integer({ min: 0, max: 100 }), (limit, added) => {
        const timeline = new Timeline(limit);
        const texts = Array.from({ length: added }, (_, at) => String(at));
        for (const [at, text] of texts.entries()) timeline.add({ at, kind: 'noted', text });
        const entries = timeline.entries();
        expect(entries.length).toBeLessThanOrEqual(limit);
        const kept = entries.filter(({ kind }) => kind === 'noted').map(({ text }) => text);
        expect(kept.length + timeline.leftOut).toBe(added);
        expect(kept.at(-1)).toBe(texts.at(-1));
        expect(kept[0]).toBe(texts[0]);
        expect(entries.map(({ at }) => at)).toEqual([...entries.map(({ at }) => at)].sort((a, b) => a - b));
        expect(entries.some(({ kind }) => kind === 'left-out')).toBe(timeline.leftOut > 0);
      }),
    );
  });
});

describe('IncidentRecord', () => {
  it('is the fold of its changes, and writes itself as JSON', () => {
    const record = recordOf(detected({ severity: 'Low' }), { type: 'declared', at: AT });
    record.apply({ type: 'severity', at: AT + 1, from: 'Low', to: 'High', why: 'Worse.' });
    expect(record.toJSON()).toMatchObject({
      status: 'declared',
      severity: 'High',
      resolvedAt: null,
      durationMs: null,
    });
    record.apply({ type: 'resolved', at: AT + 2_000, reason: 'it is over.', by: 'Ada', durationMs: 2_000 });
    const { checklists, impact, ...document } = JSON.parse(JSON.stringify(record));
    const { id, policy, service, instance, dedupKey } = detected();
    const times = { detectedAt: '2026-02-04T12:00:00.000Z', declaredAt: '2026-02-04T12:00:00.000Z' };
    const step = { by: null, reason: null, reopening: false };
    expect(document).toEqual({
      ...sampleIncident(),
      ...{ id, policy, service, instance, dedupKey, ...times },
      checklists: undefined,
      impact: undefined,
      status: 'resolved',
      severity: 'High',
      why: 'Worse.',
      summary: 'It opened',
      trigger: 'circuit',
      startedAt: '2026-02-04T12:00:00.000Z',
      resolvedAt: '2026-02-04T12:00:02.000Z',
      resolvedBy: 'Ada',
      durationMs: 2_000,
      steps: [
        { ...step, at: times.detectedAt, status: 'detected' },
        { ...step, at: times.declaredAt, status: 'declared' },
        { ...step, at: '2026-02-04T12:00:02.000Z', status: 'resolved', by: 'Ada', reason: 'it is over.' },
      ],
      severityHistory: [
        { at: times.detectedAt, from: null, to: 'Low', why: 'So.', by: null },
        { at: '2026-02-04T12:00:00.001Z', from: 'Low', to: 'High', why: 'Worse.', by: null },
      ],
      timeline: [
        { at: '2026-02-04T12:00:00.000Z', kind: 'detected', text: 'Detected as Low: It opened. So.' },
        { at: '2026-02-04T12:00:00.000Z', kind: 'declared', text: 'Declared' },
        {
          at: '2026-02-04T12:00:00.001Z',
          kind: 'severity',
          text: 'Severity changed from Low to High: Worse.',
        },
        { at: '2026-02-04T12:00:02.000Z', kind: 'resolved', text: 'Resolved by Ada after 2 s: it is over.' },
      ],
    });
    expect(Object.keys(JSON.parse(JSON.stringify(record))).sort()).toEqual(
      Object.keys(sampleIncident()).sort(),
    );
    expect(impact).toMatchObject({ dependants: ['checkout'], usedBy: ['search'] });
    expect(checklists.map(({ name }: { name: string }) => name)).toEqual(checklistNames);
  });
});

describe('durationText', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [59_600, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [3_601_000, '1 h'],
    [90_000_000, '1 d 1 h'],
  ])('says %i ms as %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe('afterDelay', () => {
  it('waits past the longest delay of a timer, and can be taken back', () => {
    vi.useFakeTimers();
    const fired: string[] = [];
    const long = 2 ** 31 + 5_000;
    afterDelay(long, () => fired.push('long'));
    const cancel = afterDelay(long, () => fired.push('cancelled'));
    vi.advanceTimersByTime(2 ** 31);
    cancel();
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(5_000);
    expect(fired).toEqual(['long']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
