import {
  BUDGET_REMAINING,
  BURN_ALERT,
  MISSING_DATA_ALERT,
  OBJECTIVE,
  PERIOD_BAD_EVENTS,
  PERIOD_DAYS,
  SEVERITY_LABEL,
} from '../rules/identity.ts';
import { DAY_MS } from '../windows.ts';
import {
  type InstantSample,
  isRecent,
  keyOf,
  keyText,
  type Questions,
  type SeriesLabels,
} from './question.ts';
import { type BudgetReading, type BudgetState, budgetOf, unknownBudget } from './reading.ts';

/**
 * Reads what the generated rules recorded.
 *
 * @param maxAgeMs from which age on what was recorded is stale
 */
export async function readRecorded(
  questions: Questions,
  maxAgeMs: number,
): Promise<readonly BudgetReading[]> {
  const [remaining, recordedAt, badEvents, objectives, days, alerts] = await Promise.all([
    questions.samples(BUDGET_REMAINING),
    questions.samples(`timestamp(${BUDGET_REMAINING})`),
    questions.samples(PERIOD_BAD_EVENTS),
    questions.samples(OBJECTIVE),
    questions.samples(PERIOD_DAYS),
    questions.samples(`ALERTS{alertname=~"${BURN_ALERT}|${MISSING_DATA_ALERT}",alertstate="firing"}`),
  ]);
  const of = {
    remaining: group(remaining),
    recordedAt: group(recordedAt),
    badEvents: group(badEvents),
    objective: group(objectives),
    days: group(days),
    alerts: group(alerts),
  };
  const known = new Map(
    [...alerts, ...objectives, ...remaining].map(({ labels }) => [sloKey(labels), labels]),
  );
  return [...known].map(([key, labels]) => {
    const firing = of.alerts.get(key) ?? [];
    const period = lowest(of.days.get(key));
    const recorded = of.remaining.get(key) ?? [];
    const isMissing = firing.some(({ labels: { alertname } }) => alertname === MISSING_DATA_ALERT);
    return {
      ...keyOf(labels),
      // Where replicas differ, the strictest.
      objective: highest(of.objective.get(key)),
      periodMs: period === undefined ? undefined : period * DAY_MS,
      budget: isMissing
        ? unknownBudget(`its data is missing: the alert ${MISSING_DATA_ALERT} fires`)
        : stateOf(recorded, of.badEvents.has(key), lowest(of.recordedAt.get(key)), maxAgeMs),
      // Where replicas differ, the one that has seen the most.
      badEvents: highest(of.badEvents.get(key)),
      pages: pagesAmong(firing),
      source: 'recorded',
    };
  });
}

/**
 * @param isCounted whether the events of the period have been counted, be there none
 * @param recordedAt when the oldest of `remaining` was recorded, in seconds since the Unix epoch
 */
function stateOf(
  remaining: readonly InstantSample[],
  isCounted: boolean,
  recordedAt: number | undefined,
  maxAgeMs: number,
): BudgetState {
  const [first] = remaining;
  if (first === undefined) {
    return unknownBudget(
      isCounted
        ? 'there is no data on its budget: no event was counted over the period'
        : 'there is no data on its budget: the rules over the period have not run yet, or found none',
    );
  }
  const states = remaining.map(({ value }) => budgetOf(value));
  const unclear = states.find(({ known }) => !known);
  if (unclear !== undefined) return unclear;
  const ageSeconds = first.timeSeconds - (recordedAt ?? Number.NaN);
  if (!isRecent(ageSeconds, maxAgeMs)) {
    return unknownBudget(
      ageSeconds >= 0 && Number.isFinite(ageSeconds)
        ? `what is known of its budget is stale: it is ${Math.round(ageSeconds)} s old`
        : 'when its budget was recorded cannot be told',
    );
  }
  return budgetOf(Math.min(...remaining.map(({ value }) => value)));
}

/** What people label tickets with, where no label of ours tells: whatever else they say is taken for a page. */
const TICKETS: readonly (string | undefined)[] = ['ticket', 'warning', 'warn', 'info'];

function pagesAmong(firing: readonly InstantSample[]): readonly string[] {
  const isPage = ({ labels: { alertname, severity, [SEVERITY_LABEL]: known } }: InstantSample) =>
    alertname === BURN_ALERT && (known === undefined ? !TICKETS.includes(severity) : known !== 'ticket');
  return firing.some(isPage) ? [BURN_ALERT] : [];
}

function sloKey(labels: SeriesLabels): string {
  return keyText(keyOf(labels), labels.slo ?? '');
}

/** The same objective may come several times, as from replicas of a Prometheus. */
function group(samples: readonly InstantSample[]): ReadonlyMap<string, readonly InstantSample[]> {
  const groups = new Map<string, InstantSample[]>();
  for (const sample of samples) {
    const key = sloKey(sample.labels);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [sample]);
    else known.push(sample);
  }
  return groups;
}

function lowest(samples: readonly InstantSample[] | undefined): number | undefined {
  return samples === undefined ? undefined : Math.min(...samples.map(({ value }) => value));
}

function highest(samples: readonly InstantSample[] | undefined): number | undefined {
  return samples === undefined ? undefined : Math.max(...samples.map(({ value }) => value));
}
