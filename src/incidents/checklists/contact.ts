import { mitigatedStep, sinceReopening, stepsSinceReopening } from '../incident/reopening.ts';
import { isOpen } from '../incident/status.ts';
import { type ChecklistFacts, type ChecklistItem, type Proof, provenBy } from './item.ts';

/** The sink that tells no person. */
const LOG_SINK = 'log';
/** What a drill itself does to policies is recorded under this name. */
const DRILL_CONTROL = 'drill';

/** Who was told, who was not reached, and whether work on production was announced. */
export function contactItems(facts: ChecklistFacts): readonly ChecklistItem[] {
  return [
    {
      id: 'contact.responders',
      text: 'Those who respond know of it',
      gates: 'mitigated',
      automatic: true,
      proof: respondersTold(facts),
    },
    ...usersItem(facts),
    ...announcementItem(facts),
    ...unreached(facts),
    ...undelivered(facts),
  ];
}

function respondersTold({ steps, contacted, notifications }: ChecklistFacts): Proof | undefined {
  const acknowledged = stepsSinceReopening(steps).find(
    ({ status, by }) => status === 'acknowledged' && by !== null,
  );
  if (acknowledged !== undefined) {
    return provenBy(acknowledged, `${acknowledged.by ?? 'somebody'} acknowledged it`);
  }
  const reached = sinceReopening(contacted, steps).find((contact) => contact.reached);
  if (reached !== undefined) return provenBy(reached, `${reached.contact} was told`);
  for (const { sinks } of sinceReopening(notifications, steps)) {
    const receipt = sinks.find(({ sink, result }) => sink !== LOG_SINK && result === 'delivered');
    if (receipt !== undefined) return { at: receipt.at, by: null, reason: `${receipt.sink} took it` };
  }
  return undefined;
}

/** Users are to be told where they are known to be hurt, or it is bad enough to suppose so. */
function usersItem({ severity, impact, affected, updates, steps }: ChecklistFacts): readonly ChecklistItem[] {
  const bad = severity === 'Critical' || severity === 'High';
  if (!bad && impact.usedBy.length === 0 && affected.users === null) return [];
  const proof = provenBy(sinceReopening(updates, steps)[0], 'a status update was given');
  return [{ id: 'contact.users', text: 'Users were told', gates: 'mitigated', automatic: true, proof }];
}

function announcementItem(facts: ChecklistFacts): readonly ChecklistItem[] {
  const began = workBeganAt(facts);
  if (!isOpen(facts.status) && began === undefined && mitigatedStep(facts.steps) === undefined) return [];
  const [first] = sinceReopening(facts.updates, facts.steps);
  const inTime = first !== undefined && (began === undefined || Date.parse(first.at) <= began);
  return [
    {
      id: 'contact.announcement',
      text: 'Work on production was announced before it began',
      gates: 'mitigated',
      automatic: true,
      proof: inTime ? provenBy(first, 'a status update came before the work') : undefined,
      // What began without it can only be announced afterwards.
      note: began === undefined ? undefined : 'when it was announced, such as: announced afterwards at 10:05',
    },
  ];
}

/** When people first laid hands on production, since it was last reopened. That a drill began is no work. */
function workBeganAt({ mitigations, runbookSteps, controls, steps }: ChecklistFacts): number | undefined {
  const all = [
    ...mitigations,
    ...runbookSteps.filter(({ state }) => state === 'started'),
    ...controls.filter(({ by, control }) => by !== null && control !== DRILL_CONTROL),
  ];
  const hands = sinceReopening(all, steps).map(({ at }) => Date.parse(at));
  return hands.length === 0 ? undefined : Math.min(...hands);
}

function unreached({ contacted }: ChecklistFacts): readonly ChecklistItem[] {
  const latest = new Map(contacted.map((entry) => [entry.contact, entry]));
  const tried = new Set(contacted.filter(({ reached }) => !reached).map(({ contact }) => contact));
  return [...tried].map((contact) => {
    const last = latest.get(contact);
    return {
      id: `contact.reach.${contact}`,
      text: `${contact} was not reached: reach them, or another in their place`,
      gates: null,
      automatic: true,
      proof: last?.reached === true ? provenBy(last, 'they were reached later') : undefined,
    };
  });
}

/** Sinks that did not take the latest notification that they were to take. */
function undelivered({ notifications }: ChecklistFacts): readonly ChecklistItem[] {
  const latest = new Map(notifications.flatMap(({ sinks }) => sinks.map((end) => [end.sink, end] as const)));
  return [...latest.values()]
    .filter(({ result }) => result === 'failed' || result === 'dropped')
    .map(({ sink, detail }) => ({
      id: `contact.sink.${sink}`,
      text: `${sink} did not take the last notification (${detail ?? 'it was not sent'}): tell those who read it another way`,
      gates: null,
      automatic: false,
    }));
}
