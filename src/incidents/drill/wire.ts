import { z } from 'zod';
import type { DrillPlan, DrillProgress, DrillReport } from './progress.ts';
import { drillEffects, drillSteps } from './scenario.ts';

/* What a drill says over the socket, as the command reads it. */

/** Checks what a drill would do. */
export const drillPlan: z.ZodType<DrillPlan> = z.object({
  objections: z.array(z.object({ path: z.string(), message: z.string() })),
  effects: z.array(z.string()),
  affectsCalls: z.boolean(),
});

/** Checks what a drill tells while it is played. */
export const drillProgress: z.ZodType<DrillProgress> = z.object({
  at: z.string(),
  elapsedMs: z.number(),
  kind: z.enum(['begun', 'effect', 'instruction', 'step', 'recovery', 'file', 'trouble', 'undone', 'ended']),
  text: z.string(),
});

const stepScore = z.object({
  step: z.enum(drillSteps),
  targetMs: z.number().nullable(),
  tookMs: z.number().nullable(),
  result: z.enum(['passed', 'late', 'missed', 'failed', 'not-scored']),
  by: z.string().nullable(),
  text: z.string(),
});

/** Checks what came of a drill. */
export const drillReport: z.ZodType<DrillReport> = z.object({
  incident: z.string(),
  title: z.string(),
  policies: z.array(z.string()),
  effect: z.enum(drillEffects),
  by: z.string(),
  startedAt: z.string(),
  endedAt: z.string(),
  durationMs: z.number(),
  ended: z.enum(['completed', 'time-limit', 'stopped', 'connection-lost', 'outage', 'closing']),
  why: z.string(),
  verdict: z.enum(['passed', 'failed', 'not-played']),
  score: z.object({
    steps: z.array(stepScore),
    passedSteps: z.number(),
    scoredSteps: z.number(),
    totalMs: z.number().nullable(),
    passed: z.boolean(),
  }),
  recovery: z.array(z.string()),
  files: z.array(z.object({ what: z.string(), file: z.string().nullable(), error: z.string().nullable() })),
  undone: z.array(z.string()),
});
