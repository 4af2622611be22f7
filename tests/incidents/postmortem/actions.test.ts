import { describe, expect, it } from 'vitest';
import type { ActionJson } from '../../../src/incidents/incident/document.ts';
import { trackActions } from '../../../src/incidents/postmortem/actions.ts';
import { sampleIncident } from '../sample.ts';
import { at } from './outage.ts';

function action(id: string, given: Partial<ActionJson> = {}): ActionJson {
  return {
    id,
    at: at('15:00:00'),
    by: 'Alice',
    text: `do ${id}`,
    kind: 'prevent',
    horizon: 'week',
    owner: 'Bob',
    checker: null,
    due: null,
    twoPeople: false,
    mitigation: null,
    state: 'open',
    doneAt: null,
    doneBy: null,
    checkedBy: null,
    reason: null,
    ...given,
  };
}

const now = Date.parse('2026-02-11T00:00:00.000Z');
const incidents = [
  sampleIncident({
    id: 'INC-1',
    actions: [
      action('dropped', { state: 'dropped' }),
      action('done', { state: 'done' }),
      action('unchecked', { state: 'done', checker: 'Carol' }),
      action('unchecked-pair', { state: 'done', twoPeople: true, horizon: 'month' }),
      action('checked', { state: 'checked', checker: 'Carol', due: '2026-01-01' }),
      action('no-day', { owner: null }),
      action('today', { due: '2026-02-11' }),
    ],
  }),
  sampleIncident({
    id: 'INC-2',
    policy: 'search',
    actions: [
      action('yesterday', { due: '2026-02-10', owner: 'Carol' }),
      action('long-ago', { due: '2026-02-01', horizon: 'quarter' }),
    ],
  }),
  sampleIncident({ id: 'INC-3', drill: true, actions: [action('drilled')] }),
];

describe('trackActions', () => {
  const report = trackActions(incidents, { now });

  it('puts what is overdue first, by day, and what is over last', () => {
    expect(report.actions.map(({ id, progress, overdueDays }) => [id, progress, overdueDays])).toEqual([
      ['long-ago', 'overdue', 10],
      ['yesterday', 'overdue', 1],
      ['today', 'open', null],
      ['no-day', 'open', null],
      ['drilled', 'open', null],
      ['unchecked', 'unchecked', null],
      ['unchecked-pair', 'unchecked', null],
      ['checked', 'done', null],
      ['done', 'done', null],
      ['dropped', 'dropped', null],
    ]);
    expect(report.counts).toEqual({ overdue: 2, open: 3, unchecked: 2, done: 2, dropped: 1 });
    expect(report.actions[1]).toMatchObject({ incident: 'INC-2', policy: 'search', owner: 'Carol' });
  });

  it('is overdue once its day is over in UTC, not before', () => {
    const last = trackActions(incidents, { now: now - 1 }).actions.find(({ id }) => id === 'yesterday');
    expect(last?.progress).toBe('open');
  });

  it('groups what is not finished by owner and horizon', () => {
    expect(report.byOwner.map(({ owner, actions }) => [owner, actions.length])).toEqual([
      ['Bob', 5],
      ['Carol', 1],
      [null, 1],
    ]);
    expect(report.byHorizon.map(({ horizon, actions }) => [horizon, actions.map(({ id }) => id)])).toEqual([
      ['week', ['yesterday', 'today', 'no-day', 'drilled', 'unchecked']],
      ['month', ['unchecked-pair']],
      ['quarter', ['long-ago']],
    ]);
  });

  it('leaves drills out when asked to, and takes an impossible day for none that is over', () => {
    expect(trackActions(incidents, { now, drills: false }).counts.open).toBe(2);
    const odd = sampleIncident({ actions: [action('odd', { due: '2026-99-99' })] });
    expect(trackActions([odd], { now }).counts).toMatchObject({ open: 1, overdue: 0 });
    expect(trackActions([], { now }).actions).toEqual([]);
  });
});
