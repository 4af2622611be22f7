import { describe, expect, it } from 'vitest';
import { type DrillScore, isOver, marksOf, scoreOf } from '../../../src/incidents/drill/score.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { sampleIncident } from '../sample.ts';
import { scenario } from './ports.ts';

const startedAt = Date.parse('2026-02-04T10:00:00.000Z');
const at = (seconds: number): string => new Date(startedAt + seconds * 1_000).toISOString();
const facts = { startedAt, elapsedMs: 1_800_000, liftedAfterMs: undefined };

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
  it('is read from the incident, with who and when', () => {
    const marks = marksOf(
      incident({
        detectedAt: at(2),
        notifications: notification(['delivered', 3], ['delivered', 5]),
        steps: [step('acknowledged', 60), step('mitigated', 120, 'carol'), step('resolved', 180)],
      }),
      facts,
    );
    expect([...marks].map(([name, { atMs, by }]) => [name, atMs, by])).toEqual([
      ['detect', 2_000, null],
      ['notify', 5_000, null],
      ['acknowledge', 60_000, 'bob'],
      ['mitigate', 120_000, 'carol'],
      ['verify', 180_000, 'bob'],
    ]);
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
    expect(marksOf(said, { ...facts, liftedAfterMs: 3_000 }).get('mitigate')).toMatchObject({ atMs: 3_000 });
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
      proven: 'done' | 'open',
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
    const verifiedAt = (given: Partial<IncidentJson>) => marksOf(incident(given), facts).get('verify')?.atMs;
    const verified = (...args: Parameters<typeof list>) =>
      verifiedAt({ steps: mitigated, checklists: list(...args) });
    expect(verified('done', 'done', 70)).toBe(70_000);
    expect(verified('done', 'done', 62)).toBe(65_000);
    expect(verified('open', 'done', 70)).toBeUndefined();
    expect(verified('done', 'waived', 70)).toBeUndefined();
    expect(verified('done', 'done', 70, null)).toBeUndefined();
    expect(verifiedAt({ checklists: list('done', 'done', 70) })).toBeUndefined();
    expect(
      verifiedAt({ steps: [step('mitigated', 75)], checklists: list('done', 'done', 70) }),
    ).toBeUndefined();
    expect(verifiedAt({ steps: [...mitigated, step('resolved', 80, null)] })).toBeUndefined();
  });

  it('lies within the drill, whatever the clocks say', () => {
    const marks = marksOf(incident({ detectedAt: at(-50), steps: [step('acknowledged', 9_999)] }), facts);
    expect(marks.get('detect')?.atMs).toBe(0);
    expect(marks.get('acknowledge')?.atMs).toBe(1_800_000);
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
            facts,
          ),
        ),
      );
    expect(scored(60)).toEqual(['passed', 'passed', 'passed', 'not-scored', 'not-scored']);
    expect(scored(60.001)).toEqual(['passed', 'passed', 'late', 'not-scored', 'not-scored']);
  });

  it('passes only where every scored step did', () => {
    const failed = marksOf(incident({ notifications: notification(['failed', 1]) }), facts);
    const score = scoreOf(scenario(targets), failed);
    expect(results(score)).toEqual(['passed', 'failed', 'missed', 'not-scored', 'not-scored']);
    expect(score).toMatchObject({ passed: false, passedSteps: 1, scoredSteps: 3, totalMs: 0 });
  });

  it('is over once nothing can be done any more', () => {
    const game = scenario(targets);
    const told = { notifications: notification(['failed', 1]) };
    expect(isOver(game, marksOf(incident(told), facts))).toBe(false);
    expect(isOver(game, marksOf(incident({ ...told, steps: [step('acknowledged', 9)] }), facts))).toBe(true);
  });
});
