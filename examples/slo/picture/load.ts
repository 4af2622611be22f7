import { setTimeout as delay } from 'node:timers/promises';

/** How long a caller waits for an answer. */
const PATIENCE_MS = 3_000;
/** Most requests are for a few ids; of the others, each is asked for once, and no cache has it. */
const COMMON_IDS = 25;
const RARE_EVERY = 4;

/** Sends requests at a steady rate, however long the answers take, the same to each address. */
export class SteadyLoad {
  readonly #addresses: readonly string[];
  readonly #waiting = new Set<Promise<void>>();
  #sent = 0;

  /** @param addresses to which an id is added */
  constructor(addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  /** Sends `perSecond` requests a second to each address, for `seconds`. */
  async run(perSecond: number, seconds: number): Promise<void> {
    const startedAt = performance.now();
    for (let place = 0; place < perSecond * seconds; place += 1) {
      const dueInMs = startedAt + (place / perSecond) * 1_000 - performance.now();
      if (dueInMs > 1) await delay(dueInMs);
      this.#send();
    }
  }

  /** Waits until every caller has an answer or has given up. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  #send(): void {
    this.#sent += 1;
    const id = this.#sent % RARE_EVERY === 0 ? COMMON_IDS + this.#sent : 1 + (this.#sent % COMMON_IDS);
    for (const address of this.#addresses) {
      const request = ask(`${address}/${id}`);
      this.#waiting.add(request);
      void request.finally(() => this.#waiting.delete(request));
    }
  }
}

async function ask(url: string): Promise<void> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await response.arrayBuffer();
  } catch {
    // The caller goes without; the metrics tell of it.
  }
}
