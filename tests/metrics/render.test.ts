import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry, Summary } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvalidOptionsError } from '../../src/core/errors.ts';
import { HubMetrics, type HubMetricsOptions } from '../../src/metrics/hub-metrics.ts';
import type { MetricsRegistry } from '../../src/metrics/prom-metrics.ts';
import { renderMetrics } from '../../src/metrics/render.ts';
import { sloOptions } from '../../src/slo/live/options.ts';
import { SloRegistry } from '../../src/slo/live/registry.ts';
import { fc } from '../fast-check.ts';
import { deferred } from '../support.ts';
import { parseExposition } from './exposition.ts';
import { live, threw } from './outcomes.ts';

let registry: Registry;
const open: HubMetrics[] = [];

beforeEach(() => {
  registry = new Registry();
});

afterEach(() => {
  vi.useRealTimers();
  for (const hub of open.splice(0)) hub.close();
});

function newHub(options: Partial<HubMetricsOptions> = {}): HubMetrics {
  const hub = new HubMetrics({ registry, version: '1.2.3', ...options });
  open.push(hub);
  return hub;
}

function openMetricsRegistry(): Registry<OpenMetricsContentType> {
  const made = new Registry<OpenMetricsContentType>();
  made.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return made;
}

async function rendered(from: MetricsRegistry = registry): Promise<string> {
  return Buffer.concat(await renderMetrics(from)).toString();
}

/** Lets a millisecond pass whenever somebody looks at the clock, so that the rendering is in many slices. */
function slowClock(): void {
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 1;
    return now;
  });
}

/** Calls `work` in each turn of the event loop until `until` has settled; gives the number of turns. */
async function eachTurn(until: Promise<unknown>, work: (turn: number) => void): Promise<number> {
  let turns = 0;
  let over = false;
  const end = () => {
    over = true;
  };
  until.then(end, end);
  while (!over) {
    work(turns);
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return turns;
}

/** Metrics of each kind that are not the library's. */
function addForeign(to: MetricsRegistry, label: string): void {
  const registers = [to];
  new Counter({ name: 'theirs_total', help: 'A \\ counter\nof theirs.', labelNames: ['of'], registers }).inc(
    { of: label },
    3,
  );
  const gauge = new Gauge({ name: 'their_gauge', help: 'A gauge.', labelNames: ['of'], registers });
  gauge.set({ of: label }, Number.NaN);
  gauge.set({ of: 'up' }, Number.POSITIVE_INFINITY);
  gauge.set({ of: 'down' }, Number.NEGATIVE_INFINITY);
  new Histogram({ name: 'their_seconds', help: 'A histogram.', buckets: [0.1, 1], registers }).observe(0.5);
  new Summary({ name: 'their_summary', help: 'A summary.', percentiles: [0.5], registers }).observe(2);
  new Gauge({ name: 'their_async', help: 'Takes a while.', registers, collect: collectLater });
}

async function collectLater(this: Gauge): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  this.set(42);
}

describe('the text', () => {
  const labelValue = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.constantFrom('a"b', 'a\\nb', 'a\nb', '\\', '{}', ' ', '⛵', '__proto__', 'policy="x"', '\0'),
  );
  const defaultLabels = fc.dictionary(
    fc.constantFrom('service', 'policy', 'outcome', 'le', 'sli', 'component', 'zone'),
    fc.oneof(labelValue, fc.integer()),
    { maxKeys: 4 },
  );
  const calls = fc.array(
    fc.record({
      durationMs: fc.double({ min: 0, max: 40_000, noNaN: true }),
      good: fc.boolean(),
      trace: fc.option(fc.dictionary(fc.constantFrom('trace_id', 'span_id'), labelValue, { minKeys: 1 }), {
        nil: undefined,
      }),
    }),
    {
      maxLength: 5,
    },
  );
  const hubs = fc.array(fc.dictionary(labelValue, calls, { maxKeys: 4, noNullPrototype: true }), {
    minLength: 1,
    maxLength: 3,
  });

  test.each([
    ['Prometheus', () => new Registry()],
    ['OpenMetrics', openMetricsRegistry],
  ] as const)('is that of registry.metrics(), in %s', async (_, makeRegistry) => {
    await fc.assert(
      fc.asyncProperty(
        hubs,
        defaultLabels,
        fc.boolean(),
        labelValue,
        async (given, defaults, first, label) => {
          const own = makeRegistry();
          own.setDefaultLabels(defaults);
          if (first) addForeign(own, label);
          const made = given.map((policies) => {
            const slo = new SloRegistry();
            const hub = new HubMetrics({ registry: own, version: '1', families: slo.metricFamilies });
            hub.trackIncidents(['declared', 'resolved'], ['log']);
            for (const [name, made] of Object.entries(policies)) {
              const tracker = slo.track(name, sloOptions.parse({ availability: 0.9, periodMs: 1_000_000 }));
              const recorder = hub.policy(name, { sliSink: tracker });
              hub.watchCircuits(name, () => ['open', 'closed']);
              for (const { durationMs, good, trace } of made) {
                recorder.callEnded(
                  good ? 'success' : 'failure',
                  good ? live() : threw('transient'),
                  durationMs,
                  1,
                  trace,
                );
              }
            }
            return hub;
          });
          if (!first) addForeign(own, label);
          const text = await rendered(own);
          expect(text).toBe(await own.metrics());
          expect(await rendered(own)).toBe(text);
          for (const hub of made) hub.close();
          expect(await rendered(own)).toBe(await own.metrics());
        },
      ),
      { numRuns: 60 },
    );
  });

  test('adds up what several hubs counted for a policy', async () => {
    await fc.assert(
      fc.asyncProperty(hubs, async (given) => {
        const own = new Registry();
        const expected = new Map<string, { good: number; all: number; seconds: number }>();
        const made = given.map((policies) => {
          const hub = new HubMetrics({ registry: own, version: '1' });
          for (const [name, made] of Object.entries(policies)) {
            const recorder = hub.policy(name);
            const sum = expected.get(name) ?? { good: 0, all: 0, seconds: 0 };
            for (const { durationMs, good } of made) {
              recorder.callEnded(
                good ? 'success' : 'failure',
                good ? live() : threw('transient'),
                durationMs,
                1,
              );
              sum.all += 1;
              sum.good += good ? 1 : 0;
              sum.seconds += durationMs / 1_000;
            }
            expected.set(name, sum);
          }
          return hub;
        });
        const { value, all } = parseExposition(await rendered(own));
        for (const [policy, { good, all: count, seconds }] of expected) {
          expect(value('breakwater_calls_total', { policy, outcome: 'success' })).toBe(good);
          expect(value('breakwater_call_duration_seconds_count', { policy })).toBe(count);
          expect(value('breakwater_call_duration_seconds_sum', { policy })).toBeCloseTo(seconds, 6);
        }
        expect(all('breakwater_calls_in_flight')).toHaveLength(expected.size);
        expect(value('breakwater_build_info', { version: '1' })).toBe(1);
        for (const hub of made) hub.close();
      }),
      { numRuns: 60 },
    );
  });

  test('has numbers of all kinds', async () => {
    const numbers = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
      0.1 + 0.2,
      1e21,
      -1e-7,
      Number.MAX_SAFE_INTEGER,
    ];
    const definition = {
      name: 'numbers',
      type: 'gauge',
      help: 'Of all \\ kinds.',
      labelNames: ['a', 'b', 'at'],
      aggregation: 'sum',
    } as const;
    const series = numbers.map((_, at) => ({ labels: { at } }));
    const owners = () => [{ labels: { a: 'one', b: 2 }, values: () => [...numbers, undefined] }];
    newHub({ families: [{ definition, series, owners }] });
    const text = await rendered();
    expect(text).toContain('\nnumbers{a="one",b="2",at="2"} -Inf\n');
    // The text format spells it so; prom-client does not.
    expect(text).toBe((await registry.metrics()).replace(' Nan\n', ' NaN\n'));
  });

  test('comes in parts', async () => {
    const hub = newHub();
    for (let index = 0; index < 100; index += 1) hub.policy(`ship ⛵ ${index}`);
    const parts = await renderMetrics(registry);
    expect(parts.filter(({ length }) => length > 60_000).length).toBeGreaterThan(3);
    for (const { length } of parts) expect(length).toBeLessThan(80_000);
    expect(Buffer.concat(parts).toString()).toBe(await registry.metrics());
  });

  test('keeps the exemplars of metrics that are not ours', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const own = openMetricsRegistry();
    const counter = new Counter({
      name: 'theirs_total',
      help: 'With exemplars.',
      enableExemplars: true,
      registers: [own],
    });
    counter.inc({ value: 2, exemplarLabels: { trace_id: 'abc' } });
    newHub({ registry: own }).policy('p');
    const text = await rendered(own);
    expect(text).toContain('theirs_total 2 # {trace_id="abc"} 2');
    expect(text).toBe(await own.metrics());
  });

  test('ends OpenMetrics with # EOF, also where there is nothing else', async () => {
    expect(await rendered(openMetricsRegistry())).toMatch(/# EOF\n$/);
    expect((await rendered(new Registry())).trim()).toBe('');
  });

  test('is that of registry.metrics() where prom-client cannot write a single metric', async () => {
    newHub().policy('p');
    const text = await registry.metrics();
    Object.assign(registry, { getMetricsAsString: undefined, metrics: () => Promise.resolve(text) });
    expect(await rendered()).toBe(text);
  });

  test('has the metrics of other copies of the package', async () => {
    newHub().policy('p').callEnded('success', live(), 1, 1);
    vi.resetModules();
    const copy = await import('../../src/metrics/hub-metrics.ts');
    const copied = await import('../../src/metrics/render.ts');
    const other = new copy.HubMetrics({ registry, version: '1.3.0' });
    other.policy('p').callEnded('success', live(), 1, 1);
    const text = await registry.metrics();
    const whole = vi.spyOn(registry, 'metrics');
    expect(await rendered()).toBe(text);
    expect(Buffer.concat(await copied.renderMetrics(registry)).toString()).toBe(text);
    expect(text).toContain('breakwater_calls_total{policy="p",outcome="success"} 2');
    expect(whole).not.toHaveBeenCalled();
    other.close();
  });

  test('of what is no registry is refused', async () => {
    const call: unknown = Reflect.apply(renderMetrics, undefined, [{}]);
    await expect(call).rejects.toThrow(InvalidOptionsError);
  });
});

describe('a long rendering', () => {
  test('leaves no trace of a hub that closes before its turn', async () => {
    const gauge = deferred<void>();
    const slow = new Gauge({
      name: 'slow',
      help: 'slow',
      registers: [registry],
      collect: () => gauge.promise,
    });
    slow.set(1);
    const hub = newHub();
    hub.policy('database');
    const text = renderMetrics(registry);
    hub.close();
    gauge.resolve();
    expect(Buffer.concat([...(await text)]).toString()).toBe(await registry.metrics());
  });

  test('lets the event loop turn after each slice', async () => {
    const hub = newHub();
    let turn = 0;
    const readIn: number[] = [];
    vi.useFakeTimers({ toFake: ['performance', 'Date'] });
    for (let index = 0; index < 20; index += 1) {
      hub.policy(`policy-${index}`);
      hub.watchCircuits(`policy-${index}`, () => {
        vi.advanceTimersByTime(7);
        readIn.push(turn);
        return ['closed'];
      });
    }
    const text = renderMetrics(registry);
    await eachTurn(text, () => {
      turn += 1;
    });
    expect(readIn).toHaveLength(20);
    expect(new Set(readIn).size).toBe(20);
  });

  test('has each histogram of one moment, though calls end meanwhile', async () => {
    slowClock();
    const hub = newHub({ durationBuckets: [0.01, 0.1] });
    const recorders = Array.from({ length: 30 }, (_, index) => hub.policy(`policy-${index}`));
    const text = rendered();
    const turns = await eachTurn(text, () => {
      for (const recorder of recorders) recorder.callEnded('success', live(), 50, 1);
    });
    const { value } = parseExposition(await text);
    const counts = recorders.map((_, index) => {
      const policy = `policy-${index}`;
      const count = value('breakwater_call_duration_seconds_count', { policy });
      expect(value('breakwater_call_duration_seconds_bucket', { policy, le: '0.1' })).toBe(count);
      expect(value('breakwater_call_duration_seconds_bucket', { policy, le: '+Inf' })).toBe(count);
      expect(value('breakwater_call_duration_seconds_sum', { policy })).toBeCloseTo((count ?? 0) * 0.05, 6);
      return count ?? 0;
    });
    // The calls did end while the histograms were read.
    expect(turns).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeGreaterThan(Math.min(...counts));
  });

  test('has every policy once, though policies come and go meanwhile', async () => {
    slowClock();
    const hub = newHub();
    for (let index = 0; index < 10; index += 1) hub.policy(`stays-${index}`).callStarted();
    hub.policy('flickers');
    const other = newHub();
    const text = rendered();
    const turns = await eachTurn(text, (turn) => {
      hub.remove('flickers');
      hub.policy('flickers').callStarted();
      hub.policy(`new-${turn}`);
      hub.remove(`new-${turn - 3}`);
      if (turn === 20) other.close();
      if (turn === 40) newHub().policy('stays-1').callStarted();
    });
    expect(turns).toBeGreaterThan(60);
    // Reads strictly: a sample twice is an error.
    const { value } = parseExposition(await text);
    for (let index = 0; index < 10; index += 1) {
      const policy = `stays-${index}`;
      expect(value('breakwater_calls_in_flight', { policy })).toBeGreaterThanOrEqual(1);
      expect(value('breakwater_attempts_total', { policy, outcome: 'success' })).toBe(0);
    }
  });

  test('survives that its hub closes meanwhile', async () => {
    slowClock();
    const hub = newHub();
    for (let index = 0; index < 10; index += 1) hub.policy(`policy-${index}`);
    const text = rendered();
    await eachTurn(text, (turn) => {
      if (turn === 10) hub.close();
    });
    expect(parseExposition(await text).types.has('breakwater_calls_total')).toBe(true);
    expect((await rendered()).trim()).toBe('');
  });

  test('goes on under fake timers', async () => {
    vi.useFakeTimers();
    const hub = newHub();
    for (const name of ['one', 'two', 'three']) {
      hub.policy(name);
      hub.watchCircuits(name, () => {
        vi.advanceTimersByTime(10);
        return ['open'];
      });
    }
    expect(await rendered()).toContain('breakwater_circuit_state{policy="three",state="open"} 1');
  });
});

describe('scrapes at the same time', () => {
  /** A hub whose circuits are read once per rendering. */
  function countedHub() {
    const hub = newHub();
    const renderings = vi.fn(() => ['closed'] as const);
    const recorder = hub.policy('p');
    hub.watchCircuits('p', renderings);
    return { hub, renderings, recorder };
  }

  test('share one rendering, and not one that began before them', async () => {
    slowClock();
    const { renderings, recorder } = countedHub();
    const early = rendered();
    const scrapes: Promise<string>[] = [];
    await eachTurn(early, (turn) => {
      if (turn === 5) recorder.callEnded('success', live(), 1, 1);
      if (turn >= 5 && scrapes.length < 20) scrapes.push(rendered(), rendered());
    });
    expect(scrapes.length).toBeGreaterThanOrEqual(10);
    const texts = await Promise.all(scrapes);
    expect(renderings).toHaveBeenCalledTimes(2);
    for (const text of texts) {
      expect(text).toContain('breakwater_calls_total{policy="p",outcome="success"} 1');
    }
    await rendered();
    expect(renderings).toHaveBeenCalledTimes(3);
  });

  test('do not wait for each other’s metrics that are not ours', async () => {
    countedHub();
    const first = deferred<void>();
    let collected = 0;
    const collect = async (): Promise<void> => {
      collected += 1;
      if (collected === 1) await first.promise;
    };
    new Gauge({ name: 'their_gauge', help: 'Hangs once.', registers: [registry], collect });
    const hanging = rendered();
    await eachTurn(rendered(), () => {});
    expect(await rendered()).toContain('their_gauge 0');
    first.resolve();
    expect(await hanging).toContain('their_gauge 0');
  });

  test('of different registries are apart', async () => {
    slowClock();
    const { renderings } = countedHub();
    const other = new Registry();
    newHub({ registry: other }).policy('elsewhere');
    const [one, two] = await Promise.all([rendered(), rendered(other)]);
    expect(one).toContain('policy="p"');
    expect(two).toContain('policy="elsewhere"');
    expect(renderings).toHaveBeenCalledTimes(1);
  });
});

describe('metrics that are not ours', () => {
  test('are collected side by side', async () => {
    const bothAsked = deferred<void>();
    let asked = 0;
    const collect = async (): Promise<void> => {
      asked += 1;
      if (asked === 2) bothAsked.resolve();
      await bothAsked.promise;
    };
    for (const name of ['one', 'two']) new Gauge({ name, help: 'Waits.', registers: [registry], collect });
    expect(await rendered()).toContain('two 0');
  });

  test.each(['collected', 'written'])('are %s in turns of their own', async (when) => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] });
    let turn = 0;
    const worked: number[] = [];
    const takeLong = (): void => {
      vi.advanceTimersByTime(7);
      worked.push(turn);
    };
    class LongText extends Gauge {
      override async get() {
        const labels = {
          get label() {
            takeLong();
            return 'value';
          },
        };
        return { ...(await super.get()), values: [{ value: 1, labels }] };
      }
    }
    for (const name of ['one', 'two', 'three']) {
      const configuration = { name, help: 'Takes long.', registers: [registry] };
      if (when === 'collected') new Gauge({ ...configuration, collect: takeLong });
      else new LongText(configuration);
    }
    await eachTurn(rendered(), () => {
      turn += 1;
    });
    expect(worked).toHaveLength(3);
    expect(new Set(worked).size).toBe(3);
  });

  test('that cannot be collected fail the scrape, and no other', async () => {
    let broken = true;
    vi.useFakeTimers({ toFake: ['performance', 'Date'] });
    const fail = (): void => {
      // So that it has failed long before all others are asked.
      vi.advanceTimersByTime(7);
      if (broken) throw new Error('gone');
    };
    new Gauge({ name: 'one', help: 'Fails at once.', registers: [registry], collect: fail });
    const failLater = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      fail();
    };
    new Gauge({ name: 'two', help: 'Fails later.', registers: [registry], collect: failLater });
    newHub().policy('p');
    await expect(rendered()).rejects.toThrow('gone');
    broken = false;
    expect(await rendered()).toContain('one 0');
  });
});
