import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { LimitAlgorithm } from './algorithm.ts';

/** A round has at least so many samples, and as many as were in flight. */
const ROUND_SAMPLES = 10;
/**
 * After so many rounds in which a queue kept the limit from growing, it is measured how long a call takes without. It is
 * done more and more rarely, down to the latter, while that is what was thought.
 */
const FIRST_ROUNDS_UNTIL_PROBE = 10;
const MOST_ROUNDS_UNTIL_PROBE = 100;
/** Up to so many times more or less is what was thought. */
const SAME_RATIO = 1.5;
/** So it is when the limit has shrunk to this share of what it was. */
const SHRUNK_SHARE = 1 / 2;
/** The limit while that is measured, as a share of what it was. */
const PROBE_SHARE = 1 / 4;
/** A probe has four samples for each call that may be in flight, within these bounds. */
const PROBE_ROUNDS = 4;
const MOST_PROBE_SAMPLES = 100;
/** A probe that calls are missing for is given up after so many times what they took, and this time at least. */
const PROBE_LATENCIES = 40;
const PROBE_MS = 1_000;
/** Longer than this no call takes, for the arithmetic's sake. */
const LONGEST_MS = 86_400_000;

/** A call that was let in: it carries when. */
export interface Admitted {
  /** Which part of the limiter's life it was let in in. */
  phase: number;
}

/** Between what the limit may move. */
export interface LimitBounds {
  readonly minLimit: number;
  readonly maxLimit: number;
}

/**
 * How many calls may be in flight, found by how long they take. It decides and runs nothing; time is an argument.
 *
 * Latencies are collected over rounds, each about a round trip; after each the algorithm moves the limit. While a queue
 * that it sees keeps the limit from growing, nobody can tell a dependency that became slower from one that is asked for
 * too much. So from time to time a probe lowers the limit for some calls and sees how long they take then, as BBR
 * (Cardwell and others, 2016) and Envoy's adaptive concurrency do.
 */
export class AdaptiveLimiter {
  readonly #algorithm: LimitAlgorithm;
  readonly #bounds: () => LimitBounds;
  /** With its fraction. */
  #estimate: number;
  #peak = 0;
  #samples = 0;
  #sumMs = 0;
  #queuedRounds = 0;
  #roundsUntilProbe = FIRST_ROUNDS_UNTIL_PROBE;
  /** The highest estimate since the last probe. */
  #highest: number;
  #phase = 0;
  /** Since when it probes, and until when at most. */
  #probe:
    | { readonly since: number; readonly until: number; readonly limit: number; readonly samples: number }
    | undefined = undefined;
  inFlight = 0;

  constructor(algorithm: LimitAlgorithm, initialLimit: number, bounds: () => LimitBounds) {
    this.#algorithm = algorithm;
    this.#bounds = bounds;
    this.#estimate = initialLimit;
    this.#highest = initialLimit;
  }

  /** How many may be in flight now. */
  get limit(): number {
    return this.#probe?.limit ?? Math.floor(this.#estimate);
  }

  /** Whether it measures with a lower limit now. */
  get isProbing(): boolean {
    return this.#probe !== undefined;
  }

  /** What a call usually takes, in milliseconds, once that is known. */
  get baselineMs(): number | undefined {
    return this.#algorithm.baselineMs;
  }

  /**
   * Whether one more may be in flight.
   *
   * @param extra how many of those in flight leave their room to others
   */
  hasRoom(now: number, extra = 0): boolean {
    const probe = this.#probe;
    if (probe !== undefined && (now >= probe.until || now < probe.since - OUT_OF_ORDER_MS)) this.#endProbe();
    return this.inFlight - extra < this.limit;
  }

  /** Counts one in, whether or not there is room. */
  take(admitted: Admitted): void {
    this.inFlight += 1;
    if (this.inFlight > this.#peak) this.#peak = this.inFlight;
    admitted.phase = this.#phase;
  }

  /** Counts one out. */
  release(): void {
    this.inFlight -= 1;
  }

  /**
   * Takes in how long a call took.
   *
   * @param latencyMs 0 or more
   * @param timedOut whether it took at least so long, and was given up
   * @param mayProbe whether what is above the limit is really turned away; where it is not, what is usual follows what
   * calls take, in place of a probe
   */
  sample(admitted: Admitted, latencyMs: number, timedOut: boolean, mayProbe: boolean, now: number): void {
    // What was let in before a probe has waited in the queue that the probe is to do without.
    if (this.#probe !== undefined && admitted.phase !== this.#phase) return;
    const boundedMs = Math.min(latencyMs, LONGEST_MS);
    this.#algorithm.sample(boundedMs, timedOut);
    this.#samples += 1;
    this.#sumMs += boundedMs;
    if (this.#probe !== undefined) {
      if (this.#samples < this.#probe.samples) return;
      this.#endMeasurement(this.#sumMs / this.#samples);
    } else if (this.#samples >= Math.max(ROUND_SAMPLES, this.#peak)) this.#endRound(mayProbe, now);
  }

  /** Moves the limit to within bounds that have changed. What was learned of latencies is kept. */
  clamp(): void {
    this.#endProbe();
    this.#estimate = this.#within(this.#estimate);
  }

  #endRound(mayProbe: boolean, now: number): void {
    const before = this.#estimate;
    const isUsed = this.#peak * 2 >= before;
    const next = this.#algorithm.next(before, isUsed);
    const meanMs = this.#sumMs / this.#samples;
    this.#estimate = this.#within(next);
    this.#highest = Math.max(this.#highest, this.#estimate);
    // Where the limit is not reached, a probe would turn calls away that nothing else does.
    const isFull = this.#peak >= Math.floor(before);
    if (isFull && (next <= before || before >= this.#bounds().maxLimit)) this.#queuedRounds += 1;
    this.#startRound();
    const hasShrunk = this.#estimate < this.#highest * SHRUNK_SHARE;
    if (!isFull || !(hasShrunk || this.#queuedRounds >= this.#roundsUntilProbe)) return;
    if (mayProbe) this.#startProbe(meanMs, now);
    else this.#algorithm.follow(meanMs);
  }

  #startRound(): void {
    this.#samples = 0;
    this.#sumMs = 0;
    this.#peak = this.inFlight;
    this.#algorithm.discard();
  }

  #startProbe(meanMs: number, now: number): void {
    this.#queuedRounds = 0;
    this.#highest = this.#estimate;
    // Where the limit cannot go so low, what calls take at the lowest one is the best that can be known.
    const limit = Math.max(this.#bounds().minLimit, Math.floor(this.#estimate * PROBE_SHARE), 1);
    const samples = Math.min(MOST_PROBE_SAMPLES, Math.max(ROUND_SAMPLES, limit * PROBE_ROUNDS));
    const until = now + Math.max(PROBE_MS, PROBE_LATENCIES * meanMs);
    this.#probe = { since: now, until, limit, samples };
    this.#phase += 1;
  }

  /** Goes back from a probe to the limit that was. */
  #endProbe(): void {
    if (this.#probe === undefined) return;
    this.#probe = undefined;
    this.#phase += 1;
    this.#startRound();
  }

  #endMeasurement(measuredMs: number): void {
    const thoughtMs = this.baselineMs ?? measuredMs;
    const isSame = measuredMs <= thoughtMs * SAME_RATIO && thoughtMs <= measuredMs * SAME_RATIO;
    this.#roundsUntilProbe = isSame
      ? Math.min(MOST_ROUNDS_UNTIL_PROBE, this.#roundsUntilProbe * 2)
      : FIRST_ROUNDS_UNTIL_PROBE;
    this.#algorithm.measured();
    this.#endProbe();
  }

  #within(limit: number): number {
    const { minLimit, maxLimit } = this.#bounds();
    return Math.min(maxLimit, Math.max(minLimit, limit));
  }
}
