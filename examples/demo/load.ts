/** What the load is sent to: a handler, as itself and as its unprotected twin. */
export interface Target {
  readonly dependency: string;
  readonly variant: 'protected' | 'unprotected';
  /** The address that asks for `id`; `sequence` counts the requests. */
  url(id: number, sequence: number): string;
}

/** What came of the requests to one target so far. */
export interface Tally {
  sent: number;
  answered: number;
  failed: number;
  /** Milliseconds from when each request was due until its caller knew. */
  readonly latenciesMs: number[];
}

/** How long a caller waits for an answer. */
export const CALLER_PATIENCE_MS = 3_000;

/** Enough for each server to have answered each kind of request. */
const SLOW_START_ROUNDS = 4;

/** Most requests ask for one of a few ids, the others for one of many: what no cache has when it is needed. */
const COMMON_IDS = 25;
const RARE_IDS = 475;
const RARE_SHARE = 0.05;

/**
 * Sends requests at a steady rate, however long the answers take, the same ones to each target. Bounded, since a
 * caller gives up after `CALLER_PATIENCE_MS`.
 */
export class Load {
  readonly #targets: readonly { readonly target: Target; readonly tally: Tally }[];
  readonly #perSecond: number;
  readonly #waiting = new Set<Promise<void>>();
  readonly #random = mulberry32(20_260_101);
  #timer: NodeJS.Timeout | undefined = undefined;
  #startedAt = 0;
  /** How many rounds there have been, and how many of them before the steady rate began. */
  #sequence = 0;
  #dueBefore = 0;
  #abandoned = false;

  constructor(targets: readonly Target[], perSecond: number) {
    this.#targets = targets.map((target) => ({
      target,
      tally: { sent: 0, answered: 0, failed: 0, latenciesMs: [] },
    }));
    this.#perSecond = perSecond;
  }

  /** Begins with a few requests one after the other, as a server that has just started is given its traffic. */
  async start(): Promise<void> {
    for (let round = 0; round < SLOW_START_ROUNDS && !this.#abandoned; round += 1) {
      this.#sendRound(performance.now());
      await this.#idle();
    }
    if (this.#abandoned) return;
    this.#startedAt = performance.now();
    this.#dueBefore = this.#sequence;
    this.#timer = setInterval(() => this.#sendDue(), 5);
  }

  /** Sends no more, and waits until every caller has an answer or has given up. */
  async stop(): Promise<void> {
    this.abandon();
    await this.#idle();
  }

  /** Sends no more. */
  abandon(): void {
    this.#abandoned = true;
    clearInterval(this.#timer);
  }

  tally(dependency: string, variant: Target['variant']): Readonly<Tally> {
    const found = this.#targets.find(
      ({ target }) => target.dependency === dependency && target.variant === variant,
    );
    if (found === undefined) throw new Error(`No load goes to ${variant} ${dependency}.`);
    return found.tally;
  }

  #sendDue(): void {
    const elapsedSeconds = (performance.now() - this.#startedAt) / 1_000;
    const due = 1 + Math.floor(elapsedSeconds * this.#perSecond);
    while (this.#sequence - this.#dueBefore < due) {
      const place = this.#sequence - this.#dueBefore;
      this.#sendRound(this.#startedAt + (place / this.#perSecond) * 1_000);
    }
  }

  /** One request to each target. */
  #sendRound(dueAt: number): void {
    const id = this.#nextId();
    for (const { target, tally } of this.#targets) {
      const request = send(target.url(id, this.#sequence), tally, dueAt);
      this.#waiting.add(request);
      void request.finally(() => this.#waiting.delete(request));
    }
    this.#sequence += 1;
  }

  async #idle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  #nextId(): number {
    return this.#random() < RARE_SHARE
      ? 1 + COMMON_IDS + Math.floor(this.#random() * RARE_IDS)
      : 1 + Math.floor(this.#random() * COMMON_IDS);
  }
}

async function send(url: string, tally: Tally, dueAt: number): Promise<void> {
  tally.sent += 1;
  const answered = await ask(url);
  if (answered) tally.answered += 1;
  else tally.failed += 1;
  tally.latenciesMs.push(performance.now() - dueAt);
}

/** Whether the caller got what it asked for in time. */
async function ask(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(CALLER_PATIENCE_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** A small generator of repeatable chance, so that runs can be compared. By Tommy Ettinger. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
