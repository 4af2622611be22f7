import { type AskPrometheus, keyText, Questions, type SeriesKey } from './question.ts';
import { type RawObjective, rawObjectives, readRaw, stoppedBudget } from './raw.ts';
import type { BudgetReading, BudgetReadings } from './reading.ts';
import { readRecorded } from './recorded.ts';

/** How budgets are read. */
export interface ReadBudgetsOptions {
  /** The budgets' period where neither rules nor metrics tell it, in milliseconds. */
  readonly defaultPeriodMs: number;
  /** From which age on, in milliseconds, what Prometheus has is stale. */
  readonly maxAgeMs: number;
}

/**
 * Reads from Prometheus where all objectives stand: from what the generated rules recorded, and for objectives that no
 * rule knows from the library's own metrics. Never rejects.
 */
export async function readBudgets(
  ask: AskPrometheus,
  { defaultPeriodMs, maxAgeMs }: ReadBudgetsOptions,
): Promise<BudgetReadings> {
  const questions = new Questions(ask);
  const [recorded, raw] = await Promise.all([
    readRecorded(questions, maxAgeMs),
    rawObjectives(questions, defaultPeriodMs, maxAgeMs),
  ]);
  const { onlyRaw, onlyRecorded, both } = match(recorded, raw);
  const readings = [...onlyRecorded, ...both.map(together), ...(await readRaw(questions, onlyRaw))];
  return { readings: readings.sort(byName), problems: questions.problems };
}

/** An objective that is known by rules and by metrics. */
interface Pair {
  readonly recorded: BudgetReading;
  readonly raw: RawObjective;
}

/** What the rules know counts: the metrics may tell of another objective, and only whether they are still there. */
function together({ recorded, raw }: Pair): BudgetReading {
  // The rules go on over the old events of a process that is gone.
  return raw.stopped ? { ...recorded, budget: stoppedBudget } : recorded;
}

interface Matches {
  readonly onlyRecorded: readonly BudgetReading[];
  readonly onlyRaw: readonly RawObjective[];
  readonly both: readonly Pair[];
}

/**
 * Finds which objectives of the rules and of the metrics are the same. Rules carry the name of the service, metrics
 * often only that of the job: where the names differ, they are taken for the same as long as each has a partner.
 * Where that leaves metrics over, all of them stand for themselves: rather twice than not at all.
 */
function match(recorded: readonly BudgetReading[], raw: readonly RawObjective[]): Matches {
  const rawByName = new Map(raw.map((objective) => [keyText(objective), objective]));
  const both: Pair[] = [];
  const leftRaw = new Set(raw);
  const leftRecorded: BudgetReading[] = [];
  for (const known of recorded) {
    const same = rawByName.get(keyText(known));
    if (same === undefined) {
      leftRecorded.push(known);
      continue;
    }
    both.push({ recorded: known, raw: same });
    leftRaw.delete(same);
  }
  const onlyRecorded: BudgetReading[] = [];
  const covered = new Set<RawObjective>();
  const recordedGroups = groupBySli(leftRecorded, (reading) => reading);
  const rawGroups = groupBySli([...leftRaw], (objective) => objective);
  for (const [sli, readings] of recordedGroups) {
    const candidates = rawGroups.get(sli) ?? [];
    const [reading] = readings;
    const [only] = candidates;
    if (readings.length === 1 && candidates.length === 1 && reading !== undefined && only !== undefined) {
      both.push({ recorded: reading, raw: only });
      covered.add(only);
      continue;
    }
    onlyRecorded.push(...readings);
    if (candidates.length <= readings.length) for (const candidate of candidates) covered.add(candidate);
  }
  return { onlyRecorded, both, onlyRaw: [...leftRaw].filter((objective) => !covered.has(objective)) };
}

function groupBySli<Item>(
  items: readonly Item[],
  keyFor: (item: Item) => SeriesKey,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyText({ ...keyFor(item), service: '' });
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [item]);
    else known.push(item);
  }
  return groups;
}

function byName(a: BudgetReading, b: BudgetReading): number {
  const [left, right] = [keyText(a), keyText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
