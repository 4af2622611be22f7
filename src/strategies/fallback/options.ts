import { z } from 'zod';
import { callback, durationMs, options, shown } from '../../core/options.ts';

/** What a fallback is told. */
export interface FallbackContext {
  readonly policy: string;
  /** What the call's options carried. */
  readonly metadata: unknown;
}

/**
 * Makes an answer in a failed call's place. It is given the error that the caller would get, or the value where
 * the verdict on a value was a failure. What it throws, the caller gets.
 */
export type FallbackAnswer = (failure: unknown, context: FallbackContext) => unknown;

/** Options of `fallback()`. */
export interface FallbackOptions {
  /** Makes the answer. */
  readonly answer: FallbackAnswer;
  /** How long the answer may take, in milliseconds, before the failure stands. Default 1 000. */
  readonly timeoutMs?: number | undefined;
}

const objectSchema = options({
  answer: callback<FallbackAnswer>(),
  timeoutMs: durationMs.default(1_000),
});

export const fallbackSchema = z
  .union([callback<FallbackAnswer>(), objectSchema], {
    error: (issue) =>
      `must be a function that makes the answer, or { answer, timeoutMs }, not ${shown(issue.input)}`,
  })
  .transform((given) => (typeof given === 'function' ? { answer: given, timeoutMs: 1_000 } : given));

/** Checked options. */
export type FallbackSettings = z.output<typeof fallbackSchema>;
