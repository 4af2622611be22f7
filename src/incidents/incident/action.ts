import type { ChangeOf } from './changes/change.ts';
import type { ActionJson } from './document.ts';
import { isoTime } from './iso-time.ts';

/** An action as it is when it is written down. */
export function actionOf(change: ChangeOf<'action'>): ActionJson {
  const { id, text, kind, horizon, twoPeople } = change;
  return {
    at: isoTime(change.at),
    by: change.by ?? null,
    id,
    text,
    kind,
    horizon,
    owner: change.owner ?? null,
    checker: change.checker ?? null,
    due: change.due ?? null,
    twoPeople,
    mitigation: change.mitigation ?? null,
    state: 'open',
    doneAt: null,
    doneBy: null,
    checkedBy: null,
    reason: null,
  };
}

/** Where an action can be moved to from where it is. */
export const actionMoves: Readonly<
  Record<ActionJson['state'], readonly (ActionJson['state'] | 'assigned')[]>
> = {
  open: ['assigned', 'done', 'dropped'],
  done: ['assigned', 'checked', 'open', 'dropped'],
  checked: ['open'],
  dropped: ['open'],
};

/** The action after the move; `undefined` where it cannot be moved so. */
export function moveAction(action: ActionJson, change: ChangeOf<'action-moved'>): ActionJson | undefined {
  const { to } = change;
  if (!actionMoves[action.state].includes(to)) return undefined;
  const by = change.by ?? null;
  const reason = change.reason ?? null;
  switch (to) {
    case 'assigned':
      return {
        ...action,
        owner: change.owner ?? action.owner,
        checker: change.checker ?? action.checker,
        due: change.due ?? action.due,
      };
    case 'done':
      return { ...action, state: to, doneAt: isoTime(change.at), doneBy: by, reason };
    case 'checked':
      return { ...action, state: to, checkedBy: by, reason };
    case 'dropped':
      return { ...action, state: to, reason };
    case 'open':
      return { ...action, state: to, doneAt: null, doneBy: null, checkedBy: null, reason };
  }
}
