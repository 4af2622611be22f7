import { redact, truncate } from '../redact.ts';

/** Something that was changed, which may have to do with an incident: a release, a flag, a configuration. */
export interface RecentChange {
  /** In milliseconds since the epoch. */
  readonly at: number;
  readonly version?: string | undefined;
  readonly what: string;
}

/** How far back an incident looks for changes, in milliseconds: a day. */
export const RECENT_MS = 86_400_000;
/** How many are kept. */
export const MAX_RECENT_CHANGES = 50;

/** What was changed in the last day, the latest first. */
export class RecentChanges {
  #changes: readonly RecentChange[] = [];

  add({ at, version, what }: RecentChange): void {
    const change = {
      at,
      ...(version === undefined ? {} : { version: truncate(redact(version), 100) }),
      what: redact(what),
    };
    this.#changes = [change, ...this.#changes].sort((a, b) => b.at - a.at).slice(0, MAX_RECENT_CHANGES);
  }

  before(now: number): readonly RecentChange[] {
    return this.#changes.filter(({ at }) => at > now - RECENT_MS);
  }
}
