import type { IncidentChange } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';
import { addAction, moveAction } from './actions.ts';
import type { IncidentCommand } from './command.ts';
import { type DecisionContext, Draft } from './draft.ts';
import * as findings from './findings.ts';
import { runbookStep } from './runbook.ts';
import * as steps from './steps.ts';
import * as work from './work.ts';

/** What can be done to an incident that is closed. */
const onClosed: ReadonlySet<IncidentCommand['do']> = new Set([
  'reopen',
  'close',
  'move-action',
  'note',
  'learned',
]);

/**
 * What `command` changes in the incident as it stands. The same for the application, the command and the socket. All
 * texts that it gives are redacted and on one line.
 *
 * @param command one that `incidentCommand` has checked
 * @throws {InvalidOptionsError} with everything that speaks against it, and what to do instead
 */
export function decide(
  incident: IncidentJson,
  command: IncidentCommand,
  context: DecisionContext,
): readonly IncidentChange[] {
  const draft = new Draft(incident, command, context);
  if (incident.status === 'closed' && !onClosed.has(command.do)) {
    draft.object('', `it is closed: 'reopen' it first; without that, take notes, learn and move actions`);
  }
  const changes = changesOf(draft, command);
  draft.settle();
  return changes;
}

function changesOf(draft: Draft, command: IncidentCommand): readonly IncidentChange[] {
  switch (command.do) {
    case 'acknowledge':
      return steps.acknowledge(draft);
    case 'mitigated':
      return steps.mitigate(draft, command);
    case 'resolve':
      return steps.resolve(draft, command);
    case 'close':
      return steps.close(draft, command);
    case 'reopen':
      return steps.reopen(draft, command);
    case 'severity':
      return steps.setSeverity(draft, command);
    case 'check':
      return steps.check(draft, command);
    case 'note':
      return findings.note(draft, command);
    case 'observe':
      return findings.observe(draft, command);
    case 'hypothesis':
      return findings.raiseHypothesis(draft, command);
    case 'evidence':
      return findings.addEvidence(draft, command);
    case 'judge':
      return findings.judge(draft, command);
    case 'reproduce':
      return findings.reproduce(draft, command);
    case 'try':
      return findings.tryMitigation(draft, command);
    case 'outcome':
      return findings.judgeMitigation(draft, command);
    case 'learned':
      return findings.learn(draft, command);
    case 'action':
      return addAction(draft, command);
    case 'move-action':
      return moveAction(draft, command);
    case 'runbook-step':
      return runbookStep(draft, command);
    case 'assign':
      return work.assign(draft, command);
    case 'data-to-repair':
      return work.needRepair(draft, command);
    case 'data-repaired':
      return work.repair(draft, command);
    case 'decision-needed':
      return work.needDecision(draft, command);
    case 'decide':
      return work.makeDecision(draft, command);
    case 'update':
      return work.update(draft, command);
    case 'affected':
      return work.affect(draft, command);
    case 'war-room':
      return work.openWarRoom(draft, command);
    case 'contacted':
      return work.contact(draft, command);
  }
}
