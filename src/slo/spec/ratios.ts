import { z } from 'zod';
import { shown } from '../../core/options.ts';
import { shiftedDecimal } from './decimals.ts';
import { notA } from './wording.ts';

const PERCENTAGE = /^(\d+(?:\.\d+)?) ?%$/;
const DECIMAL = /^\d+(?:\.\d+)?$/;

/** A ratio as a percentage, without loss: `99.9%` for 0.999. */
export function formatPercentage(ratio: number): string {
  return `${shiftedDecimal(ratio, 2)}%`;
}

/** The ratio of a percentage such as `99.9%`, as the decimal number that it stands for; `undefined` for other texts. */
export function parsePercentage(text: string): number | undefined {
  const digits = PERCENTAGE.exec(text)?.[1];
  // Moving the point in the text keeps 99.9 % from becoming 0.9990000000000001.
  return digits === undefined ? undefined : Number(`${digits}e-2`);
}

/** A ratio as it was written: with the sign `%`, or as a plain number. */
interface Given {
  readonly ratio: number;
  readonly isPercentage: boolean;
}

function given(value: unknown): Given | undefined {
  if (typeof value === 'number') return { ratio: value, isPercentage: false };
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (DECIMAL.test(text)) return { ratio: Number(text), isPercentage: false };
  const ratio = parsePercentage(text);
  return ratio === undefined ? undefined : { ratio, isPercentage: true };
}

/** The schema of an objective: `99.9%` or 0.999, above 0 and below 1. */
export const specObjective = z.unknown().transform((value, context) => {
  const found = given(value);
  const message = objectiveProblem(value, found);
  if (found !== undefined && message === undefined) return found.ratio;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

function objectiveProblem(value: unknown, found: Given | undefined): string | undefined {
  if (found === undefined) return notA('an objective such as 99.9% or 0.999', value);
  const { ratio, isPercentage } = found;
  if (Number.isNaN(ratio) || ratio === Number.POSITIVE_INFINITY || ratio < 0) {
    return notA('an objective such as 99.9% or 0.999', value);
  }
  if (ratio === 0) return 'must be above 0; an objective that everything meets needs no budget';
  if (ratio === 1) return 'must be below 100%: without an error budget the first failure misses it for good';
  if (ratio > 1 && !isPercentage && ratio < 100) {
    const digits = shiftedDecimal(ratio, 0);
    return `${digits} could be a percentage or a mistake; write ${digits}% or ${shiftedDecimal(ratio, -2)}`;
  }
  if (ratio > 1) return `must be below 100%, not ${shown(value)}`;
  const below1Percent = isPercentage && ratio < 0.01 ? PERCENTAGE.exec(String(value).trim())?.[1] : undefined;
  if (below1Percent !== undefined) {
    const meant = formatPercentage(Number(below1Percent));
    return `${shown(value)} is less than 1%; for ${meant} leave out the sign, or else write ${shiftedDecimal(ratio, 0)}`;
  }
  return undefined;
}

/** The schema of a share: `10%` or 0.1, above 0 and at most 1, or below 1 where `upTo` is `'below 100%'`. */
export function specShare(upTo: '100%' | 'below 100%') {
  return z.unknown().transform((value, context) => {
    const found = given(value);
    const message = shareProblem(value, found, upTo);
    if (found !== undefined && message === undefined) return found.ratio;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

function shareProblem(value: unknown, found: Given | undefined, upTo: string): string | undefined {
  const expected = `a share such as 10% or 0.1, above 0 and ${upTo === '100%' ? 'at most 100%' : upTo}`;
  if (found === undefined) return notA(expected, value);
  const { ratio, isPercentage } = found;
  if (ratio > 1 && ratio <= 100 && !isPercentage) {
    const digits = shiftedDecimal(ratio, 0);
    return `${digits} could be a percentage or a mistake; write ${digits}% or ${shiftedDecimal(ratio, -2)}`;
  }
  // 1 % and 100 % are both likely to be meant.
  if (ratio === 1 && !isPercentage) return 'could be 1% or 100%; write it with the sign %';
  if (!(ratio > 0 && (upTo === '100%' ? ratio <= 1 : ratio < 1))) return notA(expected, value);
  return undefined;
}
