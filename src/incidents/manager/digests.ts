import { monotonicNow, wallNow } from '../../core/clock.ts';
import { isOpen } from '../incident/status.ts';
import { messages } from '../messages.ts';
import type { DigestEntry } from '../notification.ts';
import { digestEntry, digestGroups } from '../quiet/digest-groups.ts';
import type { Quiet } from '../quiet/quiet.ts';
import type { IncidentRegister } from '../register.ts';
import type { Watch } from '../watch.ts';
import type { Contacts } from './contacts.ts';
import type { Ledger } from './ledger.ts';

/** What `Digests` works with. */
export interface DigestsParts {
  readonly ledger: Ledger;
  readonly register: IncidentRegister;
  readonly quiet: Quiet;
  readonly contacts: Contacts;
  /** How long the incident that a digest came with must be over. */
  readonly resolveAfterMs: number;
  /** Tells what is pending, unless something holds it back. */
  readonly release: (watch: Watch) => void;
  /** Tells the first level. */
  readonly open: (watch: Watch, summary: string, digest: readonly DigestEntry[]) => void;
  /** People know of it from here on. */
  readonly markTold: (watch: Watch) => void;
}

/** Tells of incidents that began at once in one notification, and of each that outlasts the one it came with. */
export class Digests {
  readonly #parts: DigestsParts;

  constructor(parts: DigestsParts) {
    this.#parts = parts;
  }

  /** Those that the same sinks are told of share a notification; what something else holds back is in none. */
  tellTogether(watches: readonly Watch[]): void {
    const { quiet, contacts, release } = this.#parts;
    const now = monotonicNow();
    const free: Watch[] = [];
    for (const watch of watches) {
      if (!isOpen(watch.record.status)) continue;
      if (quiet.holdOf(watch, now) === undefined) free.push(watch);
      else release(watch);
    }
    for (const [worst, ...others] of digestGroups(free, ({ record }) => contacts.firstSinks(record))) {
      if (others.length === 0 || contacts.firstSinks(worst.record).length === 0)
        for (const watch of [worst, ...others]) release(watch);
      else this.#tell(worst, others);
    }
  }

  /** An incident is over: those that were told of in its digest are told themselves, if they are not about to end. */
  carrierEnded(carrier: string): void {
    const now = monotonicNow();
    for (const watch of this.#parts.register.open()) {
      if (watch.telling.digest?.carrier !== carrier) continue;
      this.outlive(watch, now);
      this.#parts.release(watch);
    }
  }

  /** One that was told of in the digest of another is to be told itself once it has outlasted that. */
  outlive({ telling, record, recovering }: Watch, now: number): void {
    const { digest } = telling;
    if (digest === undefined || !telling.told || this.#parts.register.isOpen(digest.carrier)) return;
    digest.overAt ??= now;
    if (recovering && now < digest.overAt + this.#parts.resolveAfterMs) return;
    telling.told = false;
    telling.counted = false;
    telling.level = 0;
    telling.add(record.summary, true);
  }

  #tell(worst: Watch, others: readonly Watch[]): void {
    const { ledger, contacts, markTold, open } = this.#parts;
    const entries = others.map(digestEntry);
    const carrier = worst.record.id;
    const text = `Told in one notification with ${carrier} and ${others.length - 1} more.`;
    for (const watch of others) {
      const { record, telling } = watch;
      ledger.record(record, { type: 'held-back', at: wallNow(), because: 'digest', text });
      telling.digest = { carrier, sinks: contacts.firstSinks(record), overAt: undefined };
      markTold(watch);
      contacts.tell(watch, contacts.levelAbove(0, record), `The digest of ${carrier} names it.`);
      contacts.awaitAcknowledgement(watch, monotonicNow());
    }
    worst.telling.carries = true;
    open(worst, messages.digest(worst.record, entries), entries);
  }
}
