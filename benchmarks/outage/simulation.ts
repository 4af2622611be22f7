import { prove } from '../support/proof.ts';
import { seededRandom } from '../support/random.ts';
import type { Contestant, Protected, Request } from './contestants.ts';
import { Dependency } from './dependency.ts';
import { CALLS_END_MS, DRAIN_MS, type Fleet, PATIENCE_MS } from './scenario.ts';
import { inVirtualTime } from './virtual-time.ts';

/** One second of the simulation: the calls that began in it, and how they ended. */
export interface Second {
  calls: number;
  live: number;
  stale: number;
  failed: number;
  /** Requests that reached the dependency in it. */
  attempts: number;
}

/** What one contestant's callers saw. */
export interface Run {
  readonly contestant: Contestant;
  readonly seconds: readonly Second[];
  /** How long each caller waited, in milliseconds. */
  readonly latencies: readonly number[];
}

/** One fleet, under one contestant's protection, through all phases. The same seed gives the same run. */
export async function simulate(contestant: Contestant, fleet: Fleet, seed: number): Promise<Run> {
  const world = await inVirtualTime(seed, CALLS_END_MS + DRAIN_MS, () => new World(contestant, fleet, seed));
  world.close();
  return world.result();
}

class World {
  readonly #contestant: Contestant;
  readonly #fleet: Fleet;
  readonly #dependency: Dependency;
  readonly #clients: readonly Protected[];
  readonly #startedAt = performance.now();
  readonly #seconds: Second[] = Array.from({ length: CALLS_END_MS / 1_000 }, () => ({
    calls: 0,
    live: 0,
    stale: 0,
    failed: 0,
    attempts: 0,
  }));
  readonly #latencies: number[] = [];

  constructor(contestant: Contestant, fleet: Fleet, seed: number) {
    this.#contestant = contestant;
    this.#fleet = fleet;
    this.#dependency = new Dependency(fleet, seededRandom(seed + 1));
    this.#clients = Array.from({ length: fleet.clients }, () => contestant.protect(this.#dependency.request));
    const keyAt = zipf(fleet.keys);
    for (const [index, { request }] of this.#clients.entries()) {
      // Each client draws its arrivals and keys apart, so that they are the same for all contestants.
      this.#keepCalling(request, keyAt, seededRandom(seed * 1_000 + index));
    }
  }

  close(): void {
    for (const { close } of this.#clients) close();
  }

  result(): Run {
    for (const [at, second] of this.#seconds.entries()) {
      second.attempts = this.#dependency.attempts[at] ?? 0;
      const { calls, live, stale, failed } = second;
      prove(live + stale + failed === calls, `all calls that began in second ${at} of the simulation ended`);
    }
    return { contestant: this.#contestant, seconds: this.#seconds, latencies: this.#latencies };
  }

  #keepCalling(request: Request, keyAt: (random: number) => string, random: () => number): void {
    const waitMs = (-Math.log(1 - random()) * 1_000) / this.#fleet.callsPerSecond;
    const key = keyAt(random());
    setTimeout(() => {
      if (this.#elapsedMs() >= CALLS_END_MS) return;
      void this.#call(request, key);
      this.#keepCalling(request, keyAt, random);
    }, waitMs);
  }

  async #call(request: Request, key: string): Promise<void> {
    const begun = performance.now();
    const second = this.#seconds[Math.floor(this.#elapsedMs() / 1_000)];
    if (second === undefined) return;
    second.calls += 1;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const givesUp = new Promise<never>((_, reject) => {
      patience = setTimeout(() => reject(new Error('the caller gave up')), PATIENCE_MS);
    });
    try {
      const answer = await Promise.race([request(key), givesUp]);
      prove(answer.key === key, 'callers get the answer to their own question');
      if (answer.madeAt < begun) second.stale += 1;
      else second.live += 1;
    } catch {
      second.failed += 1;
    } finally {
      clearTimeout(patience);
      this.#latencies.push(performance.now() - begun);
    }
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }
}

/** Picks keys so that the n-th most popular is asked for 1/n as often as the most popular. */
function zipf(keys: number): (random: number) => string {
  const weights = Array.from({ length: keys }, (_, index) => 1 / (index + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (random) => {
    let rest = random * total;
    const index = weights.findIndex((weight) => {
      rest -= weight;
      return rest < 0;
    });
    return `key:${index < 0 ? keys - 1 : index}`;
  };
}
