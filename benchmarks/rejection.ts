import { isBrokenCircuitError } from 'cockatiel';
import CircuitBreaker from 'opossum';
import { isBreakwaterError } from '../src/index.ts';
import { fullPolicy, newHub } from './support/hub.ts';
import { InstantDependency, keyOf, type Lookup, type User } from './support/operation.ts';
import { cockatielStack, stackByHand } from './support/peers.ts';
import { prove, proveCount } from './support/proof.ts';
import { type Contestant, RATIO_NOTE, race, ratioOf, timingOf } from './support/race.ts';
import type { Subject } from './support/result.ts';

const names = {
  happy: 'breakwater, full policy, circuit closed',
  rejected: 'breakwater, full policy, rejected',
  stale: 'breakwater, full policy, answered from the cache',
  opossum: 'opossum, rejected',
  byHand: 'opossum(p-retry(p-timeout(f))), rejected',
  cockatiel: 'cockatiel wrap(breaker, timeout), rejected',
} as const;

const OPEN_MS = 3_600_000;

/** What a call costs that an open circuit turns away. */
export const rejection: Subject = {
  name: 'rejection',
  run: async (context) => {
    const hub = newHub();
    const breakers: CircuitBreaker[] = [];
    try {
      const timings = await race(
        [
          closedCircuit(hub),
          await rejectedCall(hub),
          await staleAnswer(hub),
          await opossumRejection(
            names.opossum,
            breakers,
            (lookup) => new CircuitBreaker(lookup, { resetTimeout: OPEN_MS }),
          ),
          await opossumRejection(names.byHand, breakers, (lookup) =>
            stackByHand(lookup, { resetTimeout: OPEN_MS }),
          ),
          await cockatielRejection(),
        ],
        context,
      );
      const happy = timingOf(timings, names.happy);
      const rejected = timingOf(timings, names.rejected);
      const stale = timingOf(timings, names.stale);
      const opossum = timingOf(timings, names.opossum);
      return {
        subject: 'rejection',
        title: 'A call that an open circuit turns away',
        columns: ['contestant', 'us per call', "x opossum's", 'x happy path'],
        rows: timings.map((timing) => [
          timing.name,
          timing.microseconds,
          ratioOf(timing, opossum),
          ratioOf(timing, happy),
        ]),
        targets: [
          {
            figure: "rejection / opossum's",
            measured: ratioOf(rejected, opossum),
            limit: 'at most',
            bound: 1 / 5,
            unit: '',
          },
          {
            figure: 'answer from the cache / happy path',
            measured: ratioOf(stale, happy),
            limit: 'at most',
            bound: 1,
            unit: '',
          },
        ],
        notes: [
          'All circuits were opened by failures. The callers catch what they are thrown.',
          'cockatiel is without its retry, which would repeat the rejection after a wait.',
          RATIO_NOTE,
        ],
      };
    } finally {
      for (const breaker of breakers) breaker.shutdown();
      await hub.close();
    }
  },
};

const openingPolicy = { ...fullPolicy, circuitBreaker: { consecutiveFailures: 5, openMs: OPEN_MS } };

function closedCircuit(hub: ReturnType<typeof newHub>): Contestant {
  const dependency = new InstantDependency();
  const find = hub.policy('closed', fullPolicy).wrap(dependency.lookup, { cacheKey: (key) => key });
  const once = async (call: number): Promise<void> => {
    await find(keyOf(call));
  };
  return {
    name: names.happy,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => proveCount('runs of the operation', dependency.runs, calls),
  };
}

async function rejectedCall(hub: ReturnType<typeof newHub>): Promise<Contestant> {
  const policy = hub.policy('rejected', openingPolicy);
  const find = policy.wrap(failing, { cacheKey: (key) => key });
  await callUntil(find, () => policy.circuit.state === 'open');
  const before = policy.stats().calls.rejected ?? 0;
  let rejections = 0;
  const once = async (call: number): Promise<void> => {
    try {
      await find(keyOf(call));
    } catch (error) {
      if (isBreakwaterError(error, 'CIRCUIT_OPEN')) rejections += 1;
    }
  };
  return {
    name: names.rejected,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => {
      proveCount('rejections seen by callers', rejections, calls);
      proveCount('calls_total{outcome="rejected"}', (policy.stats().calls.rejected ?? 0) - before, calls);
    },
  };
}

async function staleAnswer(hub: ReturnType<typeof newHub>): Promise<Contestant> {
  const dependency = new InstantDependency();
  let down = false;
  const policy = hub.policy('stale', openingPolicy);
  const find = policy.wrap((key: string) => (down ? failing(key) : dependency.lookup(key)), {
    cacheKey: (key) => key,
  });
  for (let call = 0; call < 64; call += 1) await find(keyOf(call));
  down = true;
  await callUntil(find, () => policy.circuit.state === 'open');
  const before = policy.stats().fallbacks.stale ?? 0;
  const once = async (call: number): Promise<void> => {
    await find(keyOf(call));
  };
  return {
    name: names.stale,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => {
      proveCount('fallbacks_total{source="stale"}', (policy.stats().fallbacks.stale ?? 0) - before, calls);
    },
  };
}

async function opossumRejection(
  name: string,
  breakers: CircuitBreaker[],
  make: (lookup: Lookup) => CircuitBreaker<[string], User>,
): Promise<Contestant> {
  const breaker = make(failing);
  breakers.push(breaker);
  await callUntil(
    (key) => breaker.fire(key),
    () => breaker.opened,
  );
  let rejections = 0;
  const once = async (call: number): Promise<void> => {
    try {
      await breaker.fire(keyOf(call));
    } catch (error) {
      if (error instanceof Error && CircuitBreaker.isOurError(error)) rejections += 1;
    }
  };
  return {
    name,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => {
      proveCount("opossum's rejections seen by callers", rejections, calls);
      prove(breaker.stats.rejects > 0, 'opossum counted');
    },
  };
}

async function cockatielRejection(): Promise<Contestant> {
  const policy = cockatielStack({ maxAttempts: 0, halfOpenAfter: OPEN_MS });
  let open = false;
  await callUntil(
    (key) => policy.execute(() => failing(key)).catch((error) => (open = isBrokenCircuitError(error))),
    () => open,
  );
  let rejections = 0;
  const once = async (call: number): Promise<void> => {
    try {
      await policy.execute(() => failing(keyOf(call)));
    } catch (error) {
      if (error instanceof Error && isBrokenCircuitError(error)) rejections += 1;
    }
  };
  return {
    name: names.cockatiel,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => proveCount("cockatiel's rejections seen by callers", rejections, calls),
  };
}

const prepared = new Error('the dependency is down');
const failing: Lookup = () => Promise.reject(prepared);

/** Makes failing calls until a circuit is open. */
async function callUntil(call: (key: string) => Promise<unknown>, isOpen: () => boolean): Promise<void> {
  for (let made = 0; made < 1_000 && !isOpen(); made += 1) await call(keyOf(made)).catch(() => {});
  prove(isOpen(), 'the circuit opened');
}
