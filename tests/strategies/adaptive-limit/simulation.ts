import type { AdaptiveLimiter, Admitted } from '../../../src/strategies/adaptive-limit/limiter.ts';

/** A dependency with so many workers, each of which serves one call after another from one queue. */
export interface Server {
  readonly workers: number;
  readonly serviceMs: number;
}

/** What happened in a stretch of the simulation. */
export interface Stretch {
  readonly done: number;
  readonly rejected: number;
  readonly meanLatencyMs: number;
  readonly limit: number;
  readonly perSecond: number;
}

interface Job extends Admitted {
  readonly at: number;
}

/** A call that is served. */
interface Served {
  readonly job: Job;
  readonly endsAt: number;
}

/** Calls that come by chance, through a limiter, to a server with a queue that knows no bound. */
export class Simulation {
  readonly #limiter: AdaptiveLimiter;
  readonly #chance: () => number;
  /** Whether the time that a call takes to serve varies exponentially; else it is always the same. */
  readonly #varies: boolean;
  server: Server;
  now = 0;
  readonly #queue: Job[] = [];
  /** Those that end first, first. */
  readonly #served: Served[] = [];

  constructor(limiter: AdaptiveLimiter, server: Server, chance: () => number, varies: boolean) {
    this.#limiter = limiter;
    this.server = server;
    this.#chance = chance;
    this.#varies = varies;
  }

  run(forMs: number, callsPerSecond: number): Stretch {
    const until = this.now + forMs;
    let done = 0;
    let rejected = 0;
    let sumMs = 0;
    let nextCallAt = this.now + this.#gap(callsPerSecond);
    while (true) {
      const ended = this.#served[0];
      const at = Math.min(nextCallAt, ended?.endsAt ?? Number.POSITIVE_INFINITY);
      if (at > until) break;
      this.now = at;
      if (ended !== undefined && at === ended.endsAt) {
        this.#served.shift();
        done += 1;
        sumMs += at - ended.job.at;
        this.#limiter.release();
        this.#limiter.sample(ended.job, at - ended.job.at, false, true, at);
      } else {
        nextCallAt = at + this.#gap(callsPerSecond);
        if (this.#limiter.hasRoom(at)) {
          const job = { at, phase: 0 };
          this.#limiter.take(job);
          this.#queue.push(job);
        } else rejected += 1;
      }
      this.#serve();
    }
    this.now = until;
    return {
      done,
      rejected,
      meanLatencyMs: sumMs / done,
      limit: this.#limiter.limit,
      perSecond: (done * 1_000) / forMs,
    };
  }

  #serve(): void {
    while (this.#served.length < this.server.workers) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      const share = this.#varies ? -Math.log(1 - this.#chance()) : 1;
      const endsAt = this.now + this.server.serviceMs * share;
      let place = this.#served.length;
      while (place > 0 && (this.#served[place - 1]?.endsAt ?? 0) > endsAt) place -= 1;
      this.#served.splice(place, 0, { job, endsAt });
    }
  }

  #gap(callsPerSecond: number): number {
    return (-Math.log(1 - this.#chance()) * 1_000) / callsPerSecond;
  }
}
