/** When many incidents become one notification. */
export interface DigestSettings {
  readonly after: number;
  readonly withinMs: number;
}

/**
 * Counts incidents that begin: the first ones within a stretch of time are told at once, the others together when it
 * ends. Times are monotonic.
 */
export class DigestWindow {
  readonly #settings: DigestSettings;
  #began: number[] = [];
  #dueAt = Number.POSITIVE_INFINITY;
  readonly #waiting = new Set<string>();

  constructor(settings: DigestSettings) {
    this.#settings = settings;
  }

  /** When those that wait are to be told; infinite while none does. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Whether the incident waits for the digest. */
  isWaiting(incident: string): boolean {
    return this.#waiting.has(incident);
  }

  /** An incident begins. Whether it is to wait. */
  admit(incident: string, now: number): boolean {
    const { after, withinMs } = this.#settings;
    this.#began = this.#began.filter((at) => at > now - withinMs);
    if (this.#waiting.size === 0 && this.#began.length < after) {
      this.#began.push(now);
      return false;
    }
    if (this.#waiting.size === 0) this.#dueAt = now + withinMs;
    this.#waiting.add(incident);
    return true;
  }

  /** Takes out those that waited, once it is time, or `anyway`. */
  take(now: number, anyway = false): readonly string[] {
    if (now < this.#dueAt && !anyway) return [];
    const waited = [...this.#waiting];
    this.#waiting.clear();
    this.#dueAt = Number.POSITIVE_INFINITY;
    return waited;
  }
}
