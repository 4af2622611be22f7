import { exemplarText } from './exemplars.ts';
import type { FamilyReading, Labels, Row, SharedFamily } from './family.ts';
import { labelText } from './label-text.ts';
import { counterName, isOpenMetrics, type MetricsRegistry, sharedSample } from './prom-metrics.ts';

/** A registry whose prom-client can write a single metric: all of version 15 do. */
export type MetricWriter = MetricsRegistry & {
  getMetricsAsString(metric: object): Promise<string>;
};

/** No label value in a template has it but the owner's. */
const ANYBODY = '\0';

/**
 * A family as its registry's prom-client writes it, with one sample for each series, in which only the owner's labels
 * and the value are still to be filled in. Names, escaping, default labels and the format are prom-client's own.
 */
export class FamilyText {
  /** The lines before the first sample. */
  readonly head: string;
  readonly #before: readonly string[];
  readonly #after: readonly string[];
  readonly #hasExemplars: boolean;

  private constructor(text: string, owner: Labels, hasExemplars: boolean) {
    const [help = '', type = '', ...lines] = text.split('\n');
    const ownerText = labelText(owner);
    const at = lines.map((line) => line.indexOf(ownerText));
    this.#hasExemplars = hasExemplars;
    this.head = `${help}\n${type}`;
    this.#before = lines.map((line, index) => `\n${line.slice(0, at[index])}`);
    // The value is the last character.
    this.#after = lines.map((line, index) => line.slice((at[index] ?? 0) + ownerText.length, -1));
  }

  static async of(
    writer: MetricWriter,
    family: SharedFamily,
    series: FamilyReading['series'],
  ): Promise<FamilyText> {
    const { name, help, type, labelNames, aggregation } = family.definition;
    const inSeries = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
    const ofOwner = labelNames.filter((label) => !inSeries.has(label));
    const owner: Labels = Object.fromEntries(ofOwner.map((label) => [label, ANYBODY]));
    const values = series.map(({ labels, suffix }) =>
      sharedSample(0, owner, labels, suffix === undefined ? undefined : name + suffix),
    );
    const exposedName = type === 'counter' ? counterName(writer, name) : name;
    const metric = { name: exposedName, help, type, aggregator: aggregation, values };
    const text = await writer.getMetricsAsString({ get: async () => metric });
    return new FamilyText(text, owner, isOpenMetrics(writer));
  }

  /** The lines of an owner's samples, each with the line feed before it. */
  row({ owner, values, exemplars: given }: Row): string {
    const exemplars = this.#hasExemplars ? given : undefined;
    const ownerText = labelText(owner);
    let text = '';
    for (let at = 0; at < this.#before.length; at += 1) {
      const value = values[at];
      if (value === undefined) continue;
      text += this.#before[at] + ownerText + this.#after[at] + valueText(value);
      const exemplar = exemplars?.[at];
      if (exemplar !== undefined) text += exemplarText(exemplar);
    }
    return text;
  }
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
