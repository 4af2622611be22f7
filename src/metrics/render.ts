import { setImmediate as nextTurn } from 'node:timers/promises';
import { options, parseOptions } from '../core/options.ts';
import { type SharedFamily, sharedFamilyOf } from './family.ts';
import { FamilyText, type MetricWriter } from './family-text.ts';
import { counterName, isOpenMetrics, type MetricsRegistry } from './prom-metrics.ts';
import { metricsRegistry } from './registration.ts';
import { SharedRuns } from './shared-runs.ts';
import { Slices } from './slices.ts';

/** Characters from which on a part is complete. */
const PART_LENGTH = 65_536;

const argument = options({ registry: metricsRegistry });

/** The texts of metrics, by metric. */
type Texts = ReadonlyMap<object, readonly Uint8Array[]>;

/** The rendering of this library's families, for all who scrape a registry at the same time. */
const runs = new WeakMap<MetricsRegistry, SharedRuns<Texts>>();

/**
 * The text of all metrics of a registry, as `registry.metrics()` has it: for applications that serve their metrics
 * by themselves. `registry.contentType` is its media type.
 *
 * This library's metrics are rendered several times faster than by prom-client, and in slices of a few milliseconds,
 * each in a turn of the event loop of its own, so that, however many policies there are, no call is held up for
 * longer. Each scrape sees all that happened before it; one that lasts over several turns is no snapshot of one
 * moment, but the buckets, sum and count of each histogram agree. Scrapes at the same time share the rendering. All
 * other metrics in the registry are collected and written by prom-client, each at one go.
 *
 * @returns the text in UTF-8, in parts to be sent one after the other
 * @throws {InvalidOptionsError} when `registry` is none
 * @throws whatever a metric that is not this library's throws when it is collected
 */
export async function renderMetrics(registry: MetricsRegistry): Promise<readonly Uint8Array[]> {
  parseOptions(argument, { registry }, '', 'The argument of renderMetrics()');
  if (!isWriter(registry)) return [Buffer.from(await registry.metrics())];
  const metrics = registry.getMetricsAsArray();
  const foreign = await foreignTexts(registry, metrics);
  const own = await ownRuns(registry).run();
  const openMetrics = isOpenMetrics(registry);
  const between = Buffer.from(openMetrics ? '\n' : '\n\n');
  const parts = metrics.flatMap((metric) => {
    const text = own.get(metric) ?? foreign.get(metric);
    // A family whose last hub has left meanwhile has none.
    return text === undefined ? [] : [between, ...text];
  });
  return [...parts.slice(1), Buffer.from(openMetrics ? '\n# EOF\n' : '\n')];
}

function isWriter(registry: MetricsRegistry): registry is MetricWriter {
  return 'getMetricsAsString' in registry && typeof registry.getMetricsAsString === 'function';
}

/**
 * All are asked before any is waited for, as prom-client does it, but each whose values are at hand is written before
 * the next is asked.
 */
async function foreignTexts(
  writer: MetricWriter,
  metrics: ReturnType<MetricWriter['getMetricsAsArray']>,
): Promise<Texts> {
  const slices = new Slices();
  const texts: Promise<[object, readonly Uint8Array[]]>[] = [];
  for (const metric of metrics) {
    if (sharedFamilyOf(metric) !== undefined) continue;
    // As `registry.metrics()` does.
    if (String(metric.type) === 'counter') metric.name = counterName(writer, metric.name);
    const text = writer
      .getMetricsAsString(metric)
      .then((written): [object, readonly Uint8Array[]] => [metric, [Buffer.from(written)]]);
    texts.push(text);
    await Promise.race([text.catch(() => {}), nextTurn()]);
    if (slices.used) await slices.next();
  }
  return new Map(await Promise.all(texts));
}

function ownRuns(writer: MetricWriter): SharedRuns<Texts> {
  const known = runs.get(writer);
  if (known !== undefined) return known;
  const made = new SharedRuns(() => ownTexts(writer));
  runs.set(writer, made);
  return made;
}

async function ownTexts(writer: MetricWriter): Promise<Texts> {
  const slices = new Slices();
  const texts = new Map<object, readonly Uint8Array[]>();
  for (const metric of writer.getMetricsAsArray()) {
    const family = sharedFamilyOf(metric);
    if (family !== undefined) texts.set(metric, await familyText(writer, family, slices));
  }
  return texts;
}

async function familyText(
  writer: MetricWriter,
  family: SharedFamily,
  slices: Slices,
): Promise<readonly Uint8Array[]> {
  const { series, rows } = family.read();
  const template = await FamilyText.of(writer, family, series);
  const parts: Uint8Array[] = [];
  let text = template.head;
  for (const row of rows) {
    text += template.row(row);
    if (text.length >= PART_LENGTH) {
      parts.push(Buffer.from(text));
      text = '';
    }
    if (slices.used) await slices.next();
  }
  parts.push(Buffer.from(text));
  return parts;
}
