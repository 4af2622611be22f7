import type { z } from 'zod';
import type { CallDescription } from '../../core/call.ts';
import { callback, durationMs, durationMsOrZero, flag, numberThat, options } from '../../core/options.ts';

/** The share of attempts that get a fault, from 0 to 1. */
interface Rated {
  readonly rate: number;
}

/** The operation is not run: the attempt fails in its place. */
export interface ErrorFault extends Rated {
  /** Makes what the attempt fails with. Default: an `InjectedFaultError`. */
  readonly error?: (() => unknown) | undefined;
}

/** The operation begins late. Either `ms`, or `minMs` and `maxMs` for any time between them. */
export interface LatencyFault extends Rated {
  /** Milliseconds, more than 0. */
  readonly ms?: number | undefined;
  /** Milliseconds, 0 or more. */
  readonly minMs?: number | undefined;
  /** Milliseconds, not below `minMs`. */
  readonly maxMs?: number | undefined;
}

/**
 * The connection breaks while the operation runs: its signal aborts and the attempt fails, and nobody knows how far the
 * operation came.
 */
export interface AbortFault extends Rated {
  /** How long after the operation has begun, in milliseconds. One that ends sooner keeps its outcome. Default 0. */
  readonly afterMs?: number | undefined;
  /** Makes what the attempt fails with. Default: an `Error` with the code `ECONNRESET`. */
  readonly error?: (() => unknown) | undefined;
}

/** The operation succeeds with a bad result, for `check` and `classify` to find. */
export interface ResultFault extends Rated {
  /** Makes the bad result of the good one, which is its own to let go of. What it returns is no promise. */
  readonly result: (value: unknown) => unknown;
}

/** Options of `chaos()`. At least one fault must be given. */
export interface ChaosOptions {
  /**
   * Whether it makes faults from the start. Default `false`: code switches it on, by `policy.chaos.start()`. An update
   * switches it on where it makes this `true`, and for as long as it holds; what was stopped or has had its time stays
   * off where this was `true` before.
   */
  readonly enabled?: boolean | undefined;
  /**
   * After how many milliseconds it ends by itself, from when it is switched on; an update of it moves the end of what is
   * on, unless `policy.chaos.start()` gave another. Default: never.
   */
  readonly forMs?: number | undefined;
  /** Attempts fail in the operation's place. */
  readonly error?: ErrorFault | undefined;
  /** Attempts begin late. */
  readonly latency?: LatencyFault | undefined;
  /** Attempts break while the operation runs. */
  readonly abort?: AbortFault | undefined;
  /** Operations succeed with a bad result. */
  readonly result?: ResultFault | undefined;
  /** Which calls may get a fault. Default: all. One that throws is reported, and spares the call. */
  readonly when?: ((call: CallDescription) => boolean) | undefined;
  /** Gives numbers from 0 up to 1, so that an experiment can be repeated. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

const rate = numberThat((share) => share >= 0 && share <= 1, 'a rate from 0 to 1, such as 0.1');

const latencySchema = options({
  rate,
  ms: durationMs.optional(),
  minMs: durationMsOrZero.optional(),
  maxMs: durationMs.optional(),
})
  .check((context) => {
    const { ms, minMs, maxMs } = context.value;
    const problem = (path: string, message: string): void => {
      context.issues.push({ code: 'custom', path: [path], message, input: context.value });
    };
    if (ms !== undefined && (minMs !== undefined || maxMs !== undefined))
      problem('ms', 'must not be given together with minMs or maxMs');
    else if (ms === undefined && maxMs === undefined) problem('ms', 'must be given, or minMs and maxMs');
    if (minMs !== undefined && maxMs !== undefined && maxMs < minMs)
      problem('maxMs', `must not be below minMs (${minMs})`);
  })
  .transform(({ rate, ms = 0, minMs, maxMs }) => ({
    rate,
    minMs: maxMs === undefined ? ms : (minMs ?? 0),
    maxMs: maxMs ?? ms,
  }));

const makesError = callback<() => unknown>();

export const chaosSchema = options({
  enabled: flag.default(false),
  forMs: durationMs.optional(),
  error: options({ rate, error: makesError.optional() }).optional(),
  latency: latencySchema.optional(),
  abort: options({ rate, afterMs: durationMsOrZero.default(0), error: makesError.optional() }).optional(),
  result: options({ rate, result: callback<(value: unknown) => unknown>() }).optional(),
  when: callback<(call: CallDescription) => boolean>().optional(),
  random: callback<() => number>().optional(),
}).refine(({ error, latency, abort, result }) => (error ?? latency ?? abort ?? result) !== undefined, {
  error: 'must have at least one fault: error, latency, abort or result',
});

/** Checks the options of `policy.chaos.start()`. */
export const startSchema = options({ forMs: durationMs.optional() });

/** Checked options. */
export type ChaosSettings = z.output<typeof chaosSchema>;
