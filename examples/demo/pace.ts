/** How long the parts of the story take, in milliseconds. */
export interface Pace {
  /** Load before the first fault: the caches fill. */
  readonly warmUpMs: number;
  /** How long each fault lasts at least. */
  readonly faultMs: number;
  /** Load between a recovery and the next fault. */
  readonly breathMs: number;
  /** How often the timeline tells how the callers fare during a fault. */
  readonly reportEveryMs: number;
  /** How long a breaker must stay closed until its incident resolves. */
  readonly resolveAfterMs: number;
}

/** Which dependencies the story may be about, in its order. */
export const dependencies = ['quotes', 'database'] as const;
export type Dependency = (typeof dependencies)[number];

/** About a minute, to be watched. */
export const watched: Pace = {
  warmUpMs: 4_000,
  faultMs: 5_000,
  breathMs: 1_500,
  reportEveryMs: 2_000,
  resolveAfterMs: 4_000,
};

/** The same story in half the time, for the demo's own test. */
export const fast: Pace = {
  warmUpMs: 2_000,
  faultMs: 2_000,
  breathMs: 500,
  reportEveryMs: 1_000,
  resolveAfterMs: 2_500,
};
