import { once } from 'node:events';
import { createServer, get, type RequestListener, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
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
  readonly milliseconds: number[];
  readonly heldUpMs: number[];
}

const names = {
  ordinary: 'the same series as ordinary prom-client metrics, registry.metrics()',
  ordinaryHttp: 'the same, over HTTP',
  own: 'breakwater, registry.metrics()',
  ownHttp: 'breakwater, its /metrics endpoint over HTTP',
} as const;

/** What a scrape costs, and for how long it holds up the event loop. */
export const scrape: Subject = {
  name: 'scrape',
  run: async (context) => {
    const { policies, rounds } = sizes[context.size];
    const hub = newHub();
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
        contestant(names.ordinaryHttp, () => fetched(twin)),
        contestant(names.ownHttp, () => fetched(endpoint)),
      ];
      const samples = await proveSameSeries(contestants, policies);
      for (let round = 1; round <= rounds; round += 1) {
        context.progress(`round ${round} of ${rounds}`);
        for (const each of contestants) await time(each);
      }
      const [base, own, baseHttp, ownHttp] = contestants;
      prove(base !== undefined && own !== undefined, 'registries were read');
      prove(baseHttp !== undefined && ownHttp !== undefined, 'endpoints were read');
      return {
        subject: 'scrape',
        title: `A scrape of ${policies} policies, ${samples} samples`,
        columns: ['contestant', 'ms', 'x ordinary', 'longest hold-up, ms'],
        rows: contestants.map((each) => [
          each.name,
          median(each.milliseconds),
          ratio(each, each === base || each === own ? base : baseHttp),
          median(each.heldUpMs),
        ]),
        targets: [
          target("the library's endpoint / ordinary metrics", ratio(ownHttp, baseHttp), 1 / 3, ''),
          target("longest hold-up by the library's endpoint", median(ownHttp.heldUpMs), 10, 'ms'),
        ],
        notes: ['The longest hold-up is the longest time for which the event loop took no turn.'],
      };
    } finally {
      for (const server of servers) server.close().closeAllConnections();
      await hub.close();
    }
  },
};

function target(figure: string, measured: number, bound: number, unit: string): Target {
  return { figure, measured, limit: 'at most', bound, unit };
}

function contestant(name: string, render: () => Promise<string>): Contestant {
  return { name, render, milliseconds: [], heldUpMs: [] };
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

/** One rendering, with the longest time for which the event loop took no turn. */
async function time(each: Contestant): Promise<void> {
  let longest = 0;
  let last = performance.now();
  let running = true;
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  const begun = performance.now();
  await each.render();
  each.milliseconds.push(performance.now() - begun);
  running = false;
  await new Promise((resolve) => setImmediate(resolve));
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
