import type { HypothesisJson } from '../incident/document.ts';
import { stepsSinceReopening } from '../incident/reopening.ts';
import { type ChecklistFacts, type ChecklistItem, type Proof, provenBy } from './item.ts';

/** Whether the repair holds, and nothing is left behind. */
export function verificationItems(facts: ChecklistFacts): readonly ChecklistItem[] {
  return [
    {
      id: 'verification.repair-proven',
      text: 'The repair is proven: circuits are closed, and no SLI burns its budget',
      gates: 'resolved',
      automatic: true,
      proof: repairProven(facts),
      note: 'how the repair was proven',
    },
    {
      id: 'verification.nothing-else-broken',
      text: 'Nothing else is broken by the repair',
      gates: 'closed',
      automatic: false,
    },
    ...stopgapItems(facts),
    ...controlItems(facts),
    ...repairItems(facts),
    ...facts.hypotheses.flatMap((hypothesis) => causeItem(hypothesis, facts)),
  ];
}

/**
 * Proven is what resolved by itself; and what has circuits that all closed, none of them by hand, or an SLI that recovered
 * where no circuit moved, while no SLI burns its budget.
 */
function repairProven({ steps, condition }: ChecklistFacts): Proof | undefined {
  const resolved = stepsSinceReopening(steps).find(({ status }) => status === 'resolved');
  if (resolved?.by === null) return { at: resolved.at, by: null, reason: 'it resolved by itself' };
  const { circuit, burning, recoveredAt } = condition;
  if (burning.length > 0) return undefined;
  if (circuit !== null) {
    return circuit.state === 'closed' && circuit.allClosed && !circuit.byHand
      ? { at: circuit.at, by: null, reason: 'the circuit closed, and no SLI burns its budget' }
      : undefined;
  }
  return recoveredAt === null
    ? undefined
    : { at: recoveredAt, by: null, reason: 'no SLI burns its budget any more' };
}

function stopgapItems({ mitigations, actions }: ChecklistFacts): readonly ChecklistItem[] {
  return mitigations
    .filter(({ stopgap }) => stopgap)
    .map(({ id, text, outcome, outcomeAt }) => {
      const action = actions.find((other) => other.mitigation === id && other.state !== 'dropped');
      const undone = outcome === 'undone' ? { at: outcomeAt, by: null, reason: 'it was undone' } : undefined;
      return {
        id: `verification.stopgap.${id}`,
        text: `The stopgap was undone, or an action will: ${text}`,
        gates: 'closed' as const,
        automatic: true,
        proof: undone ?? provenBy(action, `the action ${action?.id ?? ''} will undo it`),
        instead: `say that it was undone with 'outcome', or write down an 'action' for it`,
      };
    });
}

/** What was done to policies for a time, and is in force. */
function controlItems({ controls }: ChecklistFacts): readonly ChecklistItem[] {
  const steered = controls.filter(({ until }) => until !== null);
  const last = steered.at(-1);
  if (last === undefined) return [];
  const ended = steered.every((control) => control.ended);
  return [
    {
      id: 'verification.controls',
      text: 'What was done to policies for a time has ended',
      gates: 'closed',
      automatic: true,
      proof: ended ? provenBy(last, 'all of it has ended') : undefined,
    },
  ];
}

function repairItems({ dataToRepair }: ChecklistFacts): readonly ChecklistItem[] {
  return dataToRepair.map(({ id, text, doneAt, doneBy }) => ({
    id: `verification.data.${id}`,
    text: `The data was repaired: ${text}`,
    gates: 'closed' as const,
    automatic: true,
    proof: doneAt === null ? undefined : { at: doneAt, by: doneBy, reason: 'it was repaired' },
    instead: `say that it was repaired with 'data-repaired'`,
  }));
}

/** A confirmed cause is held against what was observed since as well. */
function causeItem(hypothesis: HypothesisJson, facts: ChecklistFacts): readonly ChecklistItem[] {
  if (hypothesis.status !== 'confirmed') return [];
  const { id, explains, doesNotExplain } = hypothesis;
  const held = new Set([...explains, ...doesNotExplain]);
  const missing = facts.observations.filter((observation) => !held.has(observation.id)).map((one) => one.id);
  if (missing.length === 0) return [];
  return [
    {
      id: `verification.cause.${id}`,
      text: `The cause ${id} was held against what was observed since: ${missing.join(', ')}`,
      gates: 'closed',
      automatic: true,
      instead: `'judge' it again, with these among what it explains or does not explain`,
    },
  ];
}
