import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { SloEvent } from '../../core/slo-events.ts';
import type { Sli } from '../../metrics/sli.ts';
import type { AlertSeverity } from '../burn-alerts.ts';
import type { SloChange } from './alert-machine.ts';
import type { SloTracker } from './tracker.ts';

/** What listeners were told of a policy and has not ended. */
interface Told {
  readonly burning: Map<Sli, AlertSeverity>;
  isFrozen: boolean;
}

interface Waiting {
  readonly tracker: SloTracker;
  readonly change: SloChange;
  /** Whether it is the end of what was told of a policy that is gone. */
  readonly isEnd: boolean;
}

/**
 * Tells listeners what changes, one change after the other: what a listener brings about, as by removing a policy, is
 * told when all have heard what it heard.
 */
export class Announcements {
  readonly #announce: (event: SloEvent) => void;
  readonly #isFollowed: (tracker: SloTracker) => boolean;
  /** Of the policies of which something was told that has not ended. */
  readonly #told = new Map<SloTracker, Told>();
  readonly #waiting: Waiting[] = [];
  #isTelling = false;
  #isClosed = false;

  /**
   * @param announce must not throw
   * @param isFollowed whether a policy is there; of one that is not, only the end is told
   */
  constructor(announce: (event: SloEvent) => void, isFollowed: (tracker: SloTracker) => boolean) {
    this.#announce = announce;
    this.#isFollowed = isFollowed;
  }

  tell(tracker: SloTracker, changes: readonly SloChange[]): void {
    for (const change of changes) this.#waiting.push({ tracker, change, isEnd: false });
    this.#tellWaiting();
  }

  /** Tells the end of what was told of a policy, which is not followed any more. */
  end(tracker: SloTracker): void {
    const told = this.#told.get(tracker);
    this.#told.delete(tracker);
    if (told === undefined) return;
    for (const change of endsOf(tracker, told)) this.#waiting.push({ tracker, change, isEnd: true });
    this.#tellWaiting();
  }

  /** Tells nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#told.clear();
    this.#waiting.length = 0;
  }

  #tellWaiting(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        this.#tellOne(next);
    } finally {
      this.#isTelling = false;
    }
  }

  #tellOne({ tracker, change, isEnd }: Waiting): void {
    if (this.#isClosed || !(isEnd || this.#isFollowed(tracker))) return;
    if (!isEnd) this.#note(tracker, change);
    this.#announce({ ...change, policy: tracker.policy, time: wallNow() });
  }

  #note(tracker: SloTracker, change: SloChange): void {
    const told = this.#told.get(tracker) ?? { burning: new Map(), isFrozen: false };
    if (change.status === 'burning') told.burning.set(change.sli, change.severity);
    if (change.status === 'recovered') told.burning.delete(change.sli);
    if (change.status === 'frozen') told.isFrozen = true;
    if (change.status === 'thawed') told.isFrozen = false;
    if (told.burning.size > 0 || told.isFrozen) this.#told.set(tracker, told);
    else this.#told.delete(tracker);
  }
}

function endsOf(tracker: SloTracker, { burning, isFrozen }: Told): readonly SloChange[] {
  const { policy, objectives } = tracker;
  const ends = objectives.flatMap((objective): SloChange[] => {
    const { sli } = objective;
    const severity = burning.get(sli);
    if (severity === undefined) return [];
    return [
      {
        status: 'recovered',
        sli,
        objective: objective.objective,
        budgetRemaining: objective.budgetRemaining(monotonicNow()),
        severity,
        reason: 'removed',
        summary: `The ${severity} on the ${sli} budget of '${policy}' ended: the policy was removed.`,
      },
    ];
  });
  if (!isFrozen) return ends;
  const summary = `Releases of '${policy}' need not wait any more: the policy was removed.`;
  return [...ends, { status: 'thawed', reason: 'removed', summary }];
}
