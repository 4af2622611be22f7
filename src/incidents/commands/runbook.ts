import { runbookProgress, type StepProgress } from '../checklists/work.ts';
import type { IncidentChange } from '../incident/changes/change.ts';
import type { CommandOf, Draft } from './draft.ts';

/** Most steps of a runbook, as the option of a policy has it. */
const MAX_STEPS = 50;

/** Steps of runbooks are done one at a time and in order, each checked before the next; a surprise halts them all. */
export function runbookStep(draft: Draft, command: CommandOf<'runbook-step'>): readonly IncidentChange[] {
  const { at, by, incident } = draft;
  const { step, state } = command;
  draft.room(incident.runbookSteps, 'records of runbooks');
  const runbook = draft.short('runbook', command.runbook);
  const text = draft.textIfAny('text', command.text);
  if (step > MAX_STEPS) draft.object('step', `${step} is none: a runbook has at most ${MAX_STEPS} steps`);
  const progress = runbookProgress(incident.runbookSteps);
  const own = progress.find((other) => other.runbook === runbook && other.step === step);
  if (text === undefined && state === 'surprise') draft.object('text', 'is missing: say what surprised you');
  if (text === undefined && state === 'resumed') {
    draft.object('text', 'is missing: say why the work can go on');
  }
  objectToState(draft, state, own, progress, { runbook, step });
  return [{ type: 'runbook-step', at, by, runbook, step, state, text }];
}

function objectToState(
  draft: Draft,
  state: CommandOf<'runbook-step'>['state'],
  own: StepProgress | undefined,
  progress: readonly StepProgress[],
  { runbook, step }: { readonly runbook: string; readonly step: number },
): void {
  const underWay = own?.started === true && own.checked === undefined;
  const what = stepName({ runbook, step });
  if (state === 'resumed') {
    if (own?.surprise === undefined) draft.object('state', `nothing at ${what} halts the work`);
    return;
  }
  const halted = progress.find(({ surprise }) => surprise !== undefined);
  if (halted !== undefined && (state === 'started' || state === 'checked')) {
    draft.object(
      'state',
      `${stepName(halted)} surprised (${halted.surprise?.text ?? 'nobody said how'}), which halts the work: say why it can go on with 'resumed'`,
    );
    return;
  }
  if (state === 'started') objectToStart(draft, progress, { runbook, step });
  if (state === 'rehearsed' && underWay) draft.object('state', `${what} was begun already`);
  if ((state === 'checked' || state === 'surprise') && !underWay) {
    const why = own?.started === true ? 'was checked already' : 'was not begun';
    draft.object('state', `${what} ${why}: record it as 'started' first`);
  }
}

function objectToStart(
  draft: Draft,
  progress: readonly StepProgress[],
  { runbook, step }: { readonly runbook: string; readonly step: number },
): void {
  const underWay = progress.find(({ started, checked }) => started && checked === undefined);
  if (underWay !== undefined) {
    draft.object(
      'state',
      `${stepName(underWay)} is under way: check it first, since steps are done one at a time`,
    );
    return;
  }
  const done = new Set(
    progress.filter((other) => other.runbook === runbook && other.checked).map((other) => other.step),
  );
  let next = 1;
  while (done.has(next)) next += 1;
  if (next < step)
    draft.object('step', `${stepName({ runbook, step: next })} comes first: it was not checked`);
}

function stepName({ runbook, step }: { readonly runbook: string; readonly step: number }): string {
  return `step ${step} of '${runbook}'`;
}
