import { describe, expect, test } from 'vitest';
import {
  attemptOutcomes,
  cacheResults,
  callOutcomes,
  components,
  fallbackSources,
  rejectionReasons,
  retryReasons,
} from '../../src/core/observer.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { DurationBuckets } from '../../src/metrics/buckets.ts';
import { PolicyRecorder } from '../../src/metrics/recorder.ts';
import { type Sli, type SliCounts, type SliSink, slis } from '../../src/metrics/sli.ts';
import { callerGaveUp, fresh, live, madeUp, stale, threw, timedOut, turnedAway } from './outcomes.ts';

/** Follows the counts, and notes when it is asked to turn, with what was counted by then. */
class Follower implements SliSink {
  counts: Readonly<Record<Sli, SliCounts>> | undefined;
  stretchStart = Number.POSITIVE_INFINITY;
  stretchEnd = 0;
  /** When it was told of a bad event, with what was counted by then. */
  readonly bad: { readonly now: number; readonly counted: number }[] = [];
  readonly turns: { readonly now: number; readonly good: number | undefined }[] = [];

  follow(counts: Readonly<Record<Sli, SliCounts>>): void {
    this.counts = counts;
  }

  turn(now: number): void {
    this.turns.push({ now, good: this.counts?.availability.good });
    this.stretchStart = now;
    this.stretchEnd = now + 10;
  }

  badEvent(now: number): void {
    const { counts } = this;
    const counted = counts === undefined ? 0 : slis.reduce((total, sli) => total + counts[sli].bad, 0);
    this.bad.push({ now, counted });
  }

  /** The SLIs with an event, and whether the event was good. */
  get events(): Partial<Record<Sli, boolean>> {
    const { counts } = this;
    if (counts === undefined) return {};
    const seen = slis.filter((sli) => counts[sli].good + counts[sli].bad === 1);
    return Object.fromEntries(seen.map((sli) => [sli, counts[sli].good === 1]));
  }
}

function newRecorder(latencyThresholdMs?: number) {
  const follower = new Follower();
  const internalErrors = new Float64Array(components.length);
  const recorder = new PolicyRecorder({
    buckets: new DurationBuckets([0.01, 0.1, 1]),
    internalErrors,
    latencyThresholdMs,
    sliSink: follower,
  });
  return { recorder, follower, internalErrors };
}

describe('SLI events', () => {
  type Expected = Readonly<Partial<Record<Sli, boolean>>>;
  const allGood: Expected = { availability: true, latency: true, correctness: true };
  const allBad: Expected = { availability: false, latency: false, correctness: false };

  const rows: readonly [name: string, outcome: Outcome, durationMs: number, expected: Expected][] = [
    ['a live value in time', live(), 50, allGood],
    ['a live value exactly at the threshold', live(), 200, allGood],
    ['a live value after the threshold', live(), 200.1, { ...allGood, latency: false }],
    [
      'a live value that does not pass its check',
      live('success', false),
      50,
      { ...allGood, correctness: false },
    ],
    ['a refused request, thrown', threw('refused'), 50, allGood],
    ['a refused request, answered', live('refused', false), 50, allGood],
    ['a refused request, late', threw('refused'), 300, { ...allGood, latency: false }],
    ['a fresh value of the cache', fresh, 1, allGood],
    ['a stale value in time', stale, 50, { ...allGood, correctness: false }],
    [
      'a stale value after the threshold',
      stale,
      300,
      { availability: true, latency: false, correctness: false },
    ],
    ['a value made by the fallback', madeUp, 50, { ...allGood, correctness: false }],
    [
      'a stale value that passed its check',
      { ...stale, correct: true },
      50,
      { ...allGood, correctness: false },
    ],
    [
      'a fallback, whatever the verdict on it',
      { ...madeUp, verdict: 'ignored' },
      50,
      { ...allGood, correctness: false },
    ],
    ['a transient failure', threw('transient'), 50, allBad],
    ['a permanent failure', threw('permanent'), 50, allBad],
    ['a failure that came as a value, as HTTP 503', live('transient', false), 50, allBad],
    ['a failure that came as a value whose check would pass', live('permanent', true), 50, allBad],
    ['a defect', threw('defect'), 50, allBad],
    ['a timeout', timedOut, 15_000, allBad],
    ['a rejection', turnedAway, 0, allBad],
    ['a caller who gave up in time', callerGaveUp, 200, {}],
    ['a caller who gave up past the threshold', callerGaveUp, 201, { latency: false }],
  ];

  test.each(rows)('%s', (_name, outcome, durationMs, expected) => {
    const { recorder, follower } = newRecorder(200);
    recorder.callStarted();
    recorder.callEnded('success', outcome, durationMs, 77);
    expect(follower.events).toEqual(expected);
    // Once for a call, however many SLIs it is bad in, and after all of them are counted.
    const bad = Object.values(expected).filter((good) => !good).length;
    expect(follower.bad).toEqual(bad === 0 ? [] : [{ now: 77, counted: bad }]);
  });

  test.each(rows)(
    'without a threshold there is no latency SLI: %s',
    (_name, outcome, durationMs, expected) => {
      const { recorder, follower } = newRecorder();
      recorder.callEnded('success', outcome, durationMs, 77);
      const { latency: _, ...others } = expected;
      expect(follower.events).toEqual(others);
    },
  );

  test('a stretch that is over, or a clock that went back, turns before the event is counted', () => {
    const { recorder, follower } = newRecorder();
    for (const now of [100, 105, 109.9, 110, 50]) recorder.callEnded('success', live(), 1, now);
    expect(follower.turns).toEqual([
      { now: 100, good: 0 },
      { now: 110, good: 3 },
      { now: 50, good: 4 },
    ]);
    expect(follower.counts?.availability).toEqual({ good: 5, bad: 0 });
  });

  test('nobody need listen', () => {
    const recorder = new PolicyRecorder({
      buckets: new DurationBuckets(),
      internalErrors: new Float64Array(99),
    });
    recorder.callEnded('success', live(), 1, 1);
    expect(recorder.stats().calls).toMatchObject({ success: 1 });
  });
});

describe('stats', () => {
  test('every count is in its own place', () => {
    const { recorder, internalErrors } = newRecorder(200);
    // Each name gets its own number, so that two that share a place are seen.
    callOutcomes.forEach((kind, index) => {
      for (let n = 0; n <= index; n += 1) recorder.callEnded(kind, live(), 1, 1);
    });
    attemptOutcomes.forEach((kind, index) => {
      for (let n = 0; n <= index + 10; n += 1) recorder.attemptSettled(kind, 1);
    });
    for (const reason of retryReasons) recorder.retried(reason);
    rejectionReasons.forEach((reason, index) => {
      for (let n = 0; n <= index + 20; n += 1) recorder.rejected(reason);
    });
    fallbackSources.forEach((source, index) => {
      for (let n = 0; n <= index + 30; n += 1) recorder.fellBack(source);
    });
    cacheResults.forEach((result, index) => {
      for (let n = 0; n <= index + 40; n += 1) recorder.cacheAnswered(result);
    });
    components.forEach((component, index) => {
      for (let n = 0; n <= index; n += 1) recorder.failedInside(component);
    });
    recorder.circuitMoved('disabled', 'disabled');

    const numbered = (names: readonly string[], first: number) =>
      Object.fromEntries(names.map((name, index) => [name, first + index]));
    const stats = recorder.stats();
    expect(stats.calls).toEqual(numbered(callOutcomes, 1));
    expect(stats.attempts).toEqual(numbered(attemptOutcomes, 11));
    expect(stats.retries).toBe(retryReasons.length);
    expect(stats.rejections).toEqual(numbered(rejectionReasons, 21));
    expect(stats.fallbacks).toEqual(numbered(fallbackSources, 31));
    expect(stats.cache).toEqual(numbered(cacheResults, 41));
    expect(stats.lateOutcomes).toBe(0);
    expect([...internalErrors]).toEqual(components.map((_, index) => index + 1));
    expect(stats.internalErrors).toBe(internalErrors.reduce((sum, count) => sum + count, 0));
  });

  test('an operation that was given up is in flight until it really ends', () => {
    const { recorder } = newRecorder();
    recorder.callStarted();
    recorder.attemptStarted();
    recorder.attemptSettled('timeout', 100);
    recorder.callEnded('timeout', timedOut, 100, 100);
    expect(recorder.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 1, lateOutcomes: 0 });
    recorder.attemptEnded(true);
    expect(recorder.stats()).toMatchObject({ attemptsInFlight: 0, lateOutcomes: 1 });
  });

  test('latency is interpolated within a bucket, in milliseconds', () => {
    const { recorder } = newRecorder();
    expect(recorder.stats().latency).toEqual({ p50Ms: undefined, p99Ms: undefined });
    for (let n = 0; n < 100; n += 1) recorder.callEnded('success', live(), 50, 1);
    // All 100 lie between 10 and 100 ms; half of the bucket's width is below the median.
    expect(recorder.stats().latency.p50Ms).toBeCloseTo(10 + 90 * 0.5, 9);
    expect(recorder.stats().latency.p99Ms).toBeCloseTo(10 + 90 * 0.99, 9);
  });

  test('what lies past the last bucket is put at its bound', () => {
    const { recorder } = newRecorder();
    recorder.callEnded('success', live(), 60_000, 1);
    expect(recorder.stats().latency).toEqual({ p50Ms: 1_000, p99Ms: 1_000 });
  });

  test('a clock that went back gives a duration of 0', () => {
    const { recorder } = newRecorder();
    recorder.callEnded('success', live(), -5_000, 1);
    expect(recorder.counts[recorder.callDurations]).toBe(0);
    expect(recorder.stats().latency.p50Ms).toBeCloseTo(5, 9);
  });
});
