import { z } from 'zod';
import { by, change, partId, text, time } from './fields.ts';

const who = z.string();
/** Roles in an incident, after the incident command system; the last three may be held by several. */
export const incidentRoles = ['commander', 'scribe', 'investigator', 'fixer', 'communications'] as const;
/** What an action is good for. */
export const actionKinds = ['prevent', 'detect', 'mitigate'] as const;
/** By when an action should be done. */
export const actionHorizons = ['week', 'month', 'quarter'] as const;

/** What a hypothesis turned out to be. */
export const hypothesisVerdicts = ['open', 'confirmed', 'ruled-out'] as const;
/** What became of something that was tried. */
export const mitigationOutcomes = ['helped', 'no-effect', 'made-worse', 'undone'] as const;
/** What can be done to an action; `assigned` sets what is given of owner, checker and due. */
export const actionMoves = ['assigned', 'done', 'checked', 'dropped', 'open'] as const;
/** What can be said of an item of a checklist. */
export const checkStates = ['done', 'waived', 'open'] as const;
/** How far a step of a runbook is. */
export const runbookStepStates = ['rehearsed', 'started', 'checked', 'surprise', 'resumed'] as const;
/** What a lesson is about, for the post-mortem. */
export const learnedTopics = [
  'summary',
  'why',
  'root-cause',
  'contributing',
  'went-well',
  'went-badly',
  'lucky',
  'thanks',
  'accepted-risk',
  'second-stage',
] as const;

export const acknowledged = change('acknowledged', { by: who });
export const mitigated = change('mitigated', { by, reason: text });
export const closed = change('closed', { by: who, reason: text.optional() });
export const reopened = change('reopened', { by, reason: text });

export const assigned = change('assigned', {
  role: z.enum(incidentRoles),
  person: who,
  by,
  released: z.boolean(),
});

/** A note. `deadEnd`: something was looked at and is not the cause, which is information too. */
export const noted = change('noted', { id: partId, text, by, deadEnd: z.boolean() });

/** A fact that a cause must explain. */
export const observed = change('observed', { id: partId, text, by });

export const hypothesisRaised = change('hypothesis', { id: partId, text, reasoning: text.optional(), by });
export const evidenceAdded = change('evidence', {
  hypothesis: partId,
  text,
  supports: z.boolean(),
  by,
});
/** A confirmed cause is held against each observation: those that it explains, and those that it does not. */
export const hypothesisJudged = change('hypothesis-judged', {
  hypothesis: partId,
  verdict: z.enum(hypothesisVerdicts),
  reason: text,
  explains: z.array(partId),
  doesNotExplain: z.array(partId),
  by,
});

export const reproduced = change('reproduced', { reproduced: z.boolean(), how: text, version: text, by });

/** Something that was tried to see what happens. A stopgap must be undone or become an action. */
export const mitigationTried = change('mitigation', {
  id: partId,
  text,
  hypothesis: partId.optional(),
  stopgap: z.boolean(),
  by,
});
export const mitigationJudged = change('mitigation-judged', {
  mitigation: partId,
  outcome: z.enum(mitigationOutcomes),
  text,
  by,
});

export const actionAdded = change('action', {
  id: partId,
  text,
  kind: z.enum(actionKinds),
  horizon: z.enum(actionHorizons),
  owner: who.optional(),
  checker: who.optional(),
  /** The day, such as `2026-03-01`. */
  due: z.string().optional(),
  /** Whether another person than its owner must check it. */
  twoPeople: z.boolean(),
  /** The stopgap that it is to undo. */
  mitigation: partId.optional(),
  by,
});
export const actionMoved = change('action-moved', {
  action: partId,
  to: z.enum(actionMoves),
  owner: who.optional(),
  checker: who.optional(),
  due: z.string().optional(),
  reason: text.optional(),
  by,
});

export const repairNeeded = change('data-to-repair', { id: partId, text, by });
export const repairDone = change('data-repaired', { repair: partId, text: text.optional(), by });

/** A decision that needs someone with authority, and then what they decided and what they knew. */
export const decisionNeeded = change('decision-needed', {
  id: partId,
  question: text,
  authority: who.optional(),
  by,
});
export const decided = change('decided', { decision: partId, answer: text, knew: text, by: who });

/** A status update for those outside, with when recovery is expected and when the next update is due. */
export const updated = change('update', {
  text,
  expectedRecoveryAt: time.optional(),
  nextUpdateAt: time.optional(),
  by,
});

/** What is affected. Each replaces what was said before. */
export const affected = change('affected', { users: text.optional(), scope: text.optional(), by });
export const warRoom = change('war-room', { url: z.string(), by });

/** One who was to be told was told, or was not reached. */
export const contacted = change('contacted', {
  contact: who,
  reached: z.boolean(),
  text: text.optional(),
  by,
});

/** An item of a checklist was done or waived, or is open again. */
export const checked = change('checked', {
  item: z.string(),
  state: z.enum(checkStates),
  reason: text.optional(),
  by,
});

/** A step of a runbook was rehearsed, begun, checked, or surprised whoever did it, which halts the work. */
export const runbookStep = change('runbook-step', {
  runbook: z.string(),
  step: z.number(),
  state: z.enum(runbookStepStates),
  text: text.optional(),
  by,
});

/** What people learned, for the post-mortem. */
export const learned = change('learned', {
  topic: z.enum(learnedTopics),
  text,
  /** The evidence beside a why. */
  evidence: text.optional(),
  by,
});
