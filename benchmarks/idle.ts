import { createHook } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import CircuitBreaker from 'opossum';
import { collectGarbage, usedBytes } from './support/heap.ts';
import { newHub } from './support/hub.ts';
import { cockatielStack } from './support/peers.ts';
import { prove, proveCount } from './support/proof.ts';
import type { RunContext, Subject } from './support/result.ts';

const sizes = {
  full: { instances: 10_000, idleMs: 5_000 },
  short: { instances: 50, idleMs: 50 },
} as const;

/** A process full of one library's objects. */
interface Tenants {
  readonly prove: () => void;
  readonly close: () => Promise<void>;
}

/** A library to fill a process with. */
interface Contestant {
  readonly name: string;
  /** Makes that many, and one call through each. */
  readonly fill: (instances: number) => Promise<Tenants>;
}

/** What an idle process pays for having policies. */
interface Found {
  readonly timers: number;
  /** Share of one core, measured by the event loop. */
  readonly utilization: number;
  /** Share of one core, measured by the operating system. */
  readonly cpu: number;
  readonly bytesEach: number;
}

const BREAKWATER = 'breakwater policies, with metrics';

/** What objects cost that nobody calls. */
export const idle: Subject = {
  name: 'idle',
  run: async (context) => {
    const { instances, idleMs } = sizes[context.size];
    const rows: [string, Found][] = [['an empty process', await measure(nothing, context)]];
    for (const contestant of [breakwater, opossum('opossum, default', {}), cockatiel]) {
      rows.push([contestant.name, await measure(contestant, context)]);
    }
    const empty = rows[0]?.[1];
    const found = rows.find(([name]) => name === BREAKWATER)?.[1];
    prove(empty !== undefined && found !== undefined, 'there are figures');
    return {
      subject: 'idle',
      title: `${instances} objects, each called once, then idle for ${idleMs} ms`,
      columns: ['contestant', 'timers', 'event loop, % of a core', 'CPU, % of a core', 'bytes each'],
      rows: rows.map(([name, { timers, utilization, cpu, bytesEach }]) => [
        name,
        timers,
        utilization * 100,
        cpu * 100,
        name === nothing.name ? '' : Math.round(bytesEach),
      ]),
      targets: [
        { figure: 'timers of idle policies', measured: found.timers, limit: 'at most', bound: 0, unit: '' },
        {
          figure: 'event-loop utilisation beyond an empty process',
          measured: Math.max(0, found.utilization - empty.utilization) * 100,
          limit: 'at most',
          bound: 0.1,
          unit: '% of a core',
        },
        {
          figure: 'bytes per policy, metrics included',
          measured: found.bytesEach,
          limit: 'at most',
          bound: 12_000,
          unit: 'bytes',
        },
      ],
      notes: ['Timers include those that keep no process alive. Bytes include typed arrays.'],
    };
  },
};

async function measure(contestant: Contestant, { size, progress }: RunContext): Promise<Found> {
  const { instances, idleMs } = sizes[size];
  progress(`filling the process: ${contestant.name}`);
  const watch = watchTimers();
  await collectGarbage(2);
  const before = usedBytes();
  const tenants = await contestant.fill(instances);
  try {
    tenants.prove();
    // Timers of the calls that were made run out; what stays is what idleness costs.
    await sleep(100);
    await collectGarbage(2);
    const bytesEach = (usedBytes() - before) / instances;
    const timers = watch.alive();
    watch.stop();
    progress(`idle: ${contestant.name}`);
    return { timers, bytesEach, ...(await measureIdleness(idleMs)) };
  } finally {
    watch.stop();
    await tenants.close();
  }
}

async function measureIdleness(idleMs: number): Promise<Pick<Found, 'utilization' | 'cpu'>> {
  const loop = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  await sleep(idleMs);
  const { utilization } = performance.eventLoopUtilization(loop);
  const { user, system } = process.cpuUsage(cpu);
  return { utilization, cpu: (user + system) / 1_000 / idleMs };
}

/** Follows which timers exist, those included that keep no process alive. */
function watchTimers(): { readonly alive: () => number; readonly stop: () => void } {
  const timers = new Set<number>();
  const hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout') timers.add(id);
    },
    destroy: (id) => {
      timers.delete(id);
    },
  }).enable();
  return { alive: () => timers.size, stop: () => void hook.disable() };
}

const nothing: Contestant = {
  name: 'an empty process',
  fill: async () => ({ prove: () => {}, close: async () => {} }),
};

const breakwater: Contestant = {
  name: BREAKWATER,
  fill: async (instances) => {
    const hub = newHub();
    for (let index = 0; index < instances; index += 1) {
      const policy = hub.policy(`dependency-${index}`, { cacheFallback: {}, retry: {} });
      await policy.execute(async () => index);
    }
    return {
      prove: () => {
        proveCount('policies', hub.policies.length, instances);
        const called = hub.policies.filter((policy) => policy.stats().calls.success === 1);
        proveCount('policies that counted their call', called.length, instances);
      },
      close: () => hub.close(),
    };
  },
};

function opossum(name: string, options: CircuitBreaker.Options): Contestant {
  return {
    name,
    fill: async (instances) => {
      const breakers: CircuitBreaker[] = [];
      for (let index = 0; index < instances; index += 1) {
        const breaker = new CircuitBreaker(async () => index, { ...options });
        breakers.push(breaker);
        await breaker.fire();
      }
      return {
        prove: () => proveCount('breakers', breakers.filter((breaker) => breaker.closed).length, instances),
        close: async () => {
          for (const breaker of breakers) breaker.shutdown();
        },
      };
    },
  };
}

const cockatiel: Contestant = {
  name: 'cockatiel wrap(retry, breaker, timeout)',
  fill: async (instances) => {
    let answered = 0;
    const policies = Array.from({ length: instances }, () => cockatielStack());
    for (const policy of policies) answered += await policy.execute(async () => 1);
    return { prove: () => proveCount('calls', answered, policies.length), close: async () => {} };
  },
};
