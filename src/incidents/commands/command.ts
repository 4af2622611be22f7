import { z } from 'zod';
import { text as filled, options, shown, textUpTo } from '../../core/options.ts';
import {
  actionHorizons,
  actionKinds,
  actionMoves,
  checkStates,
  hypothesisVerdicts,
  incidentRoles,
  learnedTopics,
  mitigationOutcomes,
  runbookStepStates,
} from '../incident/changes/people.ts';
import { severities } from '../incident/severity.ts';

const long = textUpTo(4_000);
const short = textUpTo(200);
const person = textUpTo(100);
const by = person;
const at = z.number().optional();
/** Items of checklists that are waived with the step, with the one reason for all. */
const waive = z.array(filled).optional();
const day = z.custom<string>((value) => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value), {
  error: (issue) => `must be a day such as 2026-03-01, not ${shown(issue.input)}`,
});

function command<const Do extends string, Shape extends z.core.$ZodLooseShape>(name: Do, shape: Shape) {
  return options({ do: z.literal(name), by, ...shape });
}

/**
 * What people can do to an incident. The same in the application (`breakwater.incidents`), in the command
 * (`breakwater incident`) and over the socket: a command is checked against the incident as it stands and becomes
 * changes, or is refused with everything that speaks against it.
 */
export const incidentCommand = z.discriminatedUnion('do', [
  command('acknowledge', {}),
  command('mitigated', { reason: long, waive, waiveReason: long.optional() }),
  command('resolve', { reason: long.optional(), waive, waiveReason: long.optional() }),
  command('close', { reason: long.optional(), waive, waiveReason: long.optional() }),
  command('reopen', { reason: long }),
  command('severity', { severity: z.enum(severities), why: long }),
  command('assign', { role: z.enum(incidentRoles), person, release: z.boolean().optional() }),
  command('note', { text: long, deadEnd: z.boolean().optional() }),
  command('observe', { text: long }),
  command('hypothesis', { text: long, reasoning: long.optional() }),
  command('evidence', { hypothesis: short, text: long, supports: z.boolean() }),
  command('judge', {
    hypothesis: short,
    verdict: z.enum(hypothesisVerdicts),
    reason: long,
    explains: z.array(short).optional(),
    doesNotExplain: z.array(short).optional(),
  }),
  command('reproduce', { reproduced: z.boolean(), how: long, version: short }),
  command('try', { text: long, hypothesis: short.optional(), stopgap: z.boolean().optional() }),
  command('outcome', {
    mitigation: short,
    outcome: z.enum(mitigationOutcomes),
    text: long,
  }),
  command('action', {
    text: long,
    kind: z.enum(actionKinds),
    horizon: z.enum(actionHorizons),
    owner: person.optional(),
    checker: person.optional(),
    due: day.optional(),
    twoPeople: z.boolean().optional(),
    mitigation: short.optional(),
  }),
  command('move-action', {
    action: short,
    to: z.enum(actionMoves),
    owner: person.optional(),
    checker: person.optional(),
    due: day.optional(),
    reason: long.optional(),
  }),
  command('data-to-repair', { text: long }),
  command('data-repaired', { repair: short, text: long.optional() }),
  command('decision-needed', { question: long, authority: person.optional() }),
  command('decide', { decision: short, answer: long, knew: long }),
  command('update', {
    text: long,
    expectedRecoveryAt: at,
    /** How long until the next update is due, in milliseconds. */
    nextUpdateMs: z.number().positive().optional(),
  }),
  command('affected', { users: long.optional(), scope: long.optional() }),
  command('war-room', { url: short }),
  command('contacted', { contact: person, reached: z.boolean(), text: long.optional() }),
  command('check', { item: short, state: z.enum(checkStates), reason: long.optional() }),
  command('runbook-step', {
    runbook: short,
    step: z.number().int().positive(),
    state: z.enum(runbookStepStates),
    text: long.optional(),
  }),
  command('learned', {
    topic: z.enum(learnedTopics),
    text: long,
    evidence: long.optional(),
  }),
]);

/** What a person does to an incident, told apart by `do`. */
export type IncidentCommand = z.output<typeof incidentCommand>;
