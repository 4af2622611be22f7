import { setMaxListeners } from 'node:events';
import type { Evidence } from '../evidence/evidence.ts';
import type { IncidentRecord } from '../incident/record.ts';
import type { Watch } from '../watch.ts';
import type { Ledger } from './ledger.ts';

/** How often the figures of an incident are recorded while they change: at first, and at the most after 15 hours. */
const MEASURE_MS = 60_000;
const MOST_MEASURE_MS = 900_000;

/** Has incidents know what the evidence of them comes to. */
export class Gathering {
  readonly #ledger: Ledger;
  readonly #evidence: Evidence;
  /** Aborts when the hub closes. */
  readonly #closing = new AbortController();
  readonly #collecting = new Set<Promise<void>>();

  constructor(ledger: Ledger, evidence: Evidence) {
    // As many listen as collectors may run at once.
    setMaxListeners(0, this.#closing.signal);
    this.#ledger = ledger;
    this.#evidence = evidence;
  }

  /** Has the document know what calls came to until now, where that is not what it says. */
  measure(record: IncidentRecord): void {
    const measured = this.#evidence.measure(record.id);
    if (measured !== undefined && record.isNews(measured)) this.#ledger.record(record, measured);
  }

  /** The same at a look. What is recorded is never taken out of the journal: the longer it lasts the less often. */
  measureNowAndThen(watch: Watch, now: number): void {
    const everyMs = Math.min(MOST_MEASURE_MS, Math.max(MEASURE_MS, (now - watch.startedAt) / 60));
    if (now - watch.measuredAt < everyMs) return;
    watch.measuredAt = now;
    this.measure(watch.record);
  }

  /** Has files written into the incident's folder, off the path of whoever caused it. */
  collect(record: IncidentRecord): void {
    const { journal } = this.#ledger;
    const { signal } = this.#closing;
    if (journal === undefined || signal.aborted) return;
    const collecting = Promise.resolve()
      .then(() => this.#evidence.collect(record.toJSON(), () => journal.folder(record.id), signal))
      .then((changes) => {
        this.#ledger.record(record, ...changes);
        this.#collecting.delete(collecting);
      });
    this.#collecting.add(collecting);
  }

  /** Ends the collectors early. Resolves once it is recorded what they came to. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#collecting);
  }
}
