import { describe, expect, test } from 'vitest';
import type { Sli, SliCounts } from '../../src/metrics/sli.ts';
import { burnRateOf, remainingOf } from '../../src/slo/budget.ts';
import { type AlertSeverity, burnAlerts } from '../../src/slo/burn-alerts.ts';
import { AlertMachine, type SloChange } from '../../src/slo/live/alert-machine.ts';
import type { FollowedObjective } from '../../src/slo/live/standing.ts';
import { type BurnWindow, burnWindowNames, DAY_MS, DEFAULT_PERIOD_MS } from '../../src/slo/windows.ts';
import { fc } from '../fast-check.ts';

/** What one objective's windows hold at one moment. */
type Held = Readonly<Record<BurnWindow | 'period', SliCounts>>;

interface Declared {
  readonly sli: Sli;
  readonly objective: number;
}

const windows = [...burnWindowNames, 'period'] as const;
/** From none to all bad, few events and many, around each alert's factor. */
const counts = fc
  .tuple(fc.constantFrom(0, 3, 5, 40, 1_000, 100_000), fc.constantFrom(0, 0.0005, 0.002, 0.004, 0.01, 0.1, 1))
  .map(([total, share]): SliCounts => {
    const bad = Math.round(total * share);
    return { good: total - bad, bad };
  });
const held: fc.Arbitrary<Held> = fc.record({
  '5m': counts,
  '30m': counts,
  '1h': counts,
  '2h': counts,
  '6h': counts,
  '1d': counts,
  '3d': counts,
  period: counts,
});
/** The same in the windows of pages, and in the others: mostly in one way, so that alerts do fire. */
const likelyHeld: fc.Arbitrary<Held> = fc.oneof(
  held,
  counts.map((all) => heldAlike(all, all)),
  fc.tuple(counts, counts).map(([fast, slow]) => heldAlike(fast, slow)),
);
const declared: fc.Arbitrary<readonly Declared[]> = fc
  .tuple(
    fc.option(fc.constantFrom(0.9, 0.99, 0.999, 0.9999), { nil: undefined }),
    fc.option(fc.constantFrom(0.95, 0.999), { nil: undefined }),
    fc.option(fc.constantFrom(0.99, 0.9999), { nil: undefined }),
  )
  .map(([availability, latency, correctness]) => {
    const given = { availability, latency, correctness };
    return (['availability', 'latency', 'correctness'] as const).flatMap((sli) => {
      const objective = given[sli];
      return objective === undefined ? [] : [{ sli, objective }];
    });
  });

/** What is held from one step to the next: half the time, what was held before. */
const changed = fc.option(likelyHeld, { nil: undefined, freq: 2 });
const empty = heldAlike({ good: 0, bad: 0 }, { good: 0, bad: 0 });
const steps = fc
  .array(fc.record({ availability: changed, latency: changed, correctness: changed }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((given) => {
    let held: Readonly<Record<Sli, Held>> = { availability: empty, latency: empty, correctness: empty };
    return given.map(({ availability, latency, correctness }) => {
      held = {
        availability: availability ?? held.availability,
        latency: latency ?? held.latency,
        correctness: correctness ?? held.correctness,
      };
      return held;
    });
  });

function heldAlike(fast: SliCounts, slow: SliCounts): Held {
  return {
    '5m': fast,
    '30m': fast,
    '1h': fast,
    '6h': fast,
    '2h': slow,
    '1d': slow,
    '3d': slow,
    period: slow,
  };
}

/** What is to be told of an objective, as DESIGN and the SRE Workbook have it, without a thought for speed. */
class Model {
  readonly #minimum: number;
  readonly #freezeBelow: number;
  readonly #periodMs: number;
  readonly #severity = new Map<Sli, AlertSeverity>();
  readonly #exhausted = new Set<Sli>();
  #frozen = false;

  constructor(minimum: number, freezeBelow: number, periodMs: number) {
    this.#minimum = minimum;
    this.#freezeBelow = freezeBelow;
    this.#periodMs = periodMs;
  }

  step(objectives: readonly (Declared & { readonly held: Held })[]): string[] {
    const told: string[] = [];
    const availability = objectives.find(({ sli }) => sli === 'availability');
    const over = availability === undefined ? [] : this.#severities(availability);
    let anyNo = false;
    for (const each of objectives) {
      const all = this.#severities(each);
      const kept = each.sli === 'availability' ? all : withoutHeldBack(all, over);
      const severity = kept.includes('page') ? 'page' : kept[0];
      const before = this.#severity.get(each.sli);
      if (severity !== undefined && severity !== before)
        told.push(`${each.sli} burning ${severity} after ${before}`);
      if (severity === undefined && before !== undefined)
        told.push(
          `${each.sli} recovered from ${before}${all.includes(before) && !kept.includes(before) ? ' held back' : ''}`,
        );
      if (severity === undefined) this.#severity.delete(each.sli);
      else this.#severity.set(each.sli, severity);

      const { good, bad } = each.held.period;
      const remaining = remainingOf(good, bad, each.objective);
      const isSpent = remaining !== undefined && remaining <= 0 && bad >= this.#minimum;
      if (isSpent && !this.#exhausted.has(each.sli)) told.push(`${each.sli} exhausted`);
      if (isSpent) this.#exhausted.add(each.sli);
      else this.#exhausted.delete(each.sli);
      const isLow =
        remaining !== undefined && (remaining < this.#freezeBelow || remaining <= 0) && bad >= this.#minimum;
      if (isLow || severity === 'page') anyNo = true;
    }
    if (anyNo !== this.#frozen) told.push(anyNo ? 'frozen' : 'thawed');
    this.#frozen = anyNo;
    return told;
  }

  #severities({ objective, held: { ...of } }: Declared & { readonly held: Held }): readonly AlertSeverity[] {
    return burnAlerts(objective, this.#periodMs)
      .alerts.filter(({ longWindow, shortWindow, factor }) =>
        [longWindow, shortWindow].every((window) => {
          const { good, bad } = of[window];
          const isEnough = window === shortWindow || bad >= this.#minimum;
          return isEnough && (burnRateOf(good, bad, objective) ?? 0) > factor;
        }),
      )
      .map(({ severity }) => severity);
  }
}

function withoutHeldBack(
  all: readonly AlertSeverity[],
  over: readonly AlertSeverity[],
): readonly AlertSeverity[] {
  if (over.includes('page')) return [];
  return over.includes('ticket') ? all.filter((severity) => severity === 'page') : all;
}

function inShort(change: SloChange): string {
  switch (change.status) {
    case 'burning':
      return `${change.sli} burning ${change.severity} after ${change.previousSeverity}`;
    case 'recovered':
      return `${change.sli} recovered from ${change.severity}${change.reason === 'held-back' ? ' held back' : ''}`;
    case 'exhausted':
      return `${change.sli} exhausted`;
    case 'frozen':
    case 'thawed':
      return change.status;
  }
}

function following({ sli, objective }: Declared, periodMs: number, read: () => Held): FollowedObjective {
  return {
    sli,
    objective,
    periodMs,
    counts: (window) => read()[window],
    periodCounts: () => read().period,
    observedMs: () => periodMs,
  };
}

describe('AlertMachine', () => {
  test('tells each change of a model once, in its order, and nothing else', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        declared,
        fc.constantFrom(1, 5),
        fc.constantFrom(0, 0.1, 0.5),
        fc.constantFrom(DEFAULT_PERIOD_MS, 7 * DAY_MS, 90 * DAY_MS),
        steps,
        (objectives, minimumBadEvents, freezeBelow, periodMs, steps) => {
          const machine = new AlertMachine({ policy: 'p', periodMs, minimumBadEvents, freezeBelow });
          const model = new Model(minimumBadEvents, freezeBelow, periodMs);
          let now = 0;
          for (const step of steps) {
            const followed = objectives.map((each) => following(each, periodMs, () => step[each.sli]));
            now += 1;
            const { changes } = machine.evaluate(followed, now);
            const told = changes.map(inShort);
            expect(told).toEqual(model.step(objectives.map((each) => ({ ...each, held: step[each.sli] }))));
            for (const each of told) seen.add(each.replace(/^\w+ (burning|recovered|exhausted)/, '$1'));
            // Looked at again at once, there is nothing to add.
            expect(machine.evaluate(followed, now).changes).toEqual([]);
          }
        },
      ),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual(
      [
        'burning page after undefined',
        'burning page after ticket',
        'burning ticket after undefined',
        'burning ticket after page',
        'recovered from page',
        'recovered from page held back',
        'recovered from ticket',
        'recovered from ticket held back',
        'exhausted',
        'frozen',
        'thawed',
      ].sort(),
    );
  });

  test('never looks away while something is on or may come on, and looks away when nothing is', () => {
    fc.assert(
      fc.property(declared, held, (objectives, step) => {
        const machine = new AlertMachine({
          policy: 'p',
          periodMs: DEFAULT_PERIOD_MS,
          minimumBadEvents: 5,
          freezeBelow: 0.1,
        });
        const followed = objectives.map((each) => following(each, DEFAULT_PERIOD_MS, () => step));
        const { changes, lookAgainMs } = machine.evaluate(followed, 0);
        if (changes.length > 0) expect(lookAgainMs).toBeLessThanOrEqual(60_000);
        const most = Math.max(0, ...windows.map((window) => step[window].bad));
        if (objectives.length === 0 || most < 5) expect(lookAgainMs).toBe(Number.POSITIVE_INFINITY);
        if (objectives.length > 0 && step.period.bad >= 5) expect(lookAgainMs).toBeLessThan(DAY_MS);
      }),
    );
  });
});
