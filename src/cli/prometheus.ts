import { z } from 'zod';
import type { InstantSample, PromAnswer } from '../slo/gate/question.ts';
import { printable } from '../slo/spec/problems.ts';
import { type GetAnswer, get } from './http.ts';

/** The answer of thousands of objectives is smaller, in bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_MESSAGE_LENGTH = 300;
/** Further apart, in milliseconds, no two clocks of machines that are looked after are. */
const MAX_CLOCK_DIFFERENCE_MS = 10 * 60_000;

/** Where Prometheus is and how it is asked. */
export interface PrometheusOptions {
  /** Its address; a path, as of `https://host/prometheus`, is kept. */
  readonly url: URL;
  readonly headers: Headers;
  /** For each query, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

const strings = z.array(z.string()).nullish();

const success = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
  warnings: strings,
  /** VictoriaMetrics' word for an answer of which some store was missing. */
  isPartial: z.boolean().optional(),
});

const failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

/** Prometheus' HTTP API, as far as the release gate needs it. */
export class PrometheusClient {
  readonly #options: PrometheusOptions;

  constructor(options: PrometheusOptions) {
    this.#options = options;
  }

  /** Puts an instant query. Never rejects; what is not a complete and recent answer is said to be none, or warned of. */
  readonly query = async (query: string): Promise<PromAnswer> => {
    const { url, headers, timeoutMs, now } = this.#options;
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
    target.searchParams.set('query', query);
    const answer = await get({ url: target, headers, timeoutMs, maxBytes: MAX_ANSWER_BYTES });
    return read(answer, now());
  };
}

function read(answer: GetAnswer, now: number): PromAnswer {
  if (!answer.ok) return no(answer.problem);
  const { status, body } = answer;
  const json = parseJson(body);
  const failed = failure.safeParse(json);
  if (failed.success) {
    return no(
      `it answered HTTP ${status} with an error: ${message(failed.data.errorType)}: ${message(failed.data.error)}`,
    );
  }
  if (status === 401 || status === 403)
    return no(`it refuses the credentials, or asks for some (HTTP ${status})`);
  if (status !== 200) return no(`it answered HTTP ${status}`);
  const parsed = success.safeParse(json);
  if (!parsed.success) return no('its answer is not one of Prometheus to an instant query');
  const { data, warnings, isPartial } = parsed.data;
  const samples = data.result.map(
    ({ metric, value: [timeSeconds, value] }): InstantSample => ({
      labels: metric,
      value: numberOf(value),
      timeSeconds,
    }),
  );
  const apart = Math.max(0, ...samples.map(({ timeSeconds }) => Math.abs(timeSeconds * 1_000 - now)));
  if (!(apart <= MAX_CLOCK_DIFFERENCE_MS)) {
    return no(
      `its answer is for a time ${Math.round(apart / 60_000)} minutes from now by the clock of this machine`,
    );
  }
  const told = (warnings ?? []).filter((warning) => !isNote(warning)).map(message);
  return { ok: true, samples, warnings: isPartial === true ? [...told, 'the answer is partial'] : told };
}

function no(problem: string): PromAnswer {
  return { ok: false, problem: `Prometheus cannot be asked: ${problem}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A number as Prometheus writes it; NaN for what is none. */
function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/** Some versions put notes on a query's style among the warnings. */
function isNote(warning: string): boolean {
  return warning.startsWith('PromQL info:');
}

/** Text of the server, as it may be printed. */
function message(text: string): string {
  return printable(text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}...` : text);
}
