import { describe, expect, it } from 'vitest';
import {
  type DrillFacts,
  type DrillScore,
  isOver,
  marksOf,
  scoreOf,
} from '../../../src/incidents/drill/score.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { sampleIncident } from '../sample.ts';
import { scenario } from './ports.ts';

const startedAt = Date.parse('2026-02-04T10:00:00.000Z');
const at = (seconds: number): string => new Date(startedAt + seconds * 1_000).toISOString();
const facts: DrillFacts = {
  before: new Map(),
  effect: 'open',
  elapsedMs: 60_000,
  liftedAfterMs: undefined,
  detection: undefined,
};

const step = (status: IncidentJson['status'], seconds: number, by: string | null = 'bob') => ({
  at: at(seconds),
  status,
  by,
  reason: null,
  reopening: false,
});

function incident(given: Partial<IncidentJson>): IncidentJson {
  return sampleIncident({ drill: true, detectedAt: at(0), steps: [], ...given });
}

function notification(...sinks: readonly ['delivered' | 'failed' | 'dropped' | null, number][]) {
  return [
    {
      id: 'n',
      kind: 'opened' as const,
      at: at(0),
      summary: 's',
      sinks: sinks.map(([result, seconds], index) => ({
        sink: `sink-${index}`,
        result,
        at: result === null ? null : at(seconds),
        tries: 1,
        detail: 'HTTP 500',
      })),
    },
  ];
}

const results = ({ steps }: DrillScore) => steps.map(({ result }) => result);

describe('what was done', () => {
  it('is read from the incident, with who, at the time of the look that is the first to see it', () => {
    const told = incident({ notifications: notification(['delivered', 3], ['delivered', 5]) });
    const first = marksOf(told, { ...facts, elapsedMs: 5_250 });
    const steps = [step('acknowledged', 9_999), step('mitigated', -50, 'carol')];
    const marks = marksOf({ ...told, steps }, { ...facts, before: first, elapsedMs: 60_000 });
    expect([...marks].map(([name, { atMs, by }]) => [name, atMs, by])).toEqual([
      ['notify', 5_250, null],
      ['acknowledge', 60_000, 'bob'],
      ['mitigate', 60_000, 'carol'],
    ]);
  });

  it('is detected only by what began by itself', () => {
    expect(marksOf(incident({}), facts).has('detect')).toBe(false);
    const detection = { atMs: 2_000, incident: 'INC-1' };
    expect(marksOf(incident({}), { ...facts, detection }).get('detect')).toMatchObject({
      atMs: 2_000,
      text: 'INC-1 began by itself',
    });
    const heldBack = (because: string) =>
      marksOf(incident({ heldBack: { because, text: 'It burns.', upstream: null, until: null } }), facts);
    expect(heldBack('drill').get('detect')).toMatchObject({ atMs: 60_000, text: 'It burns' });
    expect(heldBack('silence').has('detect')).toBe(false);
  });

  it('is not all told while a sink has not answered, and went wrong where one failed', () => {
    expect(
      marksOf(incident({ notifications: notification(['delivered', 1], [null, 0]) }), facts).has('notify'),
    ).toBe(false);
    const failed = marksOf(incident({ notifications: notification(['delivered', 1], ['failed', 9]) }), facts);
    expect(failed.get('notify')).toMatchObject({ failed: true, text: 'sink-1 failed: HTTP 500' });
    expect(marksOf(incident({ notifications: notification() }), facts).get('notify')?.failed).toBe(true);
  });

  it('counts circuits closed by hand as mitigation, whichever came first', () => {
    const byHand = marksOf(incident({}), { ...facts, liftedAfterMs: 7_000 });
    expect(byHand.get('mitigate')).toMatchObject({ atMs: 7_000, by: null });
    const said = incident({ steps: [step('mitigated', 5)] });
    expect(marksOf(said, { ...facts, liftedAfterMs: 7_000 }).get('mitigate')).toMatchObject({ by: 'bob' });
    const lifted = marksOf(incident({}), { ...facts, liftedAfterMs: 3_000 });
    expect(marksOf(said, { ...facts, before: lifted }).get('mitigate')).toMatchObject({ atMs: 3_000 });
  });

  it('is verified by the checklist, by a person only, and not before it is mitigated', () => {
    const item = (id: string, state: 'open' | 'done' | 'waived', seconds: number, by: string | null) => ({
      id: `verification.${id}`,
      text: 't',
      gates: 'closed' as const,
      state,
      automatic: false,
      at: at(seconds),
      by,
      reason: null,
    });
    const list = (
      proven: 'done' | 'open' | 'waived',
      state: 'done' | 'waived',
      seconds: number,
      by: string | null = 'dave',
    ) => [
      {
        name: 'verification' as const,
        items: [item('repair-proven', proven, 65, null), item('nothing-else-broken', state, seconds, by)],
      },
    ];
    const mitigated = [step('mitigated', 60)];
    const seen = (given: Partial<IncidentJson>, more: Partial<DrillFacts> = {}) =>
      marksOf(incident(given), { ...facts, ...more }).get('verify');
    const verified = (...args: Parameters<typeof list>) =>
      seen({ steps: mitigated, checklists: list(...args) });
    expect(verified('done', 'done', 70)).toMatchObject({ by: 'dave', failed: false });
    expect(verified('done', 'done', 62)).toMatchObject({ failed: false });
    expect(verified('open', 'done', 70)).toBeUndefined();
    expect(verified('done', 'waived', 70)).toMatchObject({
      failed: true,
      text: 'verification.nothing-else-broken was waived',
    });
    expect(verified('waived', 'done', 70)).toMatchObject({
      failed: true,
      text: 'verification.repair-proven was waived',
    });
    expect(verified('done', 'done', 70, null)).toBeUndefined();
    expect(seen({ checklists: list('done', 'done', 70) })).toBeUndefined();
    expect(seen({ checklists: list('done', 'done', 70) }, { liftedAfterMs: 6_000 })).toBeDefined();
    expect(seen({ steps: [step('mitigated', 75)], checklists: list('done', 'done', 70) })).toBeUndefined();
    expect(seen({ steps: [...mitigated, step('resolved', 80)] })).toBeUndefined();
    const observed = { steps: mitigated, checklists: list('waived', 'done', 70) };
    expect(seen(observed, { effect: 'observe' })).toMatchObject({
      failed: false,
      text: 'nothing else broke',
    });
  });
});

describe('the score', () => {
  const targets = { targetsMs: { acknowledge: 60_000, mitigate: false, verify: false } } as const;

  it('holds each step against its target, which may be reached', () => {
    const scored = (seconds: number) =>
      results(
        scoreOf(
          scenario(targets),
          marksOf(
            incident({
              notifications: notification(['delivered', 1]),
              steps: [step('acknowledged', seconds)],
            }),
            { ...facts, elapsedMs: seconds * 1_000 },
          ),
        ),
      );
    expect(scored(60)).toEqual(['not-scored', 'passed', 'passed', 'not-scored', 'not-scored']);
    expect(scored(60.001)).toEqual(['not-scored', 'late', 'late', 'not-scored', 'not-scored']);
  });

  it('passes only where every scored step did', () => {
    const failed = marksOf(incident({ notifications: notification(['failed', 1]) }), facts);
    const score = scoreOf(scenario(targets), failed);
    expect(results(score)).toEqual(['not-scored', 'failed', 'missed', 'not-scored', 'not-scored']);
    expect(score).toMatchObject({ passed: false, passedSteps: 0, scoredSteps: 2, totalMs: null });
  });

  it('scores detection where there was one', () => {
    const detection = { atMs: 121_000, incident: 'INC-1' };
    const late = scoreOf(scenario(targets), marksOf(incident({}), { ...facts, detection }));
    expect(late.steps[0]).toMatchObject({ step: 'detect', result: 'late', tookMs: 121_000 });
    const none = scoreOf(scenario(targets), marksOf(incident({}), facts));
    expect(none.steps[0]).toMatchObject({ result: 'not-scored', text: 'only the drill itself declared it' });
  });

  it('is over once nothing can be done any more', () => {
    const game = scenario(targets);
    const told = { notifications: notification(['failed', 1]) };
    expect(isOver(game, marksOf(incident(told), facts))).toBe(false);
    expect(isOver(game, marksOf(incident({ ...told, steps: [step('acknowledged', 9)] }), facts))).toBe(true);
  });
});
