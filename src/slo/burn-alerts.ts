import { durationMs, objective, options, parseOptions } from '../core/options.ts';
import { shareOf } from './budget.ts';
import { type BurnWindow, burnWindows, DEFAULT_PERIOD_MS } from './windows.ts';

/** How urgent an alert is: a page wakes somebody up, a ticket waits for the working day. */
export const alertSeverities = ['page', 'ticket'] as const;
/** How urgent an alert is. */
export type AlertSeverity = (typeof alertSeverities)[number];

/** An alert on how fast an error budget goes: it fires while the burn rate is above `factor` in both windows. */
export interface BurnAlert {
  readonly severity: AlertSeverity;
  readonly longWindow: BurnWindow;
  /** Ends the alert soon after the errors end. */
  readonly shortWindow: BurnWindow;
  /** Burn rate above which it fires, exclusive. */
  readonly factor: number;
}

/** An alert that was left out, and the reason in words. */
export interface LeftOutAlert {
  readonly alert: BurnAlert;
  readonly why: string;
}

/**
 * The alerts for a budget of 30 days, the most urgent first: three as in the SRE Workbook, chapter 5, table 5-8, and
 * the ticket over a day, which is sloth's.
 */
const alertsOf30Days = [
  { severity: 'page', longWindow: '1h', shortWindow: '5m', tenths: 144 },
  { severity: 'page', longWindow: '6h', shortWindow: '30m', tenths: 60 },
  { severity: 'ticket', longWindow: '1d', shortWindow: '2h', tenths: 30 },
  { severity: 'ticket', longWindow: '3d', shortWindow: '6h', tenths: 10 },
] as const;

const alertArguments = options({ objective, periodMs: durationMs });

/**
 * The multi-window, multi-burn-rate alerts of an objective.
 *
 * They fire when a long window has used up 2 % (1 h), 5 % (6 h) or 10 % (1 d, 3 d) of the budget, whatever its
 * period, so that the factors grow and shrink with it. No factor is below 1, the rate that lasts for the period: a
 * short period's page fires from there on, since hours at that rate are much of it. What looks back further than the
 * period, or could never fire, is left out. From a period of an hour on there is a page wherever a total outage, which
 * burns at 1 / (1 - objective), burns faster than the lowest factor of a page within the period.
 *
 * @param objective above 0 and below 1
 * @param periodMs the budget's period in milliseconds, above 0
 * @throws {InvalidOptionsError} naming everything that is wrong with the arguments
 */
export function burnAlerts(
  objective: number,
  periodMs: number,
): { readonly alerts: readonly BurnAlert[]; readonly leftOut: readonly LeftOutAlert[] } {
  parseOptions(alertArguments, { objective, periodMs }, '', 'Arguments of burnAlerts()');
  const alerts: BurnAlert[] = [];
  const leftOut: LeftOutAlert[] = [];
  for (const { severity, longWindow, shortWindow, tenths } of alertsOf30Days) {
    const scaled = (tenths * periodMs) / (10 * DEFAULT_PERIOD_MS);
    const alert = { severity, longWindow, shortWindow, factor: Math.max(1, scaled) };
    const why = reasonToLeaveOut(alert, objective, periodMs);
    if (why === undefined) alerts.push(alert);
    else leftOut.push({ alert, why });
  }
  return { alerts, leftOut };
}

function reasonToLeaveOut(
  { longWindow, factor }: BurnAlert,
  objective: number,
  periodMs: number,
): string | undefined {
  if (burnWindows[longWindow] > periodMs) return `its window of ${longWindow} is longer than the period`;
  // All events being bad burns at 1 / (1 - objective).
  if (factor * shareOf(objective) >= 1) {
    return `it can never fire: with an objective of ${objective} no burn rate is above ${factor}`;
  }
  return undefined;
}
