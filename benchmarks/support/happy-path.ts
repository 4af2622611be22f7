import CircuitBreaker from 'opossum';
import { Counter, Histogram, Registry } from 'prom-client';
import { fullPolicy, newHub, sampleOf } from './hub.ts';
import { armsTimer, InstantDependency, keyOf, type Lookup } from './operation.ts';
import { cockatielStack, stackByHand, tunedOpossum } from './peers.ts';
import { prove, proveCount } from './proof.ts';
import type { Contestant } from './race.ts';

/** The names of the contestants, for whoever compares them. */
export const happyPathNames = {
  bare: 'bare awaited call',
  full: 'breakwater, full policy',
  standard: 'breakwater, no options',
  byHand: 'opossum(p-retry(p-timeout(f)))',
  cockatiel: 'cockatiel wrap(retry, breaker, timeout)',
  opossum: 'opossum, default',
  tuned: 'opossum, tuned',
  metrics: 'prom-client inc + observe',
} as const;

/** Contestants, and what takes them down. */
export interface Field {
  readonly contestants: readonly Contestant[];
  readonly close: () => Promise<void>;
}

/** A call that succeeds at once, bare and through each of the libraries. */
export function happyPath(): Field {
  const breakers: CircuitBreaker[] = [];
  const hub = newHub();
  const contestants = [
    bareCall(),
    breakwaterFull(hub),
    breakwaterStandard(hub),
    byHand(breakers),
    cockatiel(),
    opossumAlone(happyPathNames.opossum, {}, breakers),
    opossumAlone(happyPathNames.tuned, tunedOpossum, breakers),
    promClient(),
  ];
  return {
    contestants,
    close: async () => {
      for (const breaker of breakers) breaker.shutdown();
      await hub.close();
    },
  };
}

function bareCall(): Contestant {
  const dependency = new InstantDependency();
  const { lookup } = dependency;
  const once = async (call: number): Promise<void> => {
    await lookup(keyOf(call));
  };
  return {
    name: happyPathNames.bare,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => proveCount('runs of the bare operation', dependency.runs, calls),
  };
}

function breakwaterFull(hub: ReturnType<typeof newHub>): Contestant {
  const dependency = new InstantDependency();
  const policy = hub.policy('full', fullPolicy);
  const find = policy.wrap(dependency.lookup, { cacheKey: (key) => key });
  const once = async (call: number): Promise<void> => {
    await find(keyOf(call));
  };
  return {
    name: happyPathNames.full,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: async (calls) => {
      proveCount('runs of the operation', dependency.runs, calls);
      const { calls: counted, attempts } = policy.stats();
      proveCount('calls_total of the full policy', counted.success, calls);
      proveCount('attempts_total of the full policy', attempts.success, calls);
      prove(policy.stats().window.attempts > 0, 'the circuit has attempts in its window');
      prove(policy.circuit.breaker.stats.successes > 0, 'the opossum instance counted');
      const metrics = await hub.registry.metrics();
      const histogram = sampleOf(metrics, 'breakwater_call_duration_seconds_count{policy="full"}');
      proveCount('the histogram of call durations', histogram, calls);
      const objectives = hub.slo.report('full')[0]?.objectives ?? [];
      prove(objectives.length === 3, 'three objectives are followed');
      for (const { sli, good } of objectives) proveCount(`good events of ${sli}`, good, calls);
      await proveTimeouts(hub);
      await proveMemory(hub);
    },
  };
}

async function proveTimeouts(hub: ReturnType<typeof newHub>): Promise<void> {
  const policy = hub.policy('timeouts', fullPolicy);
  const leftMs = await policy.execute(({ remainingMs }) => remainingMs);
  prove(typeof leftMs === 'function', 'an operation can ask how long it has left');
  const remaining = await policy.execute((context) => context.remainingMs());
  prove(remaining > 1_000 && remaining <= 2_001, `the attempt timeout is armed (${remaining} ms left)`);
  prove(await armsTimer((lookup) => policy.wrap(lookup)), 'a timer is armed while the operation runs');
}

async function proveMemory(hub: ReturnType<typeof newHub>): Promise<void> {
  const policy = hub.policy('memory', { ...fullPolicy, retry: false });
  let fails = false;
  const find = policy.wrap(async () => (fails ? Promise.reject(new Error('down')) : 'value'), {
    cacheKey: () => 'key',
  });
  await find();
  fails = true;
  prove((await find()) === 'value', 'a value was remembered');
}

function breakwaterStandard(hub: ReturnType<typeof newHub>): Contestant {
  const dependency = new InstantDependency();
  const policy = hub.policy('standard');
  const find = policy.wrap(dependency.lookup);
  const once = async (call: number): Promise<void> => {
    await find(keyOf(call));
  };
  return {
    name: happyPathNames.standard,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => {
      proveCount('runs of the operation', dependency.runs, calls);
      proveCount('calls_total of the standard policy', policy.stats().calls.success, calls);
    },
  };
}

function byHand(breakers: CircuitBreaker[]): Contestant {
  const dependency = new InstantDependency();
  const made = (lookup: Lookup) => {
    const breaker = stackByHand(lookup);
    breakers.push(breaker);
    return breaker;
  };
  const breaker = made(dependency.lookup);
  const once = async (call: number): Promise<void> => {
    await breaker.fire(keyOf(call));
  };
  return {
    name: happyPathNames.byHand,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: async (calls) => {
      proveCount('runs of the operation', dependency.runs, calls);
      prove(breaker.stats.successes > 0, 'opossum counted');
      const armed = await armsTimer((lookup) => {
        const spy = made(lookup);
        return (key) => spy.fire(key);
      });
      prove(armed, 'a timer is armed while the operation runs');
    },
  };
}

function cockatiel(): Contestant {
  const dependency = new InstantDependency();
  const policy = cockatielStack();
  const once = async (call: number): Promise<void> => {
    await policy.execute(() => dependency.lookup(keyOf(call)));
  };
  return {
    name: happyPathNames.cockatiel,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: async (calls) => {
      proveCount('runs of the operation', dependency.runs, calls);
      const armed = await armsTimer((lookup) => (key) => policy.execute(() => lookup(key)));
      prove(armed, 'a timer is armed while the operation runs');
    },
  };
}

function opossumAlone(name: string, options: CircuitBreaker.Options, breakers: CircuitBreaker[]): Contestant {
  const dependency = new InstantDependency();
  const breaker = new CircuitBreaker(dependency.lookup, options);
  breakers.push(breaker);
  const once = async (call: number): Promise<void> => {
    await breaker.fire(keyOf(call));
  };
  return {
    name,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) await once(call);
    },
    prove: (calls) => {
      proveCount('runs of the operation', dependency.runs, calls);
      prove(breaker.stats.successes > 0, 'opossum counted');
    },
  };
}

function promClient(): Contestant {
  const registers = [new Registry()];
  const labelNames = ['policy', 'outcome'];
  const counter = new Counter({ name: 'calls_total', help: 'calls', labelNames, registers });
  const histogram = new Histogram({ name: 'duration_seconds', help: 'durations', labelNames, registers });
  return {
    name: happyPathNames.metrics,
    repeat: async (times) => {
      for (let call = 0; call < times; call += 1) {
        counter.inc({ policy: 'full', outcome: 'success' });
        histogram.observe({ policy: 'full', outcome: 'success' }, 0.000_2);
      }
    },
    prove: async (calls) => {
      const { values } = await counter.get();
      proveCount('the counter of prom-client', values[0]?.value, calls);
    },
  };
}
