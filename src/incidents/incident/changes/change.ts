import { z } from 'zod';
import * as automatic from './automatic.ts';
import * as people from './people.ts';

/**
 * Everything that can happen to an incident. An incident is the fold of its changes, so that whoever keeps them can
 * build it again. Their texts are redacted already.
 */
export const incidentChange = z.discriminatedUnion('type', [
  automatic.detected,
  automatic.declared,
  automatic.heldBack,
  automatic.dependantHeld,
  automatic.circuit,
  automatic.circuits,
  automatic.slo,
  automatic.severityChanged,
  automatic.reviewed,
  automatic.notifying,
  automatic.notified,
  automatic.escalated,
  automatic.flapping,
  automatic.measured,
  automatic.situation,
  automatic.collected,
  automatic.reminded,
  automatic.adopted,
  automatic.resolved,
  automatic.steered,
  people.acknowledged,
  people.mitigated,
  people.closed,
  people.reopened,
  people.assigned,
  people.noted,
  people.observed,
  people.hypothesisRaised,
  people.evidenceAdded,
  people.hypothesisJudged,
  people.reproduced,
  people.mitigationTried,
  people.mitigationJudged,
  people.actionAdded,
  people.actionMoved,
  people.repairNeeded,
  people.repairDone,
  people.decisionNeeded,
  people.decided,
  people.updated,
  people.affected,
  people.warRoom,
  people.contacted,
  people.checked,
  people.runbookStep,
  people.learned,
]);

/** Something that happened to an incident, told apart by `type`. */
export type IncidentChange = z.output<typeof incidentChange>;
/** The change of that type. */
export type ChangeOf<Type extends IncidentChange['type']> = Extract<IncidentChange, { type: Type }>;
export type { IncidentTrigger } from '../trigger.ts';
/** A role in an incident. */
export type IncidentRole = (typeof people.incidentRoles)[number];
/** What an action is good for. */
export type ActionKind = (typeof people.actionKinds)[number];
/** By when an action should be done. */
export type ActionHorizon = (typeof people.actionHorizons)[number];
