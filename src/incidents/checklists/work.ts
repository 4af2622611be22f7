import type { IncidentJson } from '../incident/document.ts';
import { type ChecklistFacts, type ChecklistItem, provenBy } from './item.ts';

type Entry = IncidentJson['runbookSteps'][number];

/** A step of a runbook as far as people came with it. */
export interface StepProgress {
  readonly runbook: string;
  readonly step: number;
  readonly rehearsed: boolean;
  readonly started: boolean;
  /** Its check; whatever comes after a check begins the step again. */
  readonly checked: Entry | undefined;
  /** A surprise that nobody has dealt with. */
  readonly surprise: Entry | undefined;
}

/** How far each step of each runbook came, in the order in which they were first touched. */
export function runbookProgress(entries: readonly Entry[]): readonly StepProgress[] {
  const steps = new Map<string, StepProgress>();
  for (const entry of entries) {
    const { runbook, step, state } = entry;
    const key = `${step} ${runbook}`;
    const was = steps.get(key) ?? {
      runbook,
      step,
      rehearsed: false,
      started: false,
      checked: undefined,
      surprise: undefined,
    };
    steps.set(key, after(was, entry, state));
  }
  return [...steps.values()];
}

function after(was: StepProgress, entry: Entry, state: Entry['state']): StepProgress {
  switch (state) {
    case 'rehearsed':
      return { ...was, rehearsed: true };
    case 'started':
      return { ...was, started: true, checked: undefined };
    case 'checked':
      return { ...was, started: true, checked: entry };
    case 'surprise':
      return { ...was, started: true, checked: undefined, surprise: entry };
    case 'resumed':
      return { ...was, surprise: undefined };
  }
}

/** Whether the work is done step by step, and decisions are made. */
export function workItems({ runbookSteps, decisions }: ChecklistFacts): readonly ChecklistItem[] {
  const begun = runbookProgress(runbookSteps).filter(({ started }) => started);
  return [
    ...begun.map(stepItem),
    ...begun.flatMap(surpriseItem),
    ...rehearsalItems(begun),
    ...decisions.map(({ id, question, decidedAt, decidedBy }) => ({
      id: `work.decision.${id}`,
      text: `It was decided: ${question}`,
      gates: 'closed' as const,
      automatic: true,
      proof: decidedAt === null ? undefined : { at: decidedAt, by: decidedBy, reason: 'it was decided' },
      instead: `say what was decided with 'decide'`,
    })),
  ];
}

function stepItem({ runbook, step, checked }: StepProgress): ChecklistItem {
  return {
    id: `work.${runbook}.${step}`,
    text: `Step ${step} of the runbook '${runbook}' was checked`,
    gates: 'resolved',
    automatic: true,
    proof: provenBy(checked, checked?.text ?? 'it was checked'),
    instead: `say that it was checked with 'runbook-step'`,
  };
}

function surpriseItem({ runbook, step, surprise }: StepProgress): readonly ChecklistItem[] {
  if (surprise === undefined) return [];
  return [
    {
      id: `work.${runbook}.${step}.surprise`,
      text: `The surprise at step ${step} of the runbook '${runbook}' was understood: ${surprise.text ?? 'nobody said what it was'}`,
      gates: 'resolved',
      automatic: true,
      instead: `say why the work can go on with 'runbook-step' and 'resumed'`,
    },
  ];
}

function rehearsalItems(begun: readonly StepProgress[]): readonly ChecklistItem[] {
  const unrehearsed = new Set(begun.filter(({ rehearsed }) => !rehearsed).map(({ runbook }) => runbook));
  return [...unrehearsed].map((runbook) => ({
    id: `work.${runbook}.rehearsed`,
    text: `Steps of the runbook '${runbook}' were rehearsed where that is possible`,
    gates: null,
    automatic: false,
  }));
}
