import { setTimeout as sleep } from 'node:timers/promises';
import CircuitBreaker from 'opossum';
import { fullPolicy, newHub } from './support/hub.ts';
import { InstantDependency, keyOf, type Lookup, type User } from './support/operation.ts';
import { cockatielStack } from './support/peers.ts';
import { prove, proveCount } from './support/proof.ts';
import { type Contestant, RATIO_NOTE, race, ratioOf, type Timing, timingOf } from './support/race.ts';
import { seededRandom } from './support/random.ts';
import type { RunContext, Subject } from './support/result.ts';

const BARE = 'bare failing call';
const HAPPY = 'breakwater, full policy, happy path';
const FEW = 100;

const sizes = {
  full: { many: 100_000, opossum: 10_000 },
  short: { many: 1_000, opossum: 100 },
} as const;

/** What a call costs whose operation rejects, and how that depends on what the window holds. */
export const failure: Subject = {
  name: 'failure',
  run: async (context) => {
    const hub = newHub();
    const breakers: CircuitBreaker[] = [];
    const { many, opossum } = sizes[context.size];
    try {
      const contestants = [
        bareFailure(),
        happyPath(hub),
        await breakwaterFailure(hub, FEW),
        await breakwaterFailure(hub, many),
        cockatielFailure(),
        await opossumFailure(opossum, breakers, context),
      ];
      const timings = await race(contestants, context);
      const happy = timingOf(timings, HAPPY);
      const few = timingOf(timings, breakwaterName(FEW));
      const full = timingOf(timings, breakwaterName(many));
      return {
        subject: 'failure',
        title: 'A call whose operation rejects, without retries',
        columns: ['contestant', 'us per call', 'x happy path', 'x bare'],
        rows: timings.map((timing) => [
          timing.name,
          timing.microseconds,
          ratioOf(timing, happy),
          ratioOf(timing, timingOf(timings, BARE)),
        ]),
        targets: [
          target(`failure / happy path, ${FEW} in the window`, few, happy, 3),
          target(`failure / happy path, ${many} in the window`, full, happy, 3),
          target(`failure, ${many} / ${FEW} in the window`, full, few, 1.1),
        ],
        notes: [
          'One call in 50 succeeds, so that no circuit opens. The callers catch what they are thrown.',
          RATIO_NOTE,
        ],
      };
    } finally {
      for (const breaker of breakers) breaker.shutdown();
      await hub.close();
    }
  },
};

function target(figure: string, timing: Timing, base: Timing, bound: number) {
  return { figure, measured: ratioOf(timing, base), limit: 'at most', bound, unit: '' } as const;
}

const SUCCESS_EVERY = 50;
const prepared = new Error('the dependency is down');

/** A dependency of whose answers one in 50 is good, the first one included. */
class FailingDependency {
  failures = 0;
  #runs = 0;
  readonly #user: User = { id: '7', name: 'Ada' };

  readonly lookup: Lookup = async () => {
    this.#runs += 1;
    if (this.#runs % SUCCESS_EVERY === 1) return this.#user;
    this.failures += 1;
    throw prepared;
  };
}

function bareFailure(): Contestant {
  const dependency = new FailingDependency();
  const { lookup } = dependency;
  let caught = 0;
  const once = async (call: number): Promise<void> => {
    try {
      await lookup(keyOf(call));
    } catch {
      caught += 1;
    }
  };
  return {
    name: BARE,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: () => proveCount('failures caught', caught, dependency.failures),
  };
}

function happyPath(hub: ReturnType<typeof newHub>): Contestant {
  const dependency = new InstantDependency();
  const find = hub.policy('happy', fullPolicy).wrap(dependency.lookup, { cacheKey: (key) => key });
  const once = async (call: number): Promise<void> => {
    await find(keyOf(call));
  };
  return {
    name: HAPPY,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => proveCount('runs of the operation', dependency.runs, calls),
  };
}

function breakwaterName(held: number): string {
  return `breakwater, full policy, ${held} in the window`;
}

async function breakwaterFailure(hub: ReturnType<typeof newHub>, held: number): Promise<Contestant> {
  const dependency = new FailingDependency();
  const policy = hub.policy(`failing-${held}`, {
    ...fullPolicy,
    retry: false,
    circuitBreaker: { failureRate: 1, window: { type: 'count', size: held } },
  });
  // Its own namespace holds no value for the keys: nothing is served in a failed call's place.
  const find = policy.wrap(dependency.lookup, { cacheKey: (key) => key, check: () => false });
  const fill = policy.wrap(async () => 'filled');
  for (let call = 0; call < held; call += 1) await fill();
  proveCount('attempts in the window', policy.stats().window.attempts, held);
  let caught = 0;
  const once = async (call: number): Promise<void> => {
    try {
      await find(keyOf(call));
    } catch {
      caught += 1;
    }
  };
  return {
    name: breakwaterName(held),
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: () => {
      proveCount('failures caught', caught, dependency.failures);
      proveCount('calls_total{outcome="failure"}', policy.stats().calls.failure, dependency.failures);
      proveCount('attempts in the window', policy.stats().window.attempts, held);
      prove(policy.circuit.state === 'closed', 'the circuit stayed closed');
    },
  };
}

function cockatielFailure(): Contestant {
  const dependency = new FailingDependency();
  const policy = cockatielStack({ maxAttempts: 0, threshold: 0.99 });
  let caught = 0;
  const once = async (call: number): Promise<void> => {
    try {
      await policy.execute(() => dependency.lookup(keyOf(call)));
    } catch {
      caught += 1;
    }
  };
  return {
    name: 'cockatiel wrap(breaker, timeout)',
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: () => proveCount('failures caught', caught, dependency.failures),
  };
}

async function opossumFailure(
  held: number,
  breakers: CircuitBreaker[],
  { progress, seed }: RunContext,
): Promise<Contestant> {
  const dependency = new FailingDependency();
  let fills = true;
  const random = seededRandom(seed);
  const breaker = new CircuitBreaker(
    (key: string): Promise<unknown> => (fills ? sleep(random() * 50) : dependency.lookup(key)),
    // The window outlasts the benchmark, and one slice of it is not over before the benchmark is.
    { errorThresholdPercentage: 100, rollingCountTimeout: 36_000_000 },
  );
  breakers.push(breaker);
  progress(`filling opossum's window with ${held}`);
  await Promise.all(Array.from({ length: held }, (_, call) => breaker.fire(keyOf(call))));
  prove(breaker.stats.fires >= held, `opossum's window holds ${held}`);
  fills = false;
  let caught = 0;
  const once = async (call: number): Promise<void> => {
    try {
      await breaker.fire(keyOf(call));
    } catch {
      caught += 1;
    }
  };
  return {
    name: `opossum, default, ${held} and more in the window`,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: () => {
      proveCount('failures caught', caught, dependency.failures);
      prove(breaker.closed, 'opossum stayed closed');
    },
  };
}
