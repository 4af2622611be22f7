import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveUsers } from './http/dependency.ts';
import { Load } from './http/load.ts';
import {
  type Framework,
  frameworks,
  type Listening,
  type Route,
  routes,
  type ServerUse,
} from './http/protocol.ts';
import { prove, proveCount } from './support/proof.ts';
import type { RunContext, Subject } from './support/result.ts';
import { median } from './support/statistics.ts';

const sizes = {
  full: { rounds: 120, roundMs: 50, warmUpMs: 1_000, connections: 32 },
  short: { rounds: 2, roundMs: 30, warmUpMs: 30, connections: 4 },
} as const;

/** One route under load. */
interface Contestant {
  readonly framework: Framework;
  readonly route: Route;
  readonly load: Load;
  readonly perSecond: number[];
  readonly cpuMicroseconds: number[];
}

/** What a guard and a wrapped call cost a route. */
export const http: Subject = {
  name: 'http',
  run: async (context) => {
    const users = await serveUsers();
    const server = startServer(users.port);
    const contestants: Contestant[] = [];
    try {
      const { ports } = await heard<Listening>(server);
      for (const framework of frameworks) {
        for (const route of routes)
          contestants.push(await contestant(framework, route, ports[framework], context));
      }
      await runRounds(contestants, server, context);
      return {
        subject: 'http',
        title: 'A route with a guard and one wrapped call, and the same route without',
        columns: [
          'route',
          'requests/s',
          'requests/s kept, %',
          'CPU us per request',
          'CPU us more',
          'kept by CPU, %',
        ],
        rows: contestants.map((each) => {
          const bare = bareOf(each, contestants);
          const cpu = median(each.cpuMicroseconds);
          return [
            `${each.framework} ${each.route.path}`,
            median(each.perSecond),
            ratioOf(each.perSecond, bare.perSecond) * 100,
            cpu,
            each === bare ? '' : cpu * (1 - ratioOf(bare.cpuMicroseconds, each.cpuMicroseconds)),
            ratioOf(bare.cpuMicroseconds, each.cpuMicroseconds) * 100,
          ];
        }),
        targets: contestants
          .filter(({ route }) => route.guarded && route.operation === 'remote')
          .map((each) => ({
            figure: `requests/s kept by a saturated ${each.framework}, by CPU`,
            measured: ratioOf(bareOf(each, contestants).cpuMicroseconds, each.cpuMicroseconds) * 100,
            limit: 'at least',
            bound: 95,
            unit: '%',
          })),
        notes: [
          'The operation of `/remote` asks a dependency over loopback TCP, which is what calls are wrapped for, so the target stands there. That of `/instant` has its answer at once: the worst case, in which nothing but the framework takes time.',
          'The server is a process of its own, and its CPU is all that it spends. What is kept by CPU is what a saturated server keeps, and what the target is held to: it does not depend on how fast the load generator is, and holds on a noisy machine too.',
          "The routes take turns in short rounds, each right beside its twin and in both orders. A share is the median of the rounds' own ratios.",
        ],
      };
    } finally {
      for (const { load } of contestants) load.close();
      server.disconnect();
      users.server.close();
    }
  },
};

async function contestant(
  framework: Framework,
  route: Route,
  port: number,
  { size }: RunContext,
): Promise<Contestant> {
  const load = await Load.connect(port, route.path, sizes[size].connections);
  return { framework, route, load, perSecond: [], cpuMicroseconds: [] };
}

async function runRounds(
  contestants: readonly Contestant[],
  server: ChildProcess,
  { size, progress }: RunContext,
): Promise<void> {
  const { rounds, roundMs, warmUpMs } = sizes[size];
  for (const { framework, route, load } of contestants) {
    progress(`warming up ${framework} ${route.path}`);
    await load.run(warmUpMs);
  }
  for (let round = 1; round <= rounds; round += 1) {
    progress(`round ${round} of ${rounds}`);
    const order = round % 2 === 1 ? contestants : contestants.toReversed();
    for (const each of order) await runRound(each, server, roundMs);
  }
}

async function runRound(each: Contestant, server: ChildProcess, roundMs: number): Promise<void> {
  const before = await useOf(server);
  const { requests, seconds } = await each.load.run(roundMs);
  const after = await useOf(server);
  prove(requests > 0, 'requests were answered');
  proveCount('runs of the operation', after.lookups - before.lookups, requests);
  const guarded = each.route.guarded ? requests : 0;
  for (const policy of [each.framework, 'database']) {
    const counted = (after.calls[policy] ?? 0) - (before.calls[policy] ?? 0);
    proveCount(`calls of policy '${policy}' by ${each.framework} ${each.route.path}`, counted, guarded);
  }
  each.perSecond.push(requests / seconds);
  each.cpuMicroseconds.push((after.cpuMicroseconds - before.cpuMicroseconds) / requests);
}

function bareOf({ framework, route }: Contestant, contestants: readonly Contestant[]): Contestant {
  const bare = contestants.find(
    (each) => each.framework === framework && each.route.operation === route.operation && !each.route.guarded,
  );
  if (bare === undefined) throw new Error(`There is no bare twin of ${route.path}`);
  return bare;
}

/** The median of what each round says for itself, since what else the machine does hits both sides of a round. */
function ratioOf(rounds: readonly number[], base: readonly number[]): number {
  return median(rounds.map((each, round) => each / (base[round] ?? Number.NaN)));
}

/** Starts the server process: built beside this file, or from its source. */
function startServer(dependencyPort: number): ChildProcess {
  const args = [String(dependencyPort)];
  const built = fileURLToPath(new URL('./http-server.mjs', import.meta.url));
  if (existsSync(built)) return fork(built, args, { execArgv: [] });
  return fork(fileURLToPath(new URL('./http/server.ts', import.meta.url)), args, {
    execArgv: ['--import', 'tsx'],
  });
}

function useOf(server: ChildProcess): Promise<ServerUse> {
  const answer = heard<ServerUse>(server);
  server.send('use');
  return answer;
}

/** The next message of the server process; an error when it ends instead. */
async function heard<Message>(server: ChildProcess): Promise<Message> {
  const over = new AbortController();
  const ended = once(server, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`The server process ended with ${code}`);
  });
  try {
    const [message] = await Promise.race([once(server, 'message', { signal: over.signal }), ended]);
    return message;
  } finally {
    ended.catch(() => {});
    over.abort();
  }
}
