import type { Judgement } from '../../core/verdict.ts';

/** Judgements that depend on where an error came from, which the error itself does not tell. */
const settled = new WeakMap<object, Judgement>();

/** Notes what `error` means for the attempt that it ends, whatever it looks like. */
export function settleJudgement(error: unknown, judgement: Judgement): void {
  if (typeof error === 'object' && error !== null) settled.set(error, judgement);
}

/** What was noted of `error`. */
export function settledJudgement(error: unknown): Judgement | undefined {
  return typeof error === 'object' && error !== null ? settled.get(error) : undefined;
}
