import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** A sample of an instant query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** A series of a range query. */
export interface RangeSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix time in seconds, and value. */
  readonly points: readonly (readonly [time: number, value: number])[];
}

/** What a range query covers: Unix times and the step, in seconds. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const point = z.tuple([z.number(), z.string().transform(sampleValue)]);
const labels = z.record(z.string(), z.string());
const answer = z.union([
  z.object({ status: z.literal('success'), data: z.unknown() }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);
const instant = z.union([
  z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: labels, value: point })),
  }),
  z.object({ resultType: z.literal('scalar'), result: point }),
]);
const range = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ metric: labels, values: z.array(point) })),
});
const rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      file: z.string(),
      interval: z.number(),
      rules: z.array(
        z.object({
          type: z.enum(['recording', 'alerting']),
          name: z.string(),
          health: z.string(),
          lastError: z.string().optional(),
          state: z.string().optional(),
        }),
      ),
    }),
  ),
});
const labelValues = z.array(z.string());
const activeTargets = z.object({
  activeTargets: z.array(z.object({ labels, health: z.string(), lastError: z.string() })),
});

/** A group of rules, and how its last evaluation went. */
export type RuleGroup = z.output<typeof rules>['groups'][number];
/** A target of the scraping, and how it is. */
export type ScrapeTarget = z.output<typeof activeTargets>['activeTargets'][number];

/** The HTTP API of a Prometheus. What Prometheus refuses is thrown with its own words. */
export class PrometheusApi {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** @param time Unix time in seconds; default: now */
  async query(query: string, time?: number): Promise<readonly Sample[]> {
    const at = time === undefined ? {} : { time: String(time) };
    const data = instant.parse(await this.#get('query', { query, ...at }));
    if (data.resultType === 'scalar') return [{ labels: {}, value: data.result[1], time: data.result[0] }];
    return data.result.map(({ metric, value: [sampleTime, value] }) => ({
      labels: metric,
      value,
      time: sampleTime,
    }));
  }

  async queryRange(query: string, { start, end, step }: Range): Promise<readonly RangeSeries[]> {
    const times = { start: String(start), end: String(end), step: String(step) };
    const { result } = range.parse(await this.#get('query_range', { query, ...times }));
    return result.map(({ metric, values }) => ({ labels: metric, points: values }));
  }

  async rules(): Promise<readonly RuleGroup[]> {
    return rules.parse(await this.#get('rules', {})).groups;
  }

  async targets(): Promise<readonly ScrapeTarget[]> {
    return activeTargets.parse(await this.#get('targets', {})).activeTargets;
  }

  /** The values of a label of the series that `match` selects. */
  async labelValues(label: string, match: string): Promise<readonly string[]> {
    return labelValues.parse(await this.#get(`label/${label}/values`, { 'match[]': match }));
  }

  /**
   * Waits until the series of each query in turn have a sample that was taken after those of the query before: what is
   * scraped first, and then what rules make of it.
   */
  async newSamples(...queries: readonly string[]): Promise<void> {
    for (const query of queries) {
      const since = Date.now() / 1_000;
      await until(`new samples of ${query}`, async () => {
        const times = await this.query(`timestamp(${query})`);
        return times.length > 0 && times.every(({ value }) => value > since);
      });
    }
  }

  async #get(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`, {
      signal: AbortSignal.timeout(20_000),
    });
    const body = answer.parse(await response.json());
    if (body.status === 'success') return body.data;
    throw new Error(`Prometheus answered ${body.errorType}: ${body.error}`);
  }
}

/** Waits until `holds`, looking often; a look that fails is one more try. Gives up after `timeoutMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let problem: unknown;
  while (performance.now() < deadline) {
    try {
      if (await holds()) return;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    await delay(20);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: problem });
}

function sampleValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}
