import { z } from 'zod';
import { shown } from '../../core/options.ts';
import { DAY_MS } from '../windows.ts';
import { shiftedDecimal } from './decimals.ts';
import { notA } from './wording.ts';

/** The units that Prometheus knows, but for years, the longest first. */
const units = [
  ['w', 7 * DAY_MS],
  ['d', DAY_MS],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const WHOLE = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const DECIMAL = /^(\d+)\.(\d+)(w|d|h|m|s|ms)$/;

/** No duration of a spec is longer: a leap year. */
export const LONGEST_DURATION_MS = 366 * DAY_MS;

/** The milliseconds of a duration such as `200ms`, `1.5s`, `1h30m` or `30d`; `undefined` where `text` is none. */
export function parseDuration(text: string): number | undefined {
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) {
    const [, whole = '', fraction = '', name] = decimal;
    const [, unitMs = 1] = units.find(([unit]) => unit === name) ?? [];
    if (unitMs === 1) return Number(`${whole}.${fraction}`);
    return (Number(whole + fraction) * unitMs) / 10 ** fraction.length;
  }
  const parts = text === '' ? null : WHOLE.exec(text);
  if (parts === null) return undefined;
  return units.reduce((total, [, unitMs], at) => total + Number(parts[at + 1] ?? 0) * unitMs, 0);
}

/**
 * A duration as a spec has it: `30d`, `1h30m`, `200ms`; fractions of a millisecond as `0.5ms`. Weeks are written as
 * days.
 *
 * @param ms a finite number, 0 or more
 */
export function formatDuration(ms: number): string {
  if (!Number.isSafeInteger(ms)) return `${shiftedDecimal(ms, 0)}ms`;
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of units.slice(1)) {
    const many = Math.floor(rest / unitMs);
    rest -= many * unitMs;
    if (many > 0) text += `${many}${unit}`;
  }
  return text === '' ? '0s' : text;
}

/** What a duration may be used for, and so what it must be. */
export interface DurationRange {
  /** The shortest that is allowed, in milliseconds; without it, anything above 0. */
  readonly min?: number | undefined;
  /** What it must be a multiple of, in milliseconds; without it, of nothing. */
  readonly step?: number | undefined;
  /** As in `such as 30d`. */
  readonly example: string;
}

/** The schema of a duration, in milliseconds. */
export function duration({ min, step, example }: DurationRange) {
  return z.unknown().transform((value, context) => {
    const ms = typeof value === 'string' ? parseDuration(value.trim()) : undefined;
    const message =
      ms === undefined ? notADuration(value, example) : outOfRange(ms, value, { min, step, example });
    if (ms !== undefined && message === undefined) return ms;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

function notADuration(value: unknown, example: string): string {
  if (typeof value === 'number' || (typeof value === 'string' && /^[\d.]+$/.test(value))) {
    return `${value} has no unit; write a duration such as ${example}`;
  }
  return notA(`a duration such as ${example}, with the units w, d, h, m, s and ms in this order`, value);
}

function outOfRange(ms: number, value: unknown, range: DurationRange): string | undefined {
  const { min = 0, step, example } = range;
  if (ms === 0) return `must be above 0, such as ${example}`;
  if (ms < min) return `must be at least ${formatDuration(min)}, not ${shown(value)}`;
  if (!(ms <= LONGEST_DURATION_MS))
    return `must be at most ${formatDuration(LONGEST_DURATION_MS)}, not ${shown(value)}`;
  if (step !== undefined && ms % step !== 0) {
    return `must be a multiple of ${formatDuration(step)}, not ${shown(value)}`;
  }
  return undefined;
}
