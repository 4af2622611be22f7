import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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
  full: { rounds: 12, roundMs: 600, warmUpMs: 1_500, connections: 32 },
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
    const server = startServer();
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
        columns: ['route', 'requests/s', 'share kept, %', 'server CPU, us per request', 'us more'],
        rows: contestants.map((each) => {
          const bare = bareOf(each, contestants);
          const cpu = median(each.cpuMicroseconds);
          return [
            `${each.framework} ${each.route}`,
            median(each.perSecond),
            share(each, bare) * 100,
            cpu,
            each === bare ? '' : cpu - median(bare.cpuMicroseconds),
          ];
        }),
        targets: contestants
          .filter(({ route }) => route === '/guarded')
          .map((each) => ({
            figure: `requests/s kept, ${each.framework}`,
            measured: share(each, bareOf(each, contestants)) * 100,
            limit: 'at least',
            bound: 95,
            unit: '%',
          })),
        notes: [
          'The handler answers with what an operation gives at once: the worst case, since all else that a route does is missing.',
          'The server is a process of its own. Share and CPU are medians over rounds in which the routes take turns.',
        ],
      };
    } finally {
      for (const { load } of contestants) load.close();
      server.disconnect();
    }
  },
};

async function contestant(
  framework: Framework,
  route: Route,
  port: number,
  { size }: RunContext,
): Promise<Contestant> {
  const load = await Load.connect(port, route, sizes[size].connections);
  return { framework, route, load, perSecond: [], cpuMicroseconds: [] };
}

async function runRounds(
  contestants: readonly Contestant[],
  server: ChildProcess,
  { size, progress }: RunContext,
): Promise<void> {
  const { rounds, roundMs, warmUpMs } = sizes[size];
  for (const { framework, route, load } of contestants) {
    progress(`warming up ${framework} ${route}`);
    await load.run(warmUpMs);
  }
  for (let round = 1; round <= rounds; round += 1) {
    progress(`round ${round} of ${rounds}`);
    for (const each of contestants) await runRound(each, server, roundMs);
  }
}

async function runRound(each: Contestant, server: ChildProcess, roundMs: number): Promise<void> {
  const before = await useOf(server);
  const { requests, seconds } = await each.load.run(roundMs);
  const after = await useOf(server);
  prove(requests > 0, 'requests were answered');
  proveCount('runs of the operation', after.lookups - before.lookups, requests);
  const guarded = each.route === '/guarded' ? requests : 0;
  for (const policy of [each.framework, 'database']) {
    const counted = (after.calls[policy] ?? 0) - (before.calls[policy] ?? 0);
    proveCount(`calls of policy '${policy}' by ${each.framework} ${each.route}`, counted, guarded);
  }
  each.perSecond.push(requests / seconds);
  each.cpuMicroseconds.push((after.cpuMicroseconds - before.cpuMicroseconds) / requests);
}

function bareOf({ framework }: Contestant, contestants: readonly Contestant[]): Contestant {
  const bare = contestants.find((each) => each.framework === framework && each.route === '/bare');
  if (bare === undefined) throw new Error(`There is no bare route of ${framework}`);
  return bare;
}

function share(each: Contestant, bare: Contestant): number {
  return median(each.perSecond.map((perSecond, round) => perSecond / (bare.perSecond[round] ?? Number.NaN)));
}

/** Starts the server process: built beside this file, or from its source. */
function startServer(): ChildProcess {
  const built = fileURLToPath(new URL('./http-server.mjs', import.meta.url));
  if (existsSync(built)) return fork(built, { execArgv: [] });
  return fork(fileURLToPath(new URL('./http/server.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
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
