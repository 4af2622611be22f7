import { z } from 'zod';
import { InvalidOptionsError } from '../../core/errors.ts';
import { options, parseOptions, suggest, text } from '../../core/options.ts';
import { incidentCommand } from '../commands/command.ts';
import type { IncidentJson } from '../incident/document.ts';
import { declarationSchema } from '../incidents.ts';
import { recoveryRequestSchema } from '../recovery/request.ts';
import type { Controlled } from './controlled.ts';
import type { ControlSession } from './session.ts';

/** Answers a request: a result, or a promise of one. */
export type ControlMethod = (controlled: Controlled, params: unknown, session: ControlSession) => unknown;

function method<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  run: (controlled: Controlled, params: z.output<Schema>, session: ControlSession) => unknown,
): readonly [string, ControlMethod] {
  return [
    name,
    (controlled, params, session) =>
      run(controlled, parseOptions(schema, params ?? {}, '', `Params of ${name}`), session),
  ];
}

const nothing = options({}, 'an object without keys');
const byId = options({ id: text }, 'an object with the id of an incident');

const methods: ReadonlyMap<string, ControlMethod> = new Map([
  method('ping', nothing, (controlled) => ({
    ...controlled.process,
    policies: controlled.policies().map(({ name }) => name),
  })),
  method('policies', nothing, (controlled) => controlled.policies()),
  method('incident.list', nothing, (controlled) => controlled.incidents()),
  method('incident.summaries', nothing, (controlled) => controlled.summaries()),
  method('incident.show', byId, (controlled, { id }) => incidentOf(controlled, id)),
  method('incident.declare', declarationSchema, (controlled, declaration) => controlled.declare(declaration)),
  method('incident.do', options({ id: text, command: incidentCommand }), (controlled, { id, command }) => {
    incidentOf(controlled, id);
    return controlled.do(id, command);
  }),
  method('incident.why', byId, (controlled, { id }) => {
    incidentOf(controlled, id);
    return controlled.why(id);
  }),
  method('recovery', byId, (controlled, { id }) => {
    incidentOf(controlled, id);
    return controlled.recovery(id);
  }),
  method('recover', options({ id: text, request: recoveryRequestSchema }), (controlled, { id, request }) => {
    incidentOf(controlled, id);
    return controlled.recover(id, request);
  }),
  method('drill.plan', z.unknown(), ({ drills }, request) => drills.plan(request)),
  method('drill.start', z.unknown(), ({ drills }, request, session) => drills.start(request, session)),
  method('drill.stop', z.unknown(), ({ drills }, request) => drills.stop(request)),
  method('drill.status', nothing, ({ drills }) => drills.status()),
]);

function incidentOf(controlled: Controlled, id: string): IncidentJson {
  const incident = controlled.incident(id);
  if (incident !== undefined) return incident;
  const suggestion = suggest(
    id,
    controlled.summaries().map((known) => known.id),
  );
  const hint = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`;
  throw refusal('There is no such incident', 'id', `names no incident of this instance${hint}`);
}

/**
 * The method of that name.
 *
 * @throws {InvalidOptionsError} when there is none, with the one that was probably meant
 */
export function controlMethod(name: string): ControlMethod {
  const found = methods.get(name);
  if (found !== undefined) return found;
  const known = [...methods.keys()];
  const suggestion = suggest(name, known);
  const hint = suggestion === undefined ? `there are ${known.join(', ')}` : `did you mean '${suggestion}'?`;
  throw refusal('There is no such method', 'method', `is not one that this version knows; ${hint}`);
}

function refusal(subject: string, path: string, message: string): InvalidOptionsError {
  return new InvalidOptionsError('', subject, [{ path, message }]);
}
