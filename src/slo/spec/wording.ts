import { shown } from '../../core/options.ts';

/** That `value` is not what it must be, or missing or empty. */
export function notA(expectation: string, value: unknown): string {
  if (value === undefined) return `is missing; it must be ${expectation}`;
  return value === null
    ? `is empty; it must be ${expectation}`
    : `must be ${expectation}, not ${shown(value)}`;
}
