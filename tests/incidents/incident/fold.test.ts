import { describe, expect, it } from 'vitest';
import { type IncidentChange, incidentChange } from '../../../src/incidents/incident/changes/change.ts';
import { foldEntries } from '../../../src/incidents/incident/fold.ts';
import { IncidentRecord } from '../../../src/incidents/incident/record.ts';
import { type IncidentStatus, isOpen } from '../../../src/incidents/incident/status.ts';
import type { JournalEntry } from '../../../src/incidents/journal/entry.ts';
import { fc } from '../../fast-check.ts';
import { anyChange } from './arbitrary-change.ts';
import { AT, detected, documentOf, recordOf } from './changes.ts';

const someChanges = fc
  .tuple(fc.array(anyChange, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }))
  .map(([changes, doubled]) => [...changes, ...changes.slice(0, doubled * 10)]);

/** Lists within `value` that are longer than `limit`, at any depth. */
function tooLong(value: unknown, limit: number): boolean {
  if (Array.isArray(value)) return value.length > limit || value.some((entry) => tooLong(entry, limit));
  return (
    typeof value === 'object' && value !== null && Object.values(value).some((entry) => tooLong(entry, limit))
  );
}

describe('the fold', () => {
  it('takes every kind of change', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(anyChange, (change) => {
        kinds.add(change.type);
        expect(incidentChange.safeParse(change).success).toBe(true);
      }),
      { numRuns: 800 },
    );
    expect(kinds.size).toBe(incidentChange.options.length);
  });

  it('throws nothing, whatever comes in whatever order, and is the same after a way through JSON', () => {
    fc.assert(
      fc.property(someChanges, (changes) => {
        const direct = new IncidentRecord('INC-1', 30);
        const read = new IncidentRecord('INC-1', 30);
        for (const change of changes) {
          direct.apply(incidentChange.parse(change));
          read.apply(incidentChange.parse(JSON.parse(JSON.stringify(change))));
        }
        const text = JSON.stringify(direct);
        expect(JSON.stringify(read)).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(direct.toJSON())));
        const document = direct.toJSON();
        expect(document.timeline.length).toBeLessThanOrEqual(30);
        for (const list of [document.steps, document.notes, document.actions, document.timeline]) {
          const times = list.map(({ at }) => Date.parse(at));
          expect(times).toEqual([...times].sort((a, b) => a - b));
        }
        expect(document.resolvedAt === null).toBe(isOpen(document.status));
        expect(document.durationMs === null).toBe(isOpen(document.status));
        expect(document.closedAt !== null).toBe(document.status === 'closed');
        for (const name of ['notes', 'hypotheses', 'actions', 'mitigations'] as const) {
          const ids = document[name].map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('agrees with a simple model of the life', () => {
    const steps = ['declared', 'acknowledged', 'mitigated', 'resolved', 'closed', 'reopened'] as const;
    const order: readonly IncidentStatus[] = [
      'detected',
      'declared',
      'acknowledged',
      'mitigated',
      'resolved',
    ];
    fc.assert(
      fc.property(fc.array(fc.record({ type: fc.constantFrom(...steps), known: fc.boolean() })), (taken) => {
        const record = recordOf(detected());
        let status: IncidentStatus = 'detected';
        let declared = false;
        for (const [index, { type, known }] of taken.entries()) {
          const who = known ? 'Ada' : undefined;
          const before: IncidentStatus = status;
          if (type === 'reopened') {
            const isRelapse = before === 'mitigated' && !known;
            if (before === 'resolved' || before === 'closed' || isRelapse)
              status = known ? 'acknowledged' : declared ? 'declared' : 'detected';
          } else if (type === 'closed') {
            if (before === 'resolved') status = 'closed';
          } else if (before !== 'closed' && order.indexOf(before) < order.indexOf(type)) status = type;
          declared ||= status === 'declared';
          expect(record.apply(step(type, AT + index, who))).toBe(status !== before);
          expect(record.status).toBe(status);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the beginning and the end of a list that is too long, and says how much is missing', () => {
    const record = new IncidentRecord('INC-1', 20);
    for (let n = 0; n < 620; n += 1) {
      record.apply({ type: 'noted', at: AT + n, id: `n-${n}`, text: `note ${n}`, deadEnd: false });
      record.apply({
        type: 'contacted',
        at: AT + n,
        contact: `c-${n}`,
        reached: n % 2 === 0,
      });
    }
    const { notes, leftOut } = record.toJSON();
    expect(notes).toHaveLength(500);
    expect([notes[0]?.id, notes[249]?.id, notes[250]?.id, notes.at(-1)?.id]).toEqual([
      'n-0',
      'n-249',
      'n-370',
      'n-619',
    ]);
    expect(leftOut).toEqual({ timeline: 1_240 - 19, notes: 120, contacted: 120 });
  });

  it('bounds what grows inside a part and inside a change', () => {
    const many = Array.from({ length: 600 }, (_, n) => String(n));
    const record = recordOf(
      detected({ dependants: many, usedBy: many }),
      { type: 'hypothesis', at: AT, id: 'h-1', text: 'the disk' },
      ...many.map((text) => ({ type: 'evidence', at: AT, hypothesis: 'h-1', text, supports: true }) as const),
      ...many.map(
        (person) => ({ type: 'assigned', at: AT, role: 'fixer', person, released: false }) as const,
      ),
      { type: 'notifying', at: AT, notification: 'x', kind: 'opened', summary: 's', sinks: many },
      { type: 'escalated', at: AT, contact: 'c', level: 1, via: many, why: '' },
    );
    const { checklists: _, ...document } = record.toJSON();
    expect(tooLong(document, 500)).toBe(false);
  });
});

describe('foldEntries', () => {
  it('gives each incident that began, and passes over what is of the hub and of none that is known', () => {
    const at = AT;
    const entry = { v: 1, writer: 'w', seq: 1 } as const;
    const change: IncidentChange = { type: 'acknowledged', at, by: 'Ada' };
    const strays: string[] = [];
    const entries: readonly JournalEntry[] = [
      { ...entry, incident: 'INC-2', change: detected() },
      { ...entry, hub: { type: 'changed', at, what: 'a release' } },
      { ...entry, incident: 'INC-1', change },
      { ...entry, incident: 'INC-2', change },
    ];
    const records = foldEntries(
      entries,
      () => {},
      ({ id }) => strays.push(id),
    );
    expect(strays).toEqual(['INC-1']);
    expect(records.map(({ id, status, summary }) => [id, status, summary])).toEqual([
      ['INC-2', 'acknowledged', 'It opened'],
    ]);
  });
});

describe('steps', () => {
  it('counts from the first failure, and the first who resolves did', () => {
    const record = recordOf(
      detected({ startedAt: AT - 5_000 }),
      step('declared', AT),
      step('acknowledged', AT + 1, 'Ada'),
    );
    expect(
      record.apply({ type: 'resolved', at: AT + 10_000, by: 'Ada', reason: 'so.', durationMs: 15_000 }),
    ).toBe(true);
    expect(
      record.apply({ type: 'resolved', at: AT + 11_000, reason: 'it is closed.', durationMs: 16_000 }),
    ).toBe(false);
    expect(record).toMatchObject({ resolvedBy: 'Ada', resolvedAt: AT + 10_000, durationMs: 15_000 });
    expect(record.timeline.at(-1)?.text).toBe('Without effect: Resolved after 16 s: it is closed.');
  });

  it('forgets when reopened what it resolved to, and what was verified', () => {
    const open = recordOf(
      detected(),
      { type: 'circuit', at: AT, from: 'half-open', to: 'closed', reason: 'ok', manual: false },
      { type: 'slo', at: AT, sli: 'latency', status: 'recovered', text: 't' },
      { type: 'checked', at: AT, item: 'verification.nothing-else-broken', state: 'done', by: 'Ada' },
      { type: 'checked', at: AT, item: 'impact.stopgap', state: 'done', by: 'Ada' },
      { type: 'checked', at: AT, item: 'work.failover.rehearsed', state: 'done', by: 'Ada' },
      { type: 'checked', at: AT, item: 'work.scale.rehearsed', state: 'waived', reason: 'r', by: 'Ada' },
      { type: 'resolved', at: AT + 1, by: 'Ada', reason: 'so.', durationMs: 1 },
      { type: 'closed', at: AT + 2, by: 'Ada' },
      { type: 'reopened', at: AT + 3, by: 'Grace', reason: 'it is back' },
    ).toJSON();
    expect(open).toMatchObject({
      status: 'acknowledged',
      resolvedAt: null,
      resolvedBy: null,
      closedAt: null,
      durationMs: null,
      checks: [{ item: 'work.failover.rehearsed' }],
      condition: { circuit: null, recoveredAt: null },
    });
    expect(open.steps.at(-1)).toEqual({
      at: '2026-02-04T12:00:00.003Z',
      status: 'acknowledged',
      by: 'Grace',
      reason: 'it is back',
      reopening: true,
    });
  });

  it('takes a beginning that comes late without going back to it', () => {
    const late = documentOf({ type: 'acknowledged', at: AT + 5, by: 'Ada' }, detected());
    expect(late).toMatchObject({
      status: 'acknowledged',
      policy: 'database',
      detectedAt: '2026-02-04T12:00:00.000Z',
    });
    expect(late.steps.map(({ status }) => status)).toEqual(['detected', 'acknowledged']);
  });
});

describe('what is gathered', () => {
  it('keeps each notification with what became of it at each sink', () => {
    const notified = { type: 'notified', notification: 'N', kind: 'opened', tries: 1 } as const;
    const { notifications, timeline } = documentOf(
      detected(),
      {
        type: 'notifying',
        at: AT,
        notification: 'N',
        kind: 'opened',
        summary: 'It opened',
        sinks: ['log', 'slack'],
      },
      { ...notified, at: AT + 1, sink: 'log', result: 'delivered', detail: 'taken' },
      { ...notified, at: AT + 2, sink: 'log', result: 'failed', detail: 'HTTP 500' },
    );
    expect(notifications).toEqual([
      {
        id: 'N',
        kind: 'opened',
        at: '2026-02-04T12:00:00.000Z',
        summary: 'It opened',
        sinks: [
          { sink: 'log', result: 'delivered', at: '2026-02-04T12:00:00.001Z', tries: 1, detail: 'taken' },
          { sink: 'slack', result: null, at: null, tries: 0, detail: null },
        ],
      },
    ]);
    expect(timeline.map(({ kind }) => kind)).toEqual(['detected', 'notified', 'notified']);
  });

  it('takes what holds it back as over once people are told', () => {
    const held: IncidentChange = {
      type: 'held-back',
      at: AT,
      because: 'silence',
      text: 'planned work',
      until: AT + 1,
    };
    expect(documentOf(detected(), held).heldBack).toEqual({
      because: 'silence',
      text: 'planned work',
      upstream: null,
      until: '2026-02-04T12:00:00.001Z',
    });
    expect(documentOf(detected(), held, step('declared', AT + 2)).heldBack).toBeNull();
  });

  it('ends a control, knows where the circuit is and what burns, and what was spent of a budget', () => {
    const zero = {
      calls: 1,
      failed: 1,
      timedOut: 0,
      rejected: 0,
      retried: 0,
      servedStale: 0,
      servedFallback: 0,
    };
    const document = documentOf(
      detected(),
      {
        type: 'steered',
        at: AT,
        control: 'force-open',
        text: 'open',
        by: 'Ada',
        until: AT + 9,
        ended: false,
      },
      { type: 'steered', at: AT + 1, control: 'force-open', text: 'over', ended: true },
      { type: 'circuit', at: AT + 2, from: 'open', to: 'half-open', reason: 'r', manual: false },
      { type: 'slo', at: AT + 2, sli: 'latency', status: 'burning', text: 't' },
      { type: 'slo', at: AT + 3, sli: 'availability', status: 'burning', text: 't' },
      { type: 'slo', at: AT + 4, sli: 'latency', status: 'recovered', text: 't' },
      {
        type: 'measured',
        at: AT,
        during: zero,
        latency: {},
        budget: [{ sli: 'latency', objective: 0.9, remainingBefore: 0.75, remainingAfter: 0.25 }],
        errors: [],
        otherErrors: 0,
      },
    );
    expect(document.controls).toEqual([
      {
        at: '2026-02-04T12:00:00.000Z',
        by: 'Ada',
        control: 'force-open',
        text: 'open',
        until: '2026-02-04T12:00:00.009Z',
        ended: true,
        endedAt: '2026-02-04T12:00:00.001Z',
        endedBy: null,
        endedText: 'over',
      },
    ]);
    expect(document.condition).toEqual({
      circuit: { state: 'half-open', at: '2026-02-04T12:00:00.002Z', allClosed: false, byHand: false },
      burning: [{ sli: 'availability', at: '2026-02-04T12:00:00.003Z' }],
      recoveredAt: '2026-02-04T12:00:00.004Z',
    });
    expect(document.impact).toMatchObject({
      during: zero,
      dependants: ['checkout'],
      budget: [{ spent: 0.5 }],
    });
  });
});

function step(
  type: 'declared' | 'acknowledged' | 'mitigated' | 'resolved' | 'closed' | 'reopened',
  at: number,
  by?: string,
): IncidentChange {
  const reason = 'so.';
  if (type === 'resolved') return { type, at, by, reason, durationMs: at - AT };
  if (type === 'acknowledged' || type === 'closed') return { type, at, by: by ?? 'Grace' };
  return { type, at, by, reason };
}
