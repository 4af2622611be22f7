import { mitigatedStep, sinceReopening } from '../incident/reopening.ts';
import { type ChecklistFacts, type ChecklistItem, type Proof, provenBy } from './item.ts';

/** Whether the whole impact was looked at. */
export function impactItems(facts: ChecklistFacts): readonly ChecklistItem[] {
  const { dependants, usedBy } = facts.impact;
  const policies = new Set([...dependants, ...facts.heldDependants.map(({ policy }) => policy)]);
  return [
    ...[...policies].map((policy) => lookedAt(`impact.policy.${policy}`, `the policy '${policy}'`)),
    ...[...new Set(usedBy)].map((user) => lookedAt(`impact.user.${user}`, `'${user}'`)),
    {
      id: 'impact.affected',
      text: 'The affected users and the scope are stated',
      gates: 'resolved',
      automatic: true,
      proof: affectedStated(facts),
    },
    {
      id: 'impact.stopgap',
      text: 'It was decided whether a stopgap must come before the cause is found',
      gates: 'resolved',
      automatic: true,
      proof: stopgapDecided(facts),
    },
  ];
}

function lookedAt(id: string, what: string): ChecklistItem {
  return { id, text: `The impact on ${what} was looked at`, gates: 'resolved', automatic: false };
}

function affectedStated({ affected: { users, scope } }: ChecklistFacts): Proof | undefined {
  if (users === null || scope === null) return undefined;
  return { at: null, by: null, reason: 'both are stated' };
}

function stopgapDecided({ mitigations, steps, hypotheses }: ChecklistFacts): Proof | undefined {
  const confirmed = hypotheses.find(({ status }) => status === 'confirmed');
  return (
    provenBy(sinceReopening(mitigations, steps)[0], 'something was tried') ??
    provenBy(mitigatedStep(steps), 'it was mitigated') ??
    provenBy(confirmed, 'the cause was found first')
  );
}
