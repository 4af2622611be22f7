import { actionHorizons } from '../incident/changes/people.ts';
import type { ActionJson, IncidentJson } from '../incident/document.ts';

/** How far an action is. `overdue`: open, and its day is over in UTC; `unchecked`: done, and its checker has not looked. */
export type ActionProgress = 'overdue' | 'open' | 'unchecked' | 'done' | 'dropped';

/** An action with the incident that it came from. */
export interface TrackedAction extends ActionJson {
  readonly incident: string;
  readonly policy: string;
  readonly summary: string;
  readonly progress: ActionProgress;
  /** Whole days since its day, where it is overdue; else `null`. */
  readonly overdueDays: number | null;
}

/** Actions over incidents. */
export interface ActionReport {
  /** All of them: overdue first, then by day; then those that wait for their checker, the done, the dropped. */
  readonly actions: readonly TrackedAction[];
  readonly counts: Readonly<Record<ActionProgress, number>>;
  /** What is not finished (open, overdue, unchecked), by owner; those without owner under `null`, at the end. */
  readonly byOwner: readonly { readonly owner: string | null; readonly actions: readonly TrackedAction[] }[];
  /** What is not finished, by horizon. */
  readonly byHorizon: readonly {
    readonly horizon: ActionJson['horizon'];
    readonly actions: readonly TrackedAction[];
  }[];
}

/** How actions are tracked. */
export interface TrackActionsOptions {
  /** In milliseconds since the epoch. Default: the current time. */
  readonly now?: number | undefined;
  /** Whether actions of drills are in it. Default true: what a drill shows is to be done too. */
  readonly drills?: boolean | undefined;
}

const order: readonly ActionProgress[] = ['overdue', 'open', 'unchecked', 'done', 'dropped'];
const DAY_MS = 86_400_000;

/** The actions of all incidents, and how far they are. */
export function trackActions(
  incidents: readonly IncidentJson[],
  { now = Date.now(), drills = true }: TrackActionsOptions = {},
): ActionReport {
  const actions = incidents
    .filter(({ drill }) => drills || !drill)
    .flatMap((incident) => incident.actions.map((action) => tracked(incident, action, now)))
    .map((action, index) => ({ action, index }))
    .sort((a, b) => compare(a.action, b.action) || a.index - b.index)
    .map(({ action }) => action);
  const unfinished = actions.filter(({ progress }) => progress !== 'done' && progress !== 'dropped');
  return {
    actions,
    counts: {
      overdue: count(actions, 'overdue'),
      open: count(actions, 'open'),
      unchecked: count(actions, 'unchecked'),
      done: count(actions, 'done'),
      dropped: count(actions, 'dropped'),
    },
    byOwner: byOwner(unfinished),
    byHorizon: actionHorizons
      .map((horizon) => ({ horizon, actions: unfinished.filter((action) => action.horizon === horizon) }))
      .filter((group) => group.actions.length > 0),
  };
}

function tracked({ id, policy, summary }: IncidentJson, action: ActionJson, now: number): TrackedAction {
  const overdueMs = action.due === null ? -1 : now - (Date.parse(`${action.due}T00:00:00Z`) + DAY_MS);
  const overdue = action.state === 'open' && overdueMs >= 0;
  return {
    ...action,
    incident: id,
    policy,
    summary,
    progress: overdue ? 'overdue' : progressOf(action),
    overdueDays: overdue ? Math.floor(overdueMs / DAY_MS) + 1 : null,
  };
}

function progressOf({ state, checker, twoPeople }: ActionJson): ActionProgress {
  switch (state) {
    case 'open':
      return 'open';
    case 'done':
      // Where nobody is to check it, done is done.
      return checker === null && !twoPeople ? 'done' : 'unchecked';
    case 'checked':
      return 'done';
    case 'dropped':
      return 'dropped';
  }
}

function compare(a: TrackedAction, b: TrackedAction): number {
  const progress = order.indexOf(a.progress) - order.indexOf(b.progress);
  if (progress !== 0) return progress;
  // Those without a day come after those that have one.
  const [one, other] = [a.due ?? '9999', b.due ?? '9999'];
  return one < other ? -1 : one > other ? 1 : 0;
}

function count(actions: readonly TrackedAction[], progress: ActionProgress): number {
  return actions.filter((action) => action.progress === progress).length;
}

function byOwner(actions: readonly TrackedAction[]): ActionReport['byOwner'] {
  const owners = new Map<string | null, TrackedAction[]>();
  for (const action of actions) {
    const own = owners.get(action.owner) ?? [];
    own.push(action);
    owners.set(action.owner, own);
  }
  return [...owners]
    .map(([owner, own]) => ({ owner, actions: own }))
    .sort((a, b) => Number(a.owner === null) - Number(b.owner === null));
}
