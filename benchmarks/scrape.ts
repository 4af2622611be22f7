import { once } from 'node:events';
import { createServer, get, type RequestListener, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Policy } from '../src/index.ts';
import { metricsHandler } from '../src/integrations/express/index.ts';
import { newHub } from './support/hub.ts';
import { prove, proveCount } from './support/proof.ts';
import type { RunContext, Subject, Target } from './support/result.ts';
import { median } from './support/statistics.ts';

const sizes = {
  full: { policies: 1_000, rounds: 15 },
  short: { policies: 10, rounds: 2 },
} as const;

/** Something that renders metrics. */
interface Contestant {
  readonly name: string;
  readonly render: () => Promise<string>;
  /** What is timed: the rendering, and all that reading its text costs a client at the least. Gives its length. */
  readonly length: () => Promise<number>;
  readonly milliseconds: number[];
  readonly heldUpMs: number[];
}

const names = {
  ordinary: 'the same series as ordinary prom-client metrics, registry.metrics()',
  ordinaryHttp: 'the same, over HTTP',
  own: 'breakwater, registry.metrics()',
  ownHttp: 'breakwater, its /metrics endpoint over HTTP',
} as const;

/** What a scrape costs, and for how long it holds up a call. */
export const scrape: Subject = {
  name: 'scrape',
  run: async (context) => {
    const { policies, rounds } = sizes[context.size];
    const hub = newHub();
    const callers = newHub();
    const servers: Server[] = [];
    try {
      await fill(hub, policies, context);
      const ordinary = await ordinaryTwin(hub.registry);
      const endpoint = await serve(servers, metricsHandler(hub));
      const twin = await serve(servers, (_request, response) => {
        void ordinary.metrics().then((text) => response.end(text));
      });
      const contestants = [
        contestant(names.ordinary, () => ordinary.metrics()),
        contestant(names.own, () => hub.registry.metrics()),
        contestant(
          names.ordinaryHttp,
          () => fetched(twin),
          () => lengthFrom(twin),
        ),
        contestant(
          names.ownHttp,
          () => fetched(endpoint),
          () => lengthFrom(endpoint),
        ),
      ];
      const caller = callers.policy('caller');
      const samples = await proveSameSeries(contestants, policies);
      for (let round = 1; round <= rounds; round += 1) {
        context.progress(`round ${round} of ${rounds}`);
        for (const each of contestants) await time(each, caller);
      }
      const [base, own, baseHttp, ownHttp] = contestants;
      prove(base !== undefined && own !== undefined, 'registries were read');
      prove(baseHttp !== undefined && ownHttp !== undefined, 'endpoints were read');
      return {
        subject: 'scrape',
        title: `A scrape of ${policies} policies, ${samples} samples`,
        columns: ['contestant', 'ms', 'x ordinary', 'longest call, ms', 'in the worst round, ms'],
        rows: contestants.map((each) => [
          each.name,
          median(each.milliseconds),
          ratio(each, each === base || each === own ? base : baseHttp),
          median(each.heldUpMs),
          Math.max(...each.heldUpMs),
        ]),
        targets: [
          target("the library's endpoint / ordinary metrics", ratio(ownHttp, baseHttp), 1 / 3, ''),
          target('longest call during a scrape, median of the rounds', median(ownHttp.heldUpMs), 10, 'ms'),
        ],
        notes: [
          'Meanwhile another policy makes one call after the other, each as long as one turn of the event loop; the longest of a round shows for how long calls are held up. The client that scrapes runs in the same process.',
          "The target is for the library's endpoint over HTTP. The worst round is not held to it, and may pass it; why it is longer was not found out.",
        ],
      };
    } finally {
      for (const server of servers) server.close().closeAllConnections();
      await Promise.all([hub.close(), callers.close()]);
    }
  },
};

function target(figure: string, measured: number, bound: number, unit: string): Target {
  return { figure, measured, limit: 'at most', bound, unit };
}

function contestant(
  name: string,
  render: () => Promise<string>,
  length = async (): Promise<number> => (await render()).length,
): Contestant {
  return { name, render, length, milliseconds: [], heldUpMs: [] };
}

function ratio(each: Contestant, base: Contestant): number {
  return median(each.milliseconds.map((ms, round) => ms / (base.milliseconds[round] ?? Number.NaN)));
}

/** Serves on a free port, and gives the address. */
async function serve(servers: Server[], listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  prove(typeof address === 'object' && address !== null, 'the server listens');
  return `http://127.0.0.1:${address.port}/metrics`;
}

async function fetched(url: string): Promise<string> {
  const [response] = await once(get(url, { agent: false }), 'response');
  return text(response);
}

/** Reads an answer as it comes and keeps nothing: the client is in this process too. */
async function lengthFrom(url: string): Promise<number> {
  const [response] = await once(get(url, { agent: false }), 'response');
  let length = 0;
  response.on('data', (part: Buffer) => {
    length += part.length;
  });
  await once(response, 'end');
  return length;
}

/** One rendering, and calls one after the other meanwhile, each as long as the event loop takes for one turn. */
async function time(each: Contestant, caller: Policy): Promise<void> {
  const begun = performance.now();
  let milliseconds: number | undefined;
  const rendered = each.length().then((length) => {
    milliseconds = performance.now() - begun;
    return length;
  });
  let longest = 0;
  let calls = 0;
  while (milliseconds === undefined) {
    const called = performance.now();
    await caller.execute(() => nextTurn());
    longest = Math.max(longest, performance.now() - called);
    calls += 1;
  }
  prove((await rendered) > 1_000, `${each.name} gives its text`);
  prove(calls > 0 && longest > 0, `calls are made during ${each.name}`);
  each.milliseconds.push(milliseconds);
  each.heldUpMs.push(longest);
}

/** Policies with calls of several outcomes, so that the samples are not all zero. */
async function fill(
  hub: ReturnType<typeof newHub>,
  policies: number,
  { progress }: RunContext,
): Promise<void> {
  progress(`making ${policies} policies`);
  for (let index = 0; index < policies; index += 1) {
    const policy = hub.policy(`dependency-${index}`);
    for (let call = 0; call < 5; call += 1) {
      await policy.execute(() => (call === 0 ? Promise.reject(new Error('down')) : call)).catch(() => {});
    }
  }
}

/** A registry with the same series, held in ordinary counters, gauges and histograms. */
async function ordinaryTwin(registry: ReturnType<typeof newHub>['registry']): Promise<Registry> {
  const twin = new Registry();
  const registers = [twin];
  for (const { name, help, type, values } of await registry.getMetricsAsJSON()) {
    if (values.length === 0) continue;
    const labelNames = [...new Set(values.flatMap(({ labels }) => Object.keys(labels)))].filter(
      (key) => key !== 'le',
    );
    if (String(type) === 'histogram') {
      const bounds = [
        ...new Set(values.flatMap(({ labels }) => (labels.le === undefined ? [] : [labels.le]))),
      ];
      const buckets = bounds.map(Number).filter(Number.isFinite);
      const histogram = new Histogram({ name, help, labelNames, buckets, registers });
      for (const { value, labels, ...rest } of values) {
        const isCount = 'metricName' in rest && rest.metricName === `${name}_count`;
        for (let seen = 0; isCount && seen < value; seen += 1) histogram.observe(labels, 0.002);
      }
    } else if (String(type) === 'counter') {
      const counter = new Counter({ name, help, labelNames, registers });
      for (const { value, labels } of values) counter.inc(labels, value);
    } else {
      const gauge = new Gauge({ name, help, labelNames, registers });
      for (const { value, labels } of values) gauge.set(labels, value);
    }
  }
  return twin;
}

/** How many samples each contestant gives; they must agree. */
async function proveSameSeries(contestants: readonly Contestant[], policies: number): Promise<number> {
  let series: string | undefined;
  for (const { name, render } of contestants) {
    const found = (await render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const keys = found
      .map((line) => line.slice(0, line.lastIndexOf(' ')))
      .map(canonical)
      .sort();
    prove(keys.length > 50 * policies, `${name} shows ${policies} policies (${keys.length} samples)`);
    series ??= keys.join('\n');
    prove(series === keys.join('\n'), `${name} shows the series that the others show`);
  }
  const count = series?.split('\n').length ?? 0;
  proveCount('distinct series', new Set(series?.split('\n')).size, count);
  return count;
}

/** A series with its labels in the alphabet's order. */
function canonical(series: string): string {
  const open = series.indexOf('{');
  if (open < 0) return series;
  const labels = series.slice(open + 1, -1).match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [];
  return `${series.slice(0, open)}{${labels.sort().join(',')}}`;
}
