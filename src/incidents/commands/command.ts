import { z } from 'zod';
import { text as filled, options, shown } from '../../core/options.ts';
import { actionHorizons, actionKinds, incidentRoles } from '../incident/changes/people.ts';
import { severities } from '../incident/severity.ts';

/** Text of up to `maxLength` characters. Redacted before it is recorded. */
function text(maxLength: number) {
  return z.custom<string>(
    (value) => typeof value === 'string' && value.trim() !== '' && value.length <= maxLength,
    {
      error: (issue) => `must be a string of 1 to ${maxLength} characters, not ${shown(issue.input)}`,
    },
  );
}

const long = text(4_000);
const short = text(200);
const person = text(100);
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
    verdict: z.enum(['open', 'confirmed', 'ruled-out']),
    reason: long,
    explains: z.array(short).optional(),
    doesNotExplain: z.array(short).optional(),
  }),
  command('reproduce', { reproduced: z.boolean(), how: long, version: short }),
  command('try', { text: long, hypothesis: short.optional(), stopgap: z.boolean().optional() }),
  command('outcome', {
    mitigation: short,
    outcome: z.enum(['helped', 'no-effect', 'made-worse', 'undone']),
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
    to: z.enum(['assigned', 'done', 'checked', 'dropped', 'open']),
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
  command('check', { item: short, state: z.enum(['done', 'waived', 'open']), reason: long.optional() }),
  command('runbook-step', {
    runbook: short,
    step: z.number().int().positive(),
    state: z.enum(['rehearsed', 'started', 'checked', 'surprise', 'resumed']),
    text: long.optional(),
  }),
  command('learned', {
    topic: z.enum([
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
    ]),
    text: long,
    evidence: long.optional(),
  }),
]);

/** What a person does to an incident, told apart by `do`. */
export type IncidentCommand = z.output<typeof incidentCommand>;
