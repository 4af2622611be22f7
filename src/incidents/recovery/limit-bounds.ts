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
/** More a second than this no process makes, and less than one in some minutes is no traffic. */
const FASTEST = 1_000_000;
const SLOWEST = 0.001;

const kinds: Readonly<Record<LimitControl['type'], LimitBounds & { readonly text: string }>> = {
  count: { text: 'a whole number', min: 0, max: MOST },
  size: { text: 'a whole number', min: 1, max: FASTEST },
  duration: { text: 'a number of milliseconds', min: 1, max: LONGEST_MS },
  factor: { text: 'a number', min: 1, max: MOST },
  rate: { text: 'a number', min: SLOWEST, max: FASTEST },
};

/**
 * What a limit may be changed to during an incident. What the options say is always within: they may know better than
 * what is sensible for most.
 */
export function boundsOf({ type, configured }: Pick<LimitControl, 'type' | 'configured'>): LimitBounds {
  const { min, max } = kinds[type];
  return { min: Math.min(min, configured), max: Math.max(max, configured) };
}

/** What is wrong with a value; `undefined` where nothing is. */
export function valueProblem(
  limit: Pick<LimitControl, 'type' | 'configured' | 'name'>,
  value: number,
): string | undefined {
  const { min, max } = boundsOf(limit);
  const isCounted = limit.type === 'count' || limit.type === 'size';
  if ((!isCounted || Number.isSafeInteger(value)) && value >= min && value <= max) return undefined;
  return `must be ${kinds[limit.type].text} from ${min} to ${max} for ${limit.name}`;
}
