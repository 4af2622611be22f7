import { z } from 'zod';
import { wallNow } from '../../core/clock.ts';
import { durationMs, options, parseOptions, shown, text } from '../../core/options.ts';
import { summarizeError } from '../redact.ts';
import type { CollectContext, Collector } from './collector.ts';
import { collectorBounds, collectorName } from './options.ts';
import { type PrometheusSeries, queryRange } from './prometheus-query.ts';

/** Options of `prometheusCollector()`. */
export interface PrometheusCollectorOptions {
  /** Its file is `prometheus-<name>.json`. Default `metrics`. */
  readonly name?: string | undefined;
  /** Where Prometheus is, such as `http://prometheus:9090`; http or https, without credentials. */
  readonly url: string;
  /** PromQL by name, 1 to 50 queries. */
  readonly queries: Readonly<Record<string, string>>;
  /** How far back the queries look, in milliseconds. Default 3 600 000, an hour. */
  readonly rangeMs?: number | undefined;
  /** How far apart the values are, in milliseconds, 1 000 or more. Default 15 000. */
  readonly stepMs?: number | undefined;
  /** Default: none. */
  readonly auth?:
    | { readonly bearer: string }
    | { readonly username: string; readonly password: string }
    | undefined;
  /** How long all queries together may take, in milliseconds. Default: see `collectors`. */
  readonly timeoutMs?: number | undefined;
  /** How large the file may become, in bytes; series beyond it are left out and counted. Default: see `collectors`. */
  readonly maxBytes?: number | undefined;
}

const url = z.custom<string>((value) => typeof value === 'string' && isUrl(value), {
  error: ({ input }) =>
    `must be a http or https URL without credentials, such as 'http://prometheus:9090', not ${
      typeof input === 'string' ? 'this' : shown(input)
    }`,
});

function isUrl(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const { username, password, search, hash } = new URL(value);
  return username === '' && password === '' && search === '' && hash === '';
}

const MAX_QUERIES = 50;
const MAX_POINTS = 11_000;

const schema = options({
  name: collectorName.default('metrics'),
  url,
  queries: z
    .record(collectorName, text, {
      error: ({ input }) => `must be an object of queries by name, not ${shown(input)}`,
    })
    .refine((queries) => Object.keys(queries).length >= 1 && Object.keys(queries).length <= MAX_QUERIES, {
      error: `must have 1 to ${MAX_QUERIES} queries`,
    }),
  rangeMs: durationMs.default(3_600_000),
  stepMs: durationMs.refine((ms) => ms >= 1_000, { error: 'must be 1 000 or more' }).default(15_000),
  auth: z
    .union([options({ bearer: text }), options({ username: text, password: text })], {
      error: 'must be { bearer } or { username, password }',
    })
    .optional(),
  ...collectorBounds,
}).refine(({ rangeMs, stepMs }) => rangeMs / stepMs <= MAX_POINTS, {
  path: ['stepMs'],
  error: `must leave at most ${MAX_POINTS} values a series, which is what Prometheus gives`,
});

/** What is in the file for each query. */
interface QueryResult {
  readonly query: string;
  readonly series?: readonly PrometheusSeries[];
  /** Series that did not fit. */
  readonly leftOut?: number;
  readonly error?: string;
}

/**
 * What named queries gave over the last hour, from the HTTP API of Prometheus or of what speaks it.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options
 */
export function prometheusCollector(given: PrometheusCollectorOptions): Collector {
  const settings = parseOptions(schema, given, '', 'Options of prometheusCollector()');
  const { name, rangeMs, stepMs, auth, timeoutMs, maxBytes } = settings;
  const queries = Object.entries(settings.queries);
  const endpoint = new URL(`${settings.url.replace(/\/+$/, '')}/api/v1/query_range`);
  return {
    name: `prometheus-${name}`.slice(0, 64),
    file: `prometheus-${name}.json`,
    timeoutMs,
    maxBytes,
    async collect({ signal, maxBytes: limit }: CollectContext) {
      const end = wallNow();
      const range = { start: end - rangeMs, end, stepMs };
      const results: Record<string, QueryResult> = {};
      let failure: unknown;
      let room = limit;
      for (const [key, query] of queries) {
        try {
          const bounds = { maxBytes: limit * 4, roomBytes: room / 2 };
          const answer = await queryRange(endpoint, { query, ...range, auth, signal, ...bounds });
          const { series, leftOut, bytes } = answer;
          room -= bytes;
          results[key] = { query, series, ...(leftOut === 0 ? {} : { leftOut }) };
        } catch (error) {
          if (signal.aborted) throw error;
          failure = error;
          results[key] = { query, error: summarizeError(error).message };
        }
      }
      if (failure !== undefined && Object.values(results).every(({ error }) => error !== undefined))
        throw failure;
      const [from, to] = [range.start, end].map((at) => new Date(at).toISOString());
      return { json: { from, to, stepMs, queries: results } };
    },
  };
}
