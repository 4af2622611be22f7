import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';

/** A series and its values. */
export interface PrometheusSeries {
  readonly metric: Readonly<Record<string, string>>;
  /** Each an ISO 8601 time and the value as Prometheus writes it, with a space between. */
  readonly values: readonly string[];
}

/** What is asked. */
export interface RangeQuery {
  readonly query: string;
  /** In milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly stepMs: number;
  readonly auth?:
    | { readonly bearer: string }
    | { readonly username: string; readonly password: string }
    | undefined;
  readonly signal: AbortSignal;
  /** How long the answer may be. */
  readonly maxBytes: number;
  /** How much of the file its series may take, in bytes. */
  readonly roomBytes: number;
}

/** What a query gave. */
export interface PrometheusAnswer {
  readonly series: readonly PrometheusSeries[];
  /** Series that did not fit. */
  readonly leftOut: number;
  /** What the series take of the file, at most. */
  readonly bytes: number;
}

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.unknown()),
  }),
});

const resultOfMatrix = z.object({
  metric: z.record(z.string(), z.string()),
  values: z.array(z.tuple([z.number(), z.string()])).default([]),
});

const NO_MATRIX = ' with no matrix of values';

const refusal = z.object({ error: z.string() });

/** How many values are taken in before others get their turn. */
const VALUES_PER_TURN = 1_000;

/**
 * Asks for the values of a query over a stretch of time: as many series, from the first on, as there is room for.
 * Redirects are not followed: they would take credentials along.
 */
export async function queryRange(
  endpoint: URL,
  { query, start, end, stepMs, auth, signal, maxBytes, roomBytes }: RangeQuery,
): Promise<PrometheusAnswer> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(auth === undefined ? {} : { authorization: authorization(auth) }),
    },
    body: new URLSearchParams({
      query,
      start: String(start / 1_000),
      end: String(end / 1_000),
      step: String(stepMs / 1_000),
    }),
    redirect: 'error',
    signal,
  });
  const body = parsed(await boundedText(response, maxBytes));
  const matrix = answer.safeParse(body);
  if (!response.ok || !matrix.success) {
    const told = refusal.safeParse(body);
    const why = told.success ? `: ${told.data.error}` : matrix.success ? '' : NO_MATRIX;
    throw new Error(`Prometheus answered ${response.status}${why}`);
  }
  return await thatFit(matrix.data.data.result, roomBytes);
}

async function thatFit(results: readonly unknown[], roomBytes: number): Promise<PrometheusAnswer> {
  const series: PrometheusSeries[] = [];
  let bytes = 0;
  let sinceTurn = 0;
  for (const result of results) {
    const read = resultOfMatrix.safeParse(result);
    if (!read.success) throw new Error(`Prometheus answered${NO_MATRIX}`);
    const { metric, values } = read.data;
    const one = {
      metric,
      values: values.map(([at, value]) => `${new Date(at * 1_000).toISOString()} ${value}`),
    };
    const size = sizeOf(one);
    if (bytes + size > roomBytes) break;
    bytes += size;
    series.push(one);
    sinceTurn += values.length + 1;
    if (sinceTurn < VALUES_PER_TURN) continue;
    sinceTurn = 0;
    await turn();
  }
  return { series, leftOut: results.length - series.length, bytes };
}

/** As it is in the file, indentation included. */
function sizeOf(series: PrometheusSeries): number {
  return Buffer.byteLength(JSON.stringify(series, undefined, 1)) * 2;
}

function authorization(auth: NonNullable<RangeQuery['auth']>): string {
  if ('bearer' in auth) return `Bearer ${auth.bearer}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}

async function boundedText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > maxBytes) throw new Error(`Prometheus answered with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
