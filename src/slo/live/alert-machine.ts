import type { SloEvent } from '../../core/slo-events.ts';
import type { AlertSeverity } from '../burn-alerts.ts';
import type { BurnWindow } from '../windows.ts';
import { amount } from './amount.ts';
import { reach, releaseOf } from './release.ts';
import { type FiringAlert, type FollowedObjective, type Standing, standingsOf } from './standing.ts';

/** While an alert fires, or bad events come in, a policy is looked at this often. */
export const EVALUATION_MS = 10_000;
/** So often while its budget is low or spent, or good events that leave a window may yet make an alert fire. */
const SLOW_EVALUATION_MS = 60_000;
/** The period forgets this share of itself at a time. */
const PERIOD_STEP = 1 / 60;

/** An event without what the hub adds to it. */
export type SloChange = SloEvent extends infer Event
  ? Event extends SloEvent
    ? Omit<Event, 'policy' | 'time'>
    : never
  : never;

/** What came of looking at a policy. */
export interface Evaluation {
  /** What changed since it was last looked at, in the order in which it is to be told. */
  readonly changes: readonly SloChange[];
  /** When to look again, in milliseconds, though no bad event comes in; `Infinity` where nothing can change. */
  readonly lookAgainMs: number;
}

/** What the machine is told of a policy. */
export interface AlertSettings {
  readonly policy: string;
  readonly periodMs: number;
  readonly minimumBadEvents: number;
  readonly freezeBelow: number;
}

/** What was last told of an objective. */
interface Told {
  /** The alert that fires. */
  alert: FiringAlert | undefined;
  exhausted: boolean;
}

/**
 * Decides what there is to tell of a policy's objectives: which alerts begin and end, when a budget is spent, when
 * releases freeze and thaw. It compares where they stand with what it has told, so that each change is told once,
 * however often it looks. It is given the time and has no timers.
 */
export class AlertMachine {
  readonly #settings: AlertSettings;
  readonly #told = new Map<Standing['sli'], Told>();
  #frozen = false;

  constructor(settings: AlertSettings) {
    this.#settings = settings;
  }

  /** Looks at the policy's objectives at `now`. */
  evaluate(objectives: readonly FollowedObjective[], now: number): Evaluation {
    const standings = standingsOf(objectives, this.#settings.minimumBadEvents, now);
    const changes: SloChange[] = [];
    for (const standing of standings) {
      const objective = objectives.find(({ sli }) => sli === standing.sli);
      const isEmpty = (window: BurnWindow): boolean => {
        const { good = 0, bad = 0 } = objective?.counts(window, now) ?? {};
        return good + bad === 0;
      };
      changes.push(...this.#compare(standing, isEmpty));
    }
    changes.push(...this.#compareFreeze(standings));
    return { changes, lookAgainMs: this.#lookAgainMs(standings) };
  }

  #compare(standing: Standing, isEmpty: (window: BurnWindow) => boolean): readonly SloChange[] {
    const told = this.#told.get(standing.sli) ?? { alert: undefined, exhausted: false };
    this.#told.set(standing.sli, told);
    const changes: SloChange[] = [];
    const [alert] = standing.firing;
    if (alert !== undefined && alert.severity !== told.alert?.severity) {
      changes.push(this.#burning(standing, alert, told.alert?.severity));
    }
    if (alert === undefined && told.alert !== undefined) {
      changes.push(this.#recovered(standing, told.alert, isEmpty(told.alert.shortWindow)));
    }
    told.alert = alert;
    const isExhausted = this.#isExhausted(standing);
    if (isExhausted && !told.exhausted) changes.push(this.#exhausted(standing));
    told.exhausted = isExhausted;
    return changes;
  }

  #burning(
    { sli, objective, budgetRemaining }: Standing,
    { severity, longWindow, shortWindow, factor, longBurnRate, shortBurnRate }: FiringAlert,
    previousSeverity: AlertSeverity | undefined,
  ): SloChange {
    const rates = `${amount(longBurnRate)} times over ${longWindow}, ${amount(shortBurnRate)} times over ${shortWindow}`;
    return {
      status: 'burning',
      sli,
      objective,
      budgetRemaining,
      severity,
      previousSeverity,
      longWindow,
      shortWindow,
      factor,
      longBurnRate,
      shortBurnRate,
      summary: `The ${sli} budget of '${this.#settings.policy}' burns too fast: ${rates}, where more than ${amount(factor)} times is a ${severity}.`,
    };
  }

  #recovered(
    { sli, objective, budgetRemaining, heldBack }: Standing,
    { severity }: FiringAlert,
    hasNoData: boolean,
  ): SloChange {
    const isHeldBack = heldBack.some((alert) => alert.severity === severity);
    const reason = isHeldBack ? 'held-back' : hasNoData ? 'no-data' : 'below-threshold';
    return {
      status: 'recovered',
      sli,
      objective,
      budgetRemaining,
      severity,
      reason,
      summary: `The ${severity} on the ${sli} budget of '${this.#settings.policy}' ended: ${recoveryText[reason]}.`,
    };
  }

  #isExhausted({ bad, budgetRemaining }: Standing): boolean {
    return budgetRemaining !== undefined && budgetRemaining <= 0 && bad >= this.#settings.minimumBadEvents;
  }

  #exhausted(standing: Standing): SloChange {
    const { sli, objective, budgetRemaining, good, bad } = standing;
    return {
      status: 'exhausted',
      sli,
      objective,
      budgetRemaining,
      good,
      bad,
      summary: `The ${sli} budget of '${this.#settings.policy}' is spent: ${bad} of ${good + bad} events of its period were bad${reach(standing)}.`,
    };
  }

  #compareFreeze(standings: readonly Standing[]): readonly SloChange[] {
    const { policy, freezeBelow: minRemaining, minimumBadEvents } = this.#settings;
    const against = standings
      .map((standing) => ({ sli: standing.sli, ...releaseOf(standing, { minRemaining, minimumBadEvents }) }))
      .filter(({ answer }) => answer === 'no');
    const isFrozen = against.length > 0;
    if (isFrozen === this.#frozen) return [];
    this.#frozen = isFrozen;
    if (!isFrozen)
      return [
        {
          status: 'thawed',
          reason: 'no-objection',
          summary: `Releases of '${policy}' need not wait any more.`,
        },
      ];
    const why = against.map((each) => each.why).join('; ');
    const slis = against.map(({ sli }) => sli);
    return [{ status: 'frozen', slis, summary: `Releases of '${policy}' should wait: ${why}.` }];
  }

  #lookAgainMs(standings: readonly Standing[]): number {
    if (standings.some(({ firing, heldBack }) => firing.length + heldBack.length > 0)) return EVALUATION_MS;
    const isTold = this.#frozen || [...this.#told.values()].some(({ exhausted }) => exhausted);
    if (isTold || standings.some(({ mayFire }) => mayFire)) return SLOW_EVALUATION_MS;
    const mayRunOut = standings.some(({ bad }) => bad >= this.#settings.minimumBadEvents);
    if (!mayRunOut) return Number.POSITIVE_INFINITY;
    return Math.max(SLOW_EVALUATION_MS, this.#settings.periodMs * PERIOD_STEP);
  }
}

const recoveryText = {
  'held-back': 'the alert on its availability has taken over',
  'no-data': 'there are no events any more',
  'below-threshold': 'it burns slower',
} as const;
