import { z } from 'zod';
import { monotonicNow } from '../../core/clock.ts';
import { ClosedError } from '../../core/errors.ts';
import { options, parseOptions, policyName, shown } from '../../core/options.ts';
import type { SloEvent } from '../../core/slo-events.ts';
import type { FamilyShare } from '../../metrics/family.ts';
import { EVALUATION_MS } from './alert-machine.ts';
import { Announcements } from './announcements.ts';
import { Archive, type RestoreResult } from './archive.ts';
import { sloFamilies } from './gauges.ts';
import { budgetShare, type SloObjectives } from './options.ts';
import { type Release, releaseOf, together } from './release.ts';
import { reportOf, type SloReport } from './report.ts';
import { standingsOf } from './standing.ts';
import type { SloState } from './state.ts';
import { SloTracker } from './tracker.ts';
import { Watch } from './watch.ts';

/** What the hub gives the objectives to work with. None of it throws. */
export interface SloPorts {
  /** Announces an event to whoever listens. */
  readonly announce: (event: SloEvent) => void;
  /** Counts and announces what failed inside. */
  readonly report: (policy: string, error: unknown) => void;
}

/** What `canRelease()` is asked about. */
export interface ReleaseQuestion {
  /** The policies that the release may harm. Default: all that have objectives. */
  readonly policies?: readonly string[] | undefined;
  /** Share of the error budget that must be left, 0 to 1. Default: each policy's `slo.freezeBelow`, which is 0.1. */
  readonly minRemaining?: number | undefined;
}

const questionSchema = options({
  policies: z
    .array(policyName, { error: (issue) => `must be an array of names, not ${shown(issue.input)}` })
    .min(1, { error: 'must name at least one policy' })
    .optional(),
  minRemaining: budgetShare.optional(),
});

/**
 * The objectives of a hub's policies: `breakwater.slo`.
 *
 * A policy in which bad events are counted is looked at a few seconds later, and for as long as an alert fires or a
 * budget is low: alerts begin and end without calls. That takes one timer, which exists while there is something to
 * look at and does not keep the process alive.
 */
export class SloRegistry {
  readonly #trackers = new Map<string, SloTracker>();
  readonly #archive = new Archive();
  readonly #ports: SloPorts;
  readonly #watch = new Watch<SloTracker>((tracker, now) => this.#evaluate(tracker, now));
  readonly #announcements: Announcements;
  #isClosed = false;

  /** @internal */
  constructor(ports: SloPorts = { announce: () => {}, report: () => {} }) {
    this.#ports = ports;
    this.#announcements = new Announcements(ports.announce, (tracker) => this.#isFollowed(tracker));
  }

  /** Where the objectives of all policies that have some stand, or of the policies named. */
  report(...policies: readonly string[]): readonly SloReport[] {
    const now = monotonicNow();
    return this.#named(policies).map((tracker) => reportOf(tracker, now));
  }

  /**
   * Whether a release is safe: `no` while a page fires, or where less than `minRemaining` of an error budget is
   * left after at least `slo.minimumBadEvents` bad events; `unknown` without data, with too few events to tell, or
   * without objectives. Asked without `minRemaining` it says what the events `frozen` and `thawed` say.
   *
   * @throws {InvalidOptionsError} naming everything that is wrong with the question
   */
  canRelease(question: ReleaseQuestion = {}): Release {
    const subject = 'Arguments of breakwater.slo.canRelease()';
    const { policies = [], minRemaining } = parseOptions(questionSchema, question, '', subject);
    const now = monotonicNow();
    const objectives = this.#named(policies).flatMap((tracker) => {
      const { policy, minimumBadEvents, freezeBelow } = tracker;
      const limits = { minimumBadEvents, minRemaining: minRemaining ?? freezeBelow };
      return standingsOf(tracker.objectives, minimumBadEvents, now).map((standing) => ({
        policy,
        sli: standing.sli,
        ...releaseOf(standing, limits),
        budgetRemaining: standing.budgetRemaining,
      }));
    });
    const without = policies.filter((name) => !objectives.some(({ policy }) => policy === name));
    return together(objectives, [...new Set(without)]);
  }

  /**
   * The events of all objectives as plain data, to be kept over a restart: `JSON.stringify(breakwater.slo)`. After
   * `breakwater.close()` it is complete. Each process keeps a file of its own, also each worker of a cluster: restored
   * twice, events would count twice, and what processes write to one file only one of them is in.
   */
  toJSON(): SloState {
    return this.#archive.save(this.#trackers.values(), monotonicNow());
  }

  /**
   * Goes on where another process, of which this one is the restart, ended. Events are put back by their age on the
   * wall clock; what is older than its window is dropped, and a clock that went back shows that no time has passed.
   * Each process keeps a file of its own, also each worker of a cluster: it restores what its own predecessor saved,
   * and no two restore the same. The events do not enter `sli_events_total`, and what fired before is announced again if it still does.
   *
   * Policies may be made before or after. An objective is found by policy, SLI and latency threshold; its period and
   * the objective itself may have changed.
   *
   * @param state what `toJSON()` gave; it is checked, and may come from anywhere
   * @throws {InvalidOptionsError} naming everything that is wrong with the state, in particular that this hub saved it
   *   itself, or that an objective was restored before; then nothing is put back
   * @throws {ClosedError} once the hub is closed
   */
  restore(state: SloState): RestoreResult {
    if (this.#isClosed) throw new ClosedError('', 'The hub');
    const now = monotonicNow();
    const result = this.#archive.restore(state, (policy) => this.#trackers.get(policy), now);
    for (const { policy } of result.restored) this.#expect(this.#trackers.get(policy), now);
    return result;
  }

  /** @internal Starts to follow a policy's objectives. */
  track(policy: string, objectives: SloObjectives): SloTracker {
    const tracker = new SloTracker(policy, objectives, (changed, now) => this.#expect(changed, now));
    this.#trackers.set(policy, tracker);
    return tracker;
  }

  /** @internal A policy is made, and what was saved of it can be put back. */
  policyMade(policy: string): void {
    const tracker = this.#trackers.get(policy);
    const now = monotonicNow();
    if (tracker !== undefined && this.#archive.policyMade(tracker, now)) this.#expect(tracker, now);
  }

  /**
   * @internal Forgets a policy. Alerts and a freeze that were told and had not ended are told to have ended, with the
   * reason `removed`.
   */
  remove(policy: string): void {
    const tracker = this.#trackers.get(policy);
    if (tracker === undefined) return;
    this.#watch.forget(tracker);
    this.#trackers.delete(policy);
    try {
      this.#announcements.end(tracker);
    } catch (error) {
      this.#ports.report(policy, error);
    }
  }

  /** @internal Announces nothing more, not even that what was told has ended: the service goes on without this process. What was counted can still be read and saved. */
  close(): void {
    this.#isClosed = true;
    this.#watch.close();
    this.#announcements.close();
  }

  /** @internal Its share in `/metrics`, for the hub's metrics to register. */
  readonly metricFamilies: readonly FamilyShare[] = sloFamilies(() => this.#trackers.values(), monotonicNow);

  #named(policies: readonly string[]): readonly SloTracker[] {
    const all = [...this.#trackers.values()];
    return policies.length === 0 ? all : all.filter(({ policy }) => policies.includes(policy));
  }

  #isFollowed(tracker: SloTracker): boolean {
    return this.#trackers.get(tracker.policy) === tracker;
  }

  #expect(tracker: SloTracker | undefined, now: number): void {
    // A policy that was removed may have calls in flight.
    if (tracker !== undefined && this.#isFollowed(tracker)) this.#watch.expect(tracker, EVALUATION_MS, now);
  }

  #evaluate(tracker: SloTracker, now: number): void {
    try {
      const { changes, lookAgainMs } = tracker.evaluate(now);
      this.#watch.expect(tracker, lookAgainMs, now);
      this.#announcements.tell(tracker, changes);
    } catch (error) {
      this.#ports.report(tracker.policy, error);
    }
  }
}
