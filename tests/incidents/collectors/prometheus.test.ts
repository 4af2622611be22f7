import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Collected } from '../../../src/incidents/collectors/collector.ts';
import {
  type PrometheusCollectorOptions,
  prometheusCollector,
} from '../../../src/incidents/collectors/prometheus.ts';
import { isBreakwaterError } from '../../../src/index.ts';
import { errorOf } from '../../support.ts';
import { sampleIncident } from '../sample.ts';

interface Asked {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

const asked: Asked[] = [];
let answers: (form: URLSearchParams) => { status?: number; headers?: Record<string, string>; body: string };
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const form = new URLSearchParams(body);
      asked.push({
        method: request.method,
        path: request.url,
        authorization: request.headers.authorization,
        form,
      });
      const { status = 200, headers = {}, body: answer } = answers(form);
      response.writeHead(status, headers).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${isAddress(address) ? address.port : 0}`;
});
afterAll(() => void server.close());
beforeEach(() => void asked.splice(0));

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const matrix = (series: number, values = 2): string =>
  JSON.stringify({
    status: 'success',
    data: {
      resultType: 'matrix',
      result: Array.from({ length: series }, (_, at) => ({
        metric: { __name__: 'up', instance: `node-${at}` },
        values: Array.from({ length: values }, (__, n) => [1_770_199_200 + n * 15, '0.5']),
      })),
    },
  });

async function run(options: Partial<PrometheusCollectorOptions>, maxBytes = 1_000_000): Promise<Collected> {
  const collector = prometheusCollector({ url, queries: { up: 'up' }, ...options });
  return await collector.collect({
    incident: sampleIncident(),
    signal: new AbortController().signal,
    maxBytes,
    write: () => true,
  });
}

describe('a query', () => {
  test('asks for the last hour every 15 seconds, with what it has to show', async () => {
    answers = () => ({ body: matrix(1) });
    const given = await run({ url: `${url}/prefix/`, auth: { bearer: 'abc' } });
    expect(given).toMatchObject({
      json: {
        stepMs: 15_000,
        queries: {
          up: {
            query: 'up',
            series: [
              {
                metric: { instance: 'node-0' },
                values: ['2026-02-04T10:00:00.000Z 0.5', '2026-02-04T10:00:15.000Z 0.5'],
              },
            ],
          },
        },
      },
    });
    const [request] = asked;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/prefix/api/v1/query_range',
      authorization: 'Bearer abc',
    });
    expect(request?.form.get('step')).toBe('15');
    expect(Number(request?.form.get('end')) - Number(request?.form.get('start'))).toBeCloseTo(3_600, 3);
    await run({ auth: { username: 'ana', password: 'p:w' } });
    expect(asked[1]?.authorization).toBe(`Basic ${Buffer.from('ana:p:w').toString('base64')}`);
  });

  test('that fails leaves the others, and all that fail are a failure', async () => {
    answers = (form) =>
      form.get('query') === 'up'
        ? { body: matrix(1) }
        : {
            status: 400,
            body: JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error, token=abc' }),
          };
    expect(await run({ queries: { good: 'up', bad: 'up{' } })).toMatchObject({
      json: {
        queries: {
          good: { series: [{}] },
          bad: { error: 'Prometheus answered 400: parse error, token=[redacted]' },
        },
      },
    });
    expect(await errorOf(run({ queries: { bad: 'up{' } }))).toMatchObject({
      message: expect.stringContaining('Prometheus answered 400'),
    });
  });

  test.each([
    ['no JSON', { body: '<html>' }, 'answered 200 with no matrix'],
    [
      'another shape',
      { body: '{"status":"success","data":{"resultType":"vector","result":[]}}' },
      'no matrix',
    ],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }, 'fetch failed'],
  ])('answered by %s fails', async (_, answer, message) => {
    answers = () => answer;
    expect(await errorOf(run({ auth: { bearer: 'abc' } }))).toMatchObject({
      message: expect.stringContaining(message),
    });
    expect(asked).toHaveLength(1);
  });

  test('answered with too much is bounded: in what is read, and in what is kept', async () => {
    answers = () => ({ body: matrix(200, 20) });
    const given = await run({}, 100_000);
    const text = JSON.stringify(given, undefined, 1);
    expect(text.length).toBeLessThan(100_000);
    expect(given).toMatchObject({ json: { queries: { up: { leftOut: expect.any(Number) } } } });
    expect(await errorOf(run({}, 10_000))).toMatchObject({
      message: 'Prometheus answered with more than 40000 bytes',
    });
  });
});

test('options that cannot be used are named together', () => {
  const make = (): unknown =>
    prometheusCollector({
      url: 'http://ana:secret@prometheus:9090',
      queries: { 'a b': 'up' },
      stepMs: 10,
      auth: { bearer: '' },
    });
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  if (!isBreakwaterError(thrown, 'INVALID_OPTIONS')) throw new Error('it was to be refused');
  expect(thrown.problems.map(({ path }) => path)).toEqual(expect.arrayContaining(['url', 'stepMs']));
  expect(thrown.message).not.toContain('secret');
});
