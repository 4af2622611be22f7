import type { DrillEffect } from './scenario.ts';
import type { DrillScore } from './score.ts';

/** What a drill tells while it is played. */
export interface DrillProgress {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly elapsedMs: number;
  readonly kind:
    | 'begun'
    | 'effect'
    | 'instruction'
    | 'step'
    | 'recovery'
    | 'file'
    | 'trouble'
    | 'undone'
    | 'ended';
  readonly text: string;
}

/**
 * Why a drill ended.
 *
 * - `completed`: every scored step was done.
 * - `time-limit`: its duration is over.
 * - `stopped`: somebody stopped it.
 * - `connection-lost`: whoever plays it is gone.
 * - `outage`: something real happened.
 * - `closing`: the application closes.
 */
export type DrillEnd = 'completed' | 'time-limit' | 'stopped' | 'connection-lost' | 'outage' | 'closing';

/** What came of a drill. */
export interface DrillReport {
  readonly incident: string;
  readonly title: string;
  readonly policies: readonly string[];
  readonly effect: DrillEffect;
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly durationMs: number;
  readonly ended: DrillEnd;
  /** Why it ended, one sentence. */
  readonly why: string;
  /** `not-played` where it ended before it came to its end. */
  readonly verdict: 'passed' | 'failed' | 'not-played';
  readonly score: DrillScore;
  /** What can be done about such an incident. */
  readonly recovery: readonly string[];
  /** What was written into the incident's folder. */
  readonly files: readonly {
    readonly what: string;
    readonly file: string | null;
    readonly error: string | null;
  }[];
  /** What the drill undid, and what it found undone or changed by others. */
  readonly undone: readonly string[];
}

/** What a drill would do, before it does it. */
export interface DrillPlan {
  /** What keeps it from being played; empty where nothing does. */
  readonly objections: readonly { readonly path: string; readonly message: string }[];
  /** What it will do, a sentence each. */
  readonly effects: readonly string[];
  /** Whether real calls feel it. */
  readonly affectsCalls: boolean;
}

/** The verdict of a drill that ended so. */
export function verdictOf(ended: DrillEnd, score: DrillScore): DrillReport['verdict'] {
  if (ended === 'completed' || ended === 'time-limit') return score.passed ? 'passed' : 'failed';
  return 'not-played';
}
