import { errorBudget } from '../arithmetic.ts';
import { type BurnAlert, burnAlerts } from '../burn-alerts.ts';
import { burnWindows } from '../windows.ts';
import { MINIMUM_BAD_EVENTS } from './minimum.ts';
import { type InstantSample, isRecent, keyOf, keyText, type Questions, type SeriesKey } from './question.ts';
import { type BudgetReading, type BudgetState, budgetOf, unknownBudget } from './reading.ts';

const BY = 'service, job, policy, sli';
/** Different periods that are asked for, so that nobody's labels make the questions endless. */
const MAX_PERIODS = 8;

/** An objective that the library's own metrics tell. */
export interface RawObjective extends SeriesKey {
  readonly objective: number;
  readonly periodMs: number;
  /** Whether its metrics have stopped: it was there within the last hour, and no recent scrape has it. */
  readonly stopped: boolean;
}

/** The budget of an objective whose metrics have stopped. */
export const stoppedBudget = unknownBudget('its metrics have stopped: no recent scrape has them');

interface Counts {
  readonly good: number;
  readonly bad: number;
}

type CountsByKey = ReadonlyMap<string, Counts>;

/**
 * The objectives that the library's own metrics tell, among them those of the last hour whose metrics have stopped.
 *
 * @param defaultPeriodMs the budgets' period where the metrics do not tell it
 * @param maxAgeMs how long ago the last scrape may be
 */
export async function rawObjectives(
  questions: Questions,
  defaultPeriodMs: number,
  maxAgeMs: number,
): Promise<readonly RawObjective[]> {
  const [objectives, scraped, periods] = await Promise.all([
    questions.samples(`max by (${BY}) (last_over_time(breakwater_slo_objective_ratio[1h]))`),
    questions.samples(`max by (${BY}) (timestamp(breakwater_slo_objective_ratio))`),
    questions.samples(
      'max by (service, job, policy) (last_over_time(breakwater_slo_period_seconds[1h])) * 1000',
    ),
  ]);
  const scrapedAt = byKey(scraped, Math.max);
  const periodOf = byKey(periods, Math.max);
  const timeSeconds = objectives[0]?.timeSeconds ?? 0;
  return [...byKey(objectives, Math.max)].map(([text, { key, value: objective }]) => {
    const ageSeconds = timeSeconds - (scrapedAt.get(text)?.value ?? Number.NEGATIVE_INFINITY);
    return {
      ...key,
      objective,
      periodMs: periodOf.get(keyText({ ...key, sli: '' }))?.value ?? defaultPeriodMs,
      stopped: !isRecent(ageSeconds, maxAgeMs),
    };
  });
}

/** Computes from the library's own metrics what the rules would record, and which pages they would raise. */
export async function readRaw(
  questions: Questions,
  objectives: readonly RawObjective[],
): Promise<readonly BudgetReading[]> {
  const periods = [...new Set(objectives.map(({ periodMs }) => periodMs))].filter(isPeriod);
  const asked = periods.slice(0, MAX_PERIODS);
  const overPeriods = new Map<number, CountsByKey>();
  for (const periodMs of asked) {
    overPeriods.set(periodMs, await counts(questions, `${Math.round(periodMs)}ms`));
  }
  const overWindows = await windowCounts(questions, objectives);
  const readings = objectives.map((objective) => {
    const text = keyText(objective);
    return {
      service: objective.service,
      policy: objective.policy,
      sli: objective.sli,
      objective: objective.objective,
      periodMs: isPeriod(objective.periodMs) ? objective.periodMs : undefined,
      budget: stateOf(objective, [overPeriods.get(objective.periodMs), ...overWindows.values()], text),
      pages: pagesOf(objective, (window) => overWindows.get(window)?.get(text)),
      badEvents: overPeriods.get(objective.periodMs)?.get(text)?.bad,
      source: 'raw' as const,
    };
  });
  return readings.map((reading) => (isHeldBack(reading, readings) ? { ...reading, pages: [] } : reading));
}

/** Whether the availability of its policy pages: a failed call is bad in every SLI, and the others say nothing new. */
function isHeldBack({ service, policy, sli }: BudgetReading, readings: readonly BudgetReading[]): boolean {
  const availability = keyText({ service, policy, sli: 'availability' });
  return (
    sli !== 'availability' &&
    readings.some((other) => keyText(other) === availability && other.pages.length > 0)
  );
}

/** @param windows the counts over the period, and then those that pages hang on */
function stateOf(
  { objective, periodMs, stopped }: RawObjective,
  windows: readonly (CountsByKey | undefined)[],
  key: string,
): BudgetState {
  if (!isObjective(objective)) return unknownBudget(`${objective} is no objective`);
  if (!isPeriod(periodMs)) return unknownBudget('the period of its budget is not known');
  if (stopped) return stoppedBudget;
  const known = windows.flatMap((window) => window?.get(key) ?? []);
  if (!known.every(({ good, bad }) => isCount(good) && isCount(bad))) {
    return unknownBudget('the counts of its events are not numbers');
  }
  const counted = windows[0]?.get(key);
  if (counted === undefined || counted.good + counted.bad === 0) {
    return unknownBudget('there is no data on its budget: no event was counted over the period');
  }
  return budgetOf(1 - burnOf(counted, objective));
}

function pagesOf(
  { objective, periodMs }: RawObjective,
  over: (window: string) => Counts | undefined,
): readonly string[] {
  return pagesFor(objective, periodMs)
    .filter(({ longWindow, shortWindow, factor }) => {
      const [long, short] = [over(longWindow), over(shortWindow)];
      if (long === undefined || short === undefined || !(Math.round(long.bad) >= MINIMUM_BAD_EVENTS))
        return false;
      return [long, short].every((counted) => burnOf(counted, objective) > factor);
    })
    .map(
      ({ longWindow, shortWindow, factor }) =>
        `the budget burns at more than ${factor} times its rate over ${longWindow} and ${shortWindow}`,
    );
}

function pagesFor(objective: number, periodMs: number): readonly BurnAlert[] {
  if (!isObjective(objective) || !isPeriod(periodMs)) return [];
  return burnAlerts(objective, periodMs).alerts.filter(({ severity }) => severity === 'page');
}

async function windowCounts(
  questions: Questions,
  objectives: readonly RawObjective[],
): Promise<ReadonlyMap<string, CountsByKey>> {
  const pages = objectives.flatMap(({ objective, periodMs }) => pagesFor(objective, periodMs));
  const windows = new Set(pages.flatMap(({ longWindow, shortWindow }) => [longWindow, shortWindow]));
  const all = [...windows].map(
    async (window) => [window, await counts(questions, `${burnWindows[window]}ms`)] as const,
  );
  return new Map(await Promise.all(all));
}

/** Good and bad events of one and the same moment: what Prometheus extrapolates by differs from one to the next. */
async function counts(questions: Questions, window: string): Promise<CountsByKey> {
  const samples = await questions.samples(
    `sum by (${BY}, result) (increase(breakwater_sli_events_total[${window}]))`,
  );
  const add = (a: number, b: number) => a + b;
  const of = (result: string) =>
    byKey(
      samples.filter(({ labels }) => labels.result === result),
      add,
    );
  const [good, bad] = [of('good'), of('bad')];
  return new Map(
    [...new Set([...good.keys(), ...bad.keys()])].map((text) => [
      text,
      { good: good.get(text)?.value ?? 0, bad: bad.get(text)?.value ?? 0 },
    ]),
  );
}

/** The values by key, several of one key made one. */
function byKey(
  samples: readonly InstantSample[],
  together: (a: number, b: number) => number,
): ReadonlyMap<string, { readonly key: SeriesKey; readonly value: number }> {
  const values = new Map<string, { readonly key: SeriesKey; readonly value: number }>();
  for (const { labels, value } of samples) {
    const key = keyOf(labels);
    const text = keyText(key);
    const before = values.get(text);
    values.set(text, { key, value: before === undefined ? value : together(before.value, value) });
  }
  return values;
}

/** As Prometheus computes it: increases are no whole numbers, which `budget.ts` is for. NaN without events. */
function burnOf({ good, bad }: Counts, objective: number): number {
  return bad / (good + bad) / errorBudget(objective);
}

function isCount(value: number): boolean {
  return value >= 0 && value < Number.POSITIVE_INFINITY;
}

function isObjective(value: number): boolean {
  return value > 0 && value < 1;
}

/** From a second to ten years: what is outside cannot be meant, and Prometheus would not answer it. */
function isPeriod(ms: number): boolean {
  return ms >= 1_000 && ms <= 3_660 * 24 * 3_600_000;
}
