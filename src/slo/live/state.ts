import { z } from 'zod';
import {
  countOrZero,
  durationMs,
  numberThat,
  oneOf,
  options,
  policyName,
  shown,
  text,
} from '../../core/options.ts';
import { type Sli, slis } from '../../metrics/sli.ts';
import { type BurnWindow, burnWindowNames } from '../windows.ts';
import { EventWindows, type SavedWindows } from './ring.ts';
import { MOST_EVENTS, MOST_EVENTS_OF_LARGE, type SavedSlot, type SavedWindow } from './slots.ts';
import { BURN_SLOTS, PERIOD_SLOTS, windowShapes } from './tracker.ts';

/** A window by name: a burn window, or the budget's period. */
type WindowName = BurnWindow | 'period';

const windowNames: readonly WindowName[] = [...burnWindowNames, 'period'];

/** The events of one objective, as they lay in its windows. */
export interface SavedObjective {
  readonly policy: string;
  readonly sli: Sli;
  /** From where on a call was too slow; of the latency objective. */
  readonly thresholdMs?: number | undefined;
  readonly periodMs: number;
  readonly elapsedMs: number;
  readonly observedMs: number;
  /** The slots that hold events, the youngest first; a window without events is left out. */
  readonly windows: Readonly<Partial<Record<WindowName, readonly SavedSlot[] | undefined>>>;
}

/** What `breakwater.slo.toJSON()` gives: plain data, to be kept over a restart. */
export interface SloState {
  readonly version: 1;
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
  /** The hub that saved it. */
  readonly hub: string;
  readonly objectives: readonly SavedObjective[];
}

/** Time further back than anybody's objectives reach; it keeps arithmetic exact. */
const LONGEST_MS = 1e13;

const pastMs = numberThat((ms) => ms >= 0 && ms <= LONGEST_MS, `milliseconds from 0 to ${LONGEST_MS}`);

function atMost(most: number) {
  return countOrZero.refine((n) => n <= most, { error: `must be at most ${most}` });
}

function slots(most: number, mostEvents: number) {
  const back = atMost(most);
  const slotCount = atMost(mostEvents);
  return z
    .array(z.tuple([back, slotCount, slotCount], { error: 'must be [slots back, good, bad]' }), {
      error: (issue) => `must be an array of slots, not ${shown(issue.input)}`,
    })
    .max(most + 1, { error: `must be at most ${most + 1} slots` })
    .optional();
}

const burnSlots = slots(BURN_SLOTS, MOST_EVENTS);

const savedObjective = options({
  policy: policyName,
  sli: oneOf(slis),
  thresholdMs: durationMs.optional(),
  periodMs: durationMs,
  elapsedMs: pastMs,
  observedMs: pastMs,
  windows: options({
    '5m': burnSlots,
    '30m': burnSlots,
    '1h': burnSlots,
    '2h': burnSlots,
    '6h': burnSlots,
    '1d': burnSlots,
    '3d': burnSlots,
    period: slots(PERIOD_SLOTS, MOST_EVENTS_OF_LARGE),
  }),
});

/** Checks what `restore()` is given, which may come from anywhere. */
export const stateSchema = options({
  version: z.literal(1, {
    error: (issue) => `must be 1, which this version writes, not ${shown(issue.input)}`,
  }),
  savedAt: pastMs,
  hub: text,
  objectives: z
    .array(savedObjective, { error: (issue) => `must be an array of objectives, not ${shown(issue.input)}` })
    .superRefine((objectives, context) => {
      const seen = new Set<string>();
      for (const [at, objective] of objectives.entries()) {
        if (seen.has(keyOf(objective))) {
          context.addIssue({ code: 'custom', path: [at], message: 'is there twice' });
        }
        seen.add(keyOf(objective));
      }
    }),
});

/** Tells objectives apart; policy names have no control characters. */
export function keyOf({ policy, sli }: Pick<SavedObjective, 'policy' | 'sli'>): string {
  return `${policy}\n${sli}`;
}

/** What windows held, by the windows' names. */
export function namedWindows({
  elapsedMs,
  observedMs,
  windows,
}: SavedWindows): Pick<SavedObjective, 'elapsedMs' | 'observedMs' | 'windows'> {
  const named = windows.flatMap((window, at) =>
    window === undefined || window.slots.length === 0 ? [] : [[windowNames[at], window.slots]],
  );
  return { elapsedMs, observedMs, windows: Object.fromEntries(named) };
}

/** A saved objective, for `EventWindows.restore()`. */
export function savedWindows({ periodMs, elapsedMs, observedMs, windows }: SavedObjective): SavedWindows {
  const shapes = windowShapes(periodMs);
  return {
    elapsedMs,
    observedMs,
    windows: windowNames.map((name, at): SavedWindow | undefined => {
      const shape = shapes[at];
      const saved = windows[name];
      return shape === undefined || saved === undefined
        ? undefined
        : { slotMs: shape.lengthMs / shape.slots, slots: saved };
    }),
  };
}

/** A saved objective as it is `ageMs` later; `undefined` when nothing of it is left. */
export function aged(saved: SavedObjective, ageMs: number): SavedObjective | undefined {
  const windows = new EventWindows(windowShapes(saved.periodMs), { good: 0, bad: 0 });
  windows.restore(savedWindows(saved), ageMs, 0);
  const now = windows.save(0);
  if (now === undefined || now.windows.every((window) => window === undefined || window.slots.length === 0))
    return undefined;
  return { ...saved, ...namedWindows(now) };
}
