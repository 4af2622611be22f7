import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findProgram,
  type Prometheus,
  prometheusInstalled,
  promtool,
  skipWithoutPrometheus,
  startPrometheus,
} from './support.ts';

describe('findProgram()', () => {
  it('looks in each folder of the path, and finds nothing in none', () => {
    expect(findProgram('sh', '/nowhere:/bin')).toBe('/bin/sh');
    expect(findProgram('sh', '/nowhere')).toBeUndefined();
    expect(findProgram('sh', '')).toBeUndefined();
  });
});

describe('a Prometheus for tests', () => {
  skipWithoutPrometheus();
  let exporter: Server | undefined;
  let prometheus: Prometheus | undefined;
  afterAll(async () => {
    await prometheus?.stop();
    exporter?.close();
    exporter?.closeAllConnections();
  });
  beforeAll(async () => {
    if (!prometheusInstalled) return;
    let scrapes = 0;
    const server = createServer((_request, response) => {
      scrapes += 1;
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(`# TYPE scrapes_total counter\nscrapes_total{kind="test"} ${scrapes}\n`);
    });
    exporter = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    prometheus = await startPrometheus({
      scrape: [{ job: 'shop', url: `http://127.0.0.1:${port}/metrics`, labels: { zone: 'a' } }],
      rules: {
        'test.yaml': 'groups: [{ name: g, rules: [{ record: scrapes:twice, expr: scrapes_total * 2 }] }]\n',
      },
    });
  });

  function server(): Prometheus {
    if (prometheus === undefined) throw new Error('Prometheus was not started.');
    return prometheus;
  }

  it('scrapes, evaluates rules and answers queries', async () => {
    await server().newSamples('scrapes_total');
    const [sample] = await server().query('scrapes_total');
    expect(sample?.labels).toMatchObject({ job: 'shop', kind: 'test', zone: 'a' });
    expect(sample?.value).toBeGreaterThan(0);
    await server().newSamples('scrapes:twice');
    const [twice] = await server().query('scrapes:twice');
    expect(twice?.value).toBeGreaterThanOrEqual(2);
    const end = Date.now() / 1_000;
    const [series] = await server().queryRange('scrapes_total', { start: end - 10, end, step: 0.1 });
    expect(series?.points.length).toBeGreaterThan(0);
    expect(await server().rules()).toMatchObject([{ name: 'g', rules: [{ health: 'ok' }] }]);
    expect(await server().targets()).toMatchObject([{ health: 'up', lastError: '' }]);
    expect(await server().labelValues('kind', 'scrapes_total')).toEqual(['test']);
  });

  it('throws what Prometheus says against a query', async () => {
    await expect(server().query('sum(')).rejects.toThrow(/bad_data: .*parse error/);
  });

  it('gives the log of a Prometheus that does not start', async () => {
    const rules = { 'wrong.yaml': 'groups: 7\n' };
    await expect(startPrometheus({ scrape: [], rules })).rejects.toThrow(
      /did not start:(?:.|\n)*wrong\.yaml/,
    );
  });

  it('runs promtool with files and with input', async () => {
    const { stdout, status } = await promtool(['check', 'config', 'prometheus.yml'], {
      cwd: server().directory,
    });
    expect(stdout).toContain('SUCCESS');
    expect(status).toBe(0);
    const wrong = await promtool(['check', 'metrics'], { input: 'a_total{ 1\n' });
    expect(wrong.status).not.toBe(0);
    expect(wrong.stderr).toContain('error while linting');
  });

  it('leaves neither a process nor files behind', async () => {
    const { pid, directory } = server();
    await server().stop();
    expect(existsSync(directory)).toBe(false);
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });
});
