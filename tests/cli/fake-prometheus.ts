import type { ServerResponse } from 'node:http';
import { serve } from './support.ts';

/** A series that the fake has: its name, labels, value, and how long ago it was recorded. */
export interface FakeSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
  readonly ageSeconds?: number;
}

/** What it does otherwise than Prometheus with these series would. */
export interface FakeOptions {
  readonly path?: string;
  readonly warnings?: readonly string[];
  /** Answers in its place. */
  readonly answer?: (query: string, response: ServerResponse) => void;
}

/** What was asked of it. */
export interface FakePrometheus {
  readonly url: string;
  readonly queries: readonly string[];
  readonly authorization: readonly (string | undefined)[];
}

/**
 * Answers instant queries by the metric's name alone: enough for the gate's questions, and not more than a real
 * Prometheus holds it to elsewhere.
 */
export async function fakePrometheus(
  series: readonly FakeSeries[],
  { path = '', warnings, answer }: FakeOptions = {},
): Promise<FakePrometheus> {
  const queries: string[] = [];
  const authorization: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    const asked = new URL(request.url ?? '', 'http://localhost');
    const query = asked.searchParams.get('query') ?? '';
    queries.push(query);
    authorization.push(request.headers.authorization);
    if (answer !== undefined) return answer(query, response);
    if (asked.pathname !== `${path}/api/v1/query`) return response.writeHead(404).end('not found');
    json(response, { status: 'success', data: vectorOf(query, series), warnings });
  });
  return { url: `${url}${path}`, queries, authorization };
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function vectorOf(query: string, series: readonly FakeSeries[]) {
  const now = Date.now() / 1_000;
  const result = series
    .filter(({ name }) => new RegExp(`(^|[^\\w:])${name}($|[^\\w:])`).test(query))
    .filter(({ ageSeconds = 0 }) => query.includes('[1h]') || ageSeconds < 300)
    .map(({ labels, value, ageSeconds = 0 }) => ({
      metric: labels,
      value: [now, query.includes('timestamp(') ? String(now - ageSeconds) : value],
    }));
  return { resultType: 'vector', result };
}

type Labels = Readonly<Record<string, string>>;

/** An objective as the generated rules record it. */
export function recorded(
  remaining: string | undefined,
  more: Labels = {},
  badEvents?: string,
): readonly FakeSeries[] {
  const labels = {
    service: 'shop',
    slo: 'database-availability',
    policy: 'database',
    sli: 'availability',
    ...more,
  };
  const one = (name: string, value: string): FakeSeries => ({ name, labels, value });
  return [
    one('slo:objective:ratio', '0.999'),
    one('slo:time_period:days', '30'),
    ...(remaining === undefined ? [] : [one('slo:period_error_budget_remaining:ratio', remaining)]),
    ...(badEvents === undefined ? [] : [one('slo:period_bad_events:increase', badEvents)]),
  ];
}

/** An objective as a process and its events tell it. */
export function raw(good: string, bad: string, more: Labels = {}): readonly FakeSeries[] {
  const labels = { job: 'shop', policy: 'database', sli: 'availability', ...more };
  const { sli: _sli, ...policyLabels } = labels;
  return [
    { name: 'breakwater_slo_objective_ratio', labels, value: '0.999' },
    { name: 'breakwater_slo_period_seconds', labels: policyLabels, value: '2592000000' },
    { name: 'breakwater_sli_events_total', labels: { ...labels, result: 'good' }, value: good },
    { name: 'breakwater_sli_events_total', labels: { ...labels, result: 'bad' }, value: bad },
  ];
}

/** An alert that fires. */
export function firing(alertname: string, more: Labels = {}): FakeSeries {
  const labels = {
    alertname,
    alertstate: 'firing',
    severity: 'page',
    service: 'shop',
    slo: 'database-availability',
    policy: 'database',
    sli: 'availability',
    ...more,
  };
  return { name: 'ALERTS', labels, value: '1' };
}
