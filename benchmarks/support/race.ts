import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RunContext } from './result.ts';
import { median } from './statistics.ts';

/** Something that is timed beside others. */
export interface Contestant {
  readonly name: string;
  /**
   * Makes `times` calls, one after the other, each from within an async function of its own, as a handler makes
   * them; so a bare awaited call is two promises deep, for everybody. Each contestant has a loop of its own, since
   * V8 would compile a shared one for all of them, and inline none as it would in an application.
   */
  readonly repeat: (times: number) => Promise<void>;
  /** Throws where what was timed did not happen. `calls` is how many were made in all. */
  readonly prove: (calls: number) => void | Promise<void>;
}

/** How long a contestant took per call. */
export interface Timing {
  readonly name: string;
  readonly calls: number;
  /** Microseconds per call of each round. */
  readonly rounds: readonly number[];
  /** The median of the rounds. */
  readonly microseconds: number;
}

/** How much of a race is run. */
interface Pace {
  readonly rounds: number;
  readonly warmUpMs: number;
  /** How long a contestant runs in each round: long enough for its own garbage to be collected within. */
  readonly batchMs: number;
  /** How long it runs before the event loop gets a turn. */
  readonly chunkMs: number;
}

const paces: Readonly<Record<RunContext['size'], Pace>> = {
  full: { rounds: 61, warmUpMs: 400, batchMs: 25, chunkMs: 1 },
  short: { rounds: 3, warmUpMs: 2, batchMs: 2, chunkMs: 1 },
};

/** A contestant at work. */
class Runner {
  readonly contestant: Contestant;
  readonly rounds: number[] = [];
  calls = 0;
  #chunk = 1;

  constructor(contestant: Contestant) {
    this.contestant = contestant;
  }

  /** Runs until compiled, and finds how many calls make a chunk. */
  async warmUp({ warmUpMs, chunkMs }: Pace): Promise<void> {
    const until = performance.now() + warmUpMs;
    do {
      const before = performance.now();
      await this.#run(this.#chunk);
      const elapsedMs = performance.now() - before;
      if (elapsedMs < chunkMs / 2) this.#chunk *= 2;
      else if (elapsedMs > chunkMs * 2) this.#chunk = Math.max(1, Math.floor(this.#chunk / 2));
      await nextTurn();
    } while (performance.now() < until);
  }

  /** One round: wall time from the first call to the end of the last turn, divided by the calls. */
  async round({ batchMs }: Pace): Promise<void> {
    const begun = performance.now();
    let calls = 0;
    let now = begun;
    do {
      await this.#run(this.#chunk);
      await nextTurn();
      calls += this.#chunk;
      now = performance.now();
    } while (now - begun < batchMs);
    this.rounds.push(((now - begun) * 1_000) / calls);
  }

  async #run(calls: number): Promise<void> {
    await this.contestant.repeat(calls);
    this.calls += calls;
  }
}

/**
 * Times contestants in rounds, one after the other in each round, so that whatever else the machine does hits them
 * all alike. The event loop turns about once a millisecond, as under load, so that timers fire and weak references
 * are let go of.
 */
export async function race(
  contestants: readonly Contestant[],
  { size, progress }: Pick<RunContext, 'size' | 'progress'>,
): Promise<readonly Timing[]> {
  const pace = paces[size];
  const runners = contestants.map((contestant) => new Runner(contestant));
  for (const runner of runners) {
    progress(`warming up ${runner.contestant.name}`);
    await runner.warmUp(pace);
  }
  for (let round = 1; round <= pace.rounds; round += 1) {
    progress(`round ${round} of ${pace.rounds}`);
    for (const runner of runners) await runner.round(pace);
  }
  for (const { contestant, calls } of runners) await contestant.prove(calls);
  return runners.map(({ contestant, rounds, calls }) => ({
    name: contestant.name,
    calls,
    rounds,
    microseconds: median(rounds),
  }));
}

/** What a reader of such ratios should know. */
export const RATIO_NOTE = "A ratio is the median of the rounds' own ratios, not the quotient of the columns.";

/** How many times as long `timing` took as `base`: the median of the rounds' own ratios. */
export function ratioOf(timing: Timing, base: Timing): number {
  return median(timing.rounds.map((each, round) => each / (base.rounds[round] ?? Number.NaN)));
}

/** The timing of that name. */
export function timingOf(timings: readonly Timing[], name: string): Timing {
  const timing = timings.find((each) => each.name === name);
  if (timing === undefined) throw new Error(`There is no contestant '${name}'`);
  return timing;
}
