import type { LimitControl } from '../../core/control.ts';

/** What a limit may be changed to, both ends included. */
export interface LimitBounds {
  readonly min: number;
  readonly max: number;
}

/** More tries of one call than this help nobody. */
const MOST = 100;
/** An hour: what a dependency takes longer for is no call that anybody waits for. */
const LONGEST_MS = 3_600_000;

const kinds: Readonly<Record<LimitControl['type'], string>> = {
  count: 'a whole number',
  duration: 'a number of milliseconds',
  factor: 'a number',
};

/**
 * What a limit may be changed to during an incident. What the options say is always within: they may know better than
 * what is sensible for most.
 */
export function boundsOf({ type, configured }: Pick<LimitControl, 'type' | 'configured'>): LimitBounds {
  const [min, max] = type === 'duration' ? [1, LONGEST_MS] : [type === 'count' ? 0 : 1, MOST];
  return { min: Math.min(min, configured), max: Math.max(max, configured) };
}

/** What is wrong with a value; `undefined` where nothing is. */
export function valueProblem(
  limit: Pick<LimitControl, 'type' | 'configured' | 'name'>,
  value: number,
): string | undefined {
  const { min, max } = boundsOf(limit);
  const isWhole = limit.type !== 'count' || Number.isSafeInteger(value);
  if (isWhole && value >= min && value <= max) return undefined;
  const what = kinds[limit.type];
  return `must be ${what} from ${min} to ${max} for ${limit.name}`;
}
