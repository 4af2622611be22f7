import { afterDelay } from '../../core/timers.ts';

/** How many records wait at most, and how many bytes, before new ones are turned away. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** How many bytes are written at once. A single record may be longer. */
const BATCH_BYTES = 256 * 1024;

/** How long a write may take until nobody waits for it any more. */
export const HUNG_MS = 10_000;

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** What a `Writer` writes with, and whom it tells. */
export interface WriterParts {
  /** Resolves once the records are on disk; called for one batch after the other. */
  readonly write: (records: readonly Buffer[]) => Promise<void>;
  /** What cannot be written, once each time that it begins. */
  readonly onDegraded: (cause: unknown) => void;
  /** Records are written again. @param lost how many there was no room to keep meanwhile */
  readonly onRecovered: (lost: number) => void;
}

/**
 * Brings records to disk in order: what came while one batch was written and synced is the next batch. While the disk
 * cannot take them it is `degraded`: nobody waits, records are kept in memory up to a bound, and it tries again after 1 s
 * and then ever later, up to a minute.
 *
 * Of what does not fit any more the newest is turned away: an incident can do without its end, not without its beginning.
 */
export class Writer {
  readonly #parts: WriterParts;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #taken = 0;
  #durable = 0;
  #lost = 0;
  #waiters: { readonly until: number; readonly resolve: () => void }[] = [];
  #degraded = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  #run: Promise<void> | undefined;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  get degraded(): boolean {
    return this.#degraded;
  }

  /** How many records are not on disk, those for which there was no room included. */
  get unwritten(): number {
    return this.#waiting.length + this.#lost;
  }

  /** Resolves once the records are on disk, and at once while it is degraded. */
  append(records: readonly Buffer[]): Promise<void> {
    for (const record of records) {
      if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + record.length > MAX_WAITING_BYTES) {
        this.#lost += 1;
        this.#degrade(new Error('more records wait than are kept'));
        continue;
      }
      this.#waiting.push(record);
      this.#waitingBytes += record.length;
      this.#taken += 1;
    }
    return this.#durableUntil(this.#taken);
  }

  /** Tries to write all that waits, and resolves when it could, or could not. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0 && !this.#degraded) return;
    this.#start();
    let cancel = (): void => {};
    const hung = new Promise<void>((resolve) => {
      cancel = afterDelay(HUNG_MS, resolve);
    });
    await Promise.race([this.#run, hung]);
    cancel();
  }

  /** Nothing can be written now; it tries again later. */
  fail(cause: unknown): void {
    this.#degrade(cause);
    this.#cancelRetry?.();
    this.#cancelRetry = afterDelay(this.#retryMs, () => this.#start());
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  /** Ends the trying. */
  stop(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #durableUntil(until: number): Promise<void> {
    if (this.#degraded || until <= this.#durable) return Promise.resolve();
    if (this.#run === undefined) this.#start();
    return new Promise((resolve) => {
      this.#waiters.push({ until, resolve });
    });
  }

  #start(): void {
    this.stop();
    this.#run ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // What the same turn appends goes with the first batch.
    await Promise.resolve();
    try {
      do {
        const batch = this.#nextBatch();
        await this.#writeOne(batch);
        this.#written(batch);
      } while (this.#waiting.length > 0);
    } catch (error) {
      this.fail(error);
    } finally {
      // In the same turn as the last look at what waits: whoever appends next must start it again.
      this.#run = undefined;
    }
  }

  async #writeOne(batch: readonly Buffer[]): Promise<void> {
    const answered = afterDelay(HUNG_MS, () =>
      this.#degrade(new Error(`the disk did not answer within ${HUNG_MS} ms`)),
    );
    try {
      await this.#parts.write(batch);
    } finally {
      answered();
    }
  }

  #nextBatch(): Buffer[] {
    const batch: Buffer[] = [];
    let bytes = 0;
    for (const record of this.#waiting) {
      bytes += record.length;
      if (bytes > BATCH_BYTES && batch.length > 0) break;
      batch.push(record);
    }
    return batch;
  }

  #written(batch: readonly Buffer[]): void {
    this.#waiting.splice(0, batch.length);
    for (const { length } of batch) this.#waitingBytes -= length;
    this.#durable += batch.length;
    const { waiters, later } = this.#due();
    this.#waiters = later;
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#degraded) {
      this.#degraded = false;
      const lost = this.#lost;
      this.#lost = 0;
      this.#parts.onRecovered(lost);
    }
    for (const { resolve } of waiters) resolve();
  }

  #due() {
    const at = this.#waiters.findIndex(({ until }) => until > this.#durable);
    const count = at === -1 ? this.#waiters.length : at;
    return { waiters: this.#waiters.slice(0, count), later: this.#waiters.slice(count) };
  }

  #degrade(cause: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    if (!this.#degraded) {
      this.#degraded = true;
      this.#parts.onDegraded(cause);
    }
    for (const { resolve } of waiters) resolve();
  }
}
