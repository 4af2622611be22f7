/** What `/metrics` answered: values by series, whose labels are in order. */
export type Scrape = ReadonlyMap<string, number>;

/** The series of a scrape with their values; of one policy alone where one is named. */
export function readScrape(text: string, policy?: string): Scrape {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (policy !== undefined && !line.includes(`policy="${policy}"`)) continue;
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) continue;
    const [, name = '', labels = '', value = ''] = match;
    samples.set(`${name}{${labels.split(',').sort().join(',')}}`, Number(value));
  }
  return samples;
}

/** The sum of the differences of a metric's series with those labels. */
export function grown(
  before: Scrape,
  after: Scrape,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const [series, value] of after) {
    const isOf = series.startsWith(`breakwater_${name}{`);
    if (isOf && Object.entries(labels).every(([label, wanted]) => series.includes(`${label}="${wanted}"`))) {
      sum += value - (before.get(series) ?? 0);
    }
  }
  return sum;
}

/** Prometheus' `histogram_quantile` over the growth of a histogram of seconds, in milliseconds. */
export function quantileMs(q: number, before: Scrape, after: Scrape, name: string): number {
  const buckets = [...after]
    .filter(([series]) => series.startsWith(`breakwater_${name}_bucket{`))
    .map(([series, value]) => ({
      le: Number(/le="([^"]+)"/.exec(series)?.[1]?.replace('+Inf', 'Infinity')),
      count: value - (before.get(series) ?? 0),
    }))
    .sort((a, b) => a.le - b.le);
  const total = buckets.at(-1)?.count ?? 0;
  const rank = q * total;
  const at = buckets.findIndex(({ count }) => count >= rank);
  const [lower, upper] = [buckets[at - 1] ?? { le: 0, count: 0 }, buckets[at]];
  if (upper === undefined) throw new Error('the histogram is empty');
  if (upper.le === Number.POSITIVE_INFINITY) return lower.le * 1_000;
  return (lower.le + ((upper.le - lower.le) * (rank - lower.count)) / (upper.count - lower.count)) * 1_000;
}
