import type { ChangeOf, IncidentChange } from './changes/change.ts';
import type { FactChange } from './facts.ts';
import { isoTime } from './iso-time.ts';

/** What people did, or say. */
export type PeopleChange = Exclude<
  IncidentChange,
  FactChange | ChangeOf<'detected' | 'declared' | 'severity' | 'reviewed' | 'resolved'>
>;

/** What people did, in one plain sentence. */
export function describePeople(change: PeopleChange): string {
  const who = change.by === undefined ? '' : ` by ${change.by}`;
  switch (change.type) {
    case 'acknowledged':
      return `Acknowledged${who}`;
    case 'mitigated':
      return `Mitigated${who}: ${change.reason}`;
    case 'closed':
      return `Closed${who}${after(change.reason)}`;
    case 'reopened':
      return `Reopened${who}: ${change.reason}`;
    case 'assigned':
      return `${change.person} ${change.released ? 'is no longer' : 'is now'} ${roleText(change.role)}${said(change)}`;
    case 'noted':
      return `${change.deadEnd ? 'Dead end' : 'Note'}${who}: ${change.text}`;
    case 'observed':
      return `Observed${who} (${change.id}): ${change.text}`;
    case 'hypothesis':
      return `Hypothesis${who} (${change.id}): ${change.text}`;
    case 'evidence':
      return `Evidence${who} ${change.supports ? 'for' : 'against'} ${change.hypothesis}: ${change.text}`;
    case 'hypothesis-judged':
      return judgedText(change, who);
    case 'reproduced':
      return `${change.reproduced ? 'Reproduced' : 'Not reproduced'}${who} on ${change.version}: ${change.how}`;
    case 'mitigation':
      return `${change.stopgap ? 'Stopgap' : 'Tried'}${who} (${change.id})${
        change.hypothesis === undefined ? '' : `, for ${change.hypothesis}`
      }: ${change.text}`;
    case 'mitigation-judged':
      return `${change.mitigation} ${outcomes[change.outcome]}${said(change)}: ${change.text}`;
    case 'action':
      return `Action${who} (${change.id}), to ${change.kind}, within a ${change.horizon}: ${change.text}`;
    case 'action-moved':
      return movedText(change, who);
    case 'data-to-repair':
      return `Data to repair${who} (${change.id}): ${change.text}`;
    case 'data-repaired':
      return `Data repaired${who} (${change.repair})${after(change.text)}`;
    case 'decision-needed':
      return `Decision needed${change.authority === undefined ? '' : ` from ${change.authority}`} (${change.id}): ${change.question}`;
    case 'decided':
      return `Decided${who} (${change.decision}): ${change.answer}`;
    case 'update':
      return updateText(change, who);
    case 'affected':
      return `Affected${said(change)}: ${[change.users, change.scope].filter((part) => part !== undefined).join('; ')}`;
    case 'war-room':
      return `War room${who}: ${change.url}`;
    case 'contacted':
      return `${change.contact} ${change.reached ? 'was told' : 'was not reached'}${said(change)}${after(change.text)}`;
    case 'checked':
      return `${change.item} ${checkTexts[change.state]}${who}${after(change.reason)}`;
    case 'runbook-step':
      return `Step ${change.step} of the runbook '${change.runbook}' ${stepTexts[change.state]}${said(change)}${after(change.text)}`;
    case 'learned':
      return `Learned${who} (${change.topic}): ${change.text}`;
  }
}

const outcomes: Readonly<Record<ChangeOf<'mitigation-judged'>['outcome'], string>> = {
  helped: 'helped',
  'no-effect': 'had no effect',
  'made-worse': 'made it worse',
  undone: 'was undone',
};

const checkTexts: Readonly<Record<ChangeOf<'checked'>['state'], string>> = {
  done: 'was checked',
  waived: 'was waived',
  open: 'was opened again',
};

const stepTexts: Readonly<Record<ChangeOf<'runbook-step'>['state'], string>> = {
  rehearsed: 'was rehearsed',
  started: 'was begun',
  checked: 'was checked',
  surprise: 'surprised, and the work halts',
  resumed: 'goes on',
};

function roleText(role: ChangeOf<'assigned'>['role']): string {
  if (role === 'communications') return 'responsible for communications';
  return role === 'commander' || role === 'scribe'
    ? `the ${role}`
    : `${role === 'fixer' ? 'a' : 'an'} ${role}`;
}

/** Who said so, where the sentence is about another. */
function said({ by }: { readonly by?: string | undefined }): string {
  return by === undefined ? '' : ` (said ${by})`;
}

function after(text: string | undefined): string {
  return text === undefined ? '' : `: ${text}`;
}

function judgedText(change: ChangeOf<'hypothesis-judged'>, who: string): string {
  const { hypothesis, verdict, reason, doesNotExplain } = change;
  const verdicts = { open: 'is open again', confirmed: 'was confirmed', 'ruled-out': 'was ruled out' };
  const unexplained =
    doesNotExplain.length === 0 ? '' : ` It does not explain ${doesNotExplain.slice(0, 10).join(', ')}.`;
  return `${hypothesis} ${verdicts[verdict]}${who}: ${reason}${unexplained}`;
}

function movedText(change: ChangeOf<'action-moved'>, who: string): string {
  const { action, to, owner, checker, due, reason } = change;
  const given = [
    owner === undefined ? '' : `owner ${owner}`,
    checker === undefined ? '' : `checker ${checker}`,
    due === undefined ? '' : `due ${due}`,
  ].filter((part) => part !== '');
  const moves = {
    assigned: `was assigned (${given.join(', ')})`,
    done: 'was done',
    checked: 'was checked',
    dropped: 'was dropped',
    open: 'is open again',
  };
  return `The action ${action} ${moves[to]}${who}${after(reason)}`;
}

function updateText(change: ChangeOf<'update'>, who: string): string {
  const { text, expectedRecoveryAt, nextUpdateAt } = change;
  const expected =
    expectedRecoveryAt === undefined ? '' : `, recovery expected ${isoTime(expectedRecoveryAt)}`;
  const next = nextUpdateAt === undefined ? '' : `, next update ${isoTime(nextUpdateAt)}`;
  return `Status update${who}${expected}${next}: ${text}`;
}
