import { wallNow } from '../../core/clock.ts';
import { parseOptions } from '../../core/options.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { type HubChangeNote, hubChangeSchema, unsilenceSchema } from '../incidents.ts';
import type { SilenceRequest } from '../quiet/options.ts';
import type { Silences } from '../quiet/silences.ts';
import { redact } from '../redact.ts';
import type { HubChange, Silence } from './hub-change.ts';
import type { Ledger } from './ledger.ts';
import { silenceOf } from './silencing.ts';

/** What `HubNotes` works with. */
export interface HubNotesParts {
  readonly evidence: Evidence;
  readonly silences: Silences;
  readonly ledger: Ledger;
  /** Tells what nothing holds back any more. */
  readonly release: () => void;
  readonly schedule: () => void;
}

/** What people say of the hub as a whole: silences, and what was changed. */
export class HubNotes {
  readonly #parts: HubNotesParts;

  constructor(parts: HubNotesParts) {
    this.#parts = parts;
  }

  change(note: HubChangeNote): void {
    const parsed = parseOptions(hubChangeSchema, note, '', 'Arguments of incidents.change()');
    this.#record({
      type: 'changed',
      at: wallNow(),
      what: redact(parsed.what),
      ...(parsed.version === undefined ? {} : { version: redact(parsed.version) }),
      ...(parsed.by === undefined ? {} : { by: redact(parsed.by) }),
    });
  }

  silence(request: SilenceRequest): Silence {
    const silence = silenceOf(request, this.#parts.silences);
    this.#record({ type: 'silenced', at: silence.from, silence });
    return silence;
  }

  unsilence(id: string, by: string): boolean {
    const parsed = parseOptions(unsilenceSchema, { id, by }, '', 'Arguments of incidents.unsilence()');
    if (this.silences().every((silence) => silence.id !== parsed.id)) return false;
    this.#record({ type: 'unsilenced', at: wallNow(), id: parsed.id, by: redact(parsed.by) });
    return true;
  }

  silences(): readonly Silence[] {
    return this.#parts.silences.all(wallNow());
  }

  /** Takes in what was said here, or in the journal. */
  takeIn(change: HubChange): void {
    const { evidence, silences, release, schedule } = this.#parts;
    if (change.type === 'changed') evidence.changed(change);
    else if (change.type === 'silenced') silences.add(change.silence, wallNow());
    else if (silences.end(change.id)) release();
    schedule();
  }

  #record(change: HubChange): void {
    this.#parts.ledger.recordHub(change);
    this.takeIn(change);
  }
}
