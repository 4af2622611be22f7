import {
  chmodSync,
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createBreakwater } from '../../src/index.ts';
import { adviceOn, prometheusRules, readSpec, ruleTests } from '../../src/slo/index.ts';
import { breakwater, deadAddress, serve, temporaryFolder } from './support.ts';

const spec = `version: breakwater/v1
service: shop
selector: { job: shop }
policies:
  database:
    availability: 99.9%
    latency: { objective: 99%, threshold: 200ms }
  search:
    availability: 90%
    period: 7d
`;

const wrong = `version: breakwater/v1
service: shop
policies:
  database:
    availability: 120%
  search:
    avialability: 99%
`;

const sloth = `version: prometheus/v1
service: shop
slos:
  - name: requests
    objective: 99.5
    sli:
      events:
        error_query: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total[{{.window}}]))
    alerting:
      name: ShopErrors
`;

function folderWith(files: Readonly<Record<string, string>>): string {
  const cwd = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

const read = (cwd: string, file: string) => readFileSync(join(cwd, file), 'utf8');

describe('slo check', () => {
  it('shows objectives, exact budgets and alerts, and warns of what is left out', async () => {
    const cwd = folderWith({ 'slo.yaml': spec });
    const { code, out, err } = await breakwater(['slo', 'check', 'slo.yaml'], { cwd });
    expect(code).toBe(0);
    expect(out).toBe(
      `SLO                    OBJECTIVE  PERIOD  BUDGET (MIN)  ALERTS
database-availability      99.9%     30d          43.2  page 14.4x 1h/5m, page 6x 6h/30m, ticket 3x 1d/2h, ticket 1x 3d/6h
database-latency             99%     30d           432  page 14.4x 1h/5m, page 6x 6h/30m, ticket 3x 1d/2h, ticket 1x 3d/6h
search-availability          90%      7d          1008  page 3.36x 1h/5m, page 1.4x 6h/30m, ticket 1x 1d/2h, ticket 1x 3d/6h
`,
    );
    expect(err).toBe('');
    const low = await breakwater(['slo', 'check', '-'], { input: spec.replace('90%', '50%') });
    expect(low.err).toMatch(/^warning: .*search/);
    expect(low.out).toContain('page 1.4x');
    expect(low.out).not.toContain('page 3.36x');
  });

  it.each(['check', 'rules', 'test', 'dashboard', 'import'])(
    'and slo %s name each problem of a wrong file by line and column, and exit with 1',
    async (name) => {
      const cwd = folderWith({ 'slo.yaml': wrong });
      const { code, out, err } = await breakwater(['slo', name, 'slo.yaml'], { cwd });
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(/^slo\.yaml:5:19 policies\.database\.availability: /m);
      expect(err).toMatch(/^slo\.yaml:7:5 policies\.search\.avialability: .*did you mean 'availability'/m);
      const fromStdin = await breakwater(['slo', name, '-'], { input: wrong });
      expect(fromStdin.err).toMatch(/^stdin:5:19 /m);
    },
  );

  it('takes a text with a byte order mark, and no text at all for a wrong one', async () => {
    expect((await breakwater(['slo', 'check', '-'], { input: `\ufeff${spec}` })).code).toBe(0);
    for (const input of ['', 'a: [', '- 1', '\u0000', 'version: 2']) {
      const { code, err } = await breakwater(['slo', 'check', '-'], { input });
      expect(code).toBe(1);
      expect(err).toMatch(/^stdin:\d+:\d+ /m);
    }
  });
});

describe('slo check, rules and test', () => {
  const unclear = spec
    .replace('selector: { job: shop }\n', '')
    .replace('objective: 99%', 'objective: 99.99%');

  it.each(['check', 'rules', 'rules --sloth', 'rules --openslo', 'test'])(
    'slo %s warns of a missing selector and of objectives stricter than availability',
    async (command) => {
      const args = ['slo', ...command.split(' '), '-'];
      const { code, out, err } = await breakwater(args, { input: unclear });
      const advice = adviceOn(readSpec(unclear));
      expect(advice).toHaveLength(2);
      expect(err.trimEnd().split('\n')).toEqual(advice.map((sentence) => `warning: ${sentence}`));
      expect(code).toBe(0);
      expect(out).not.toBe('');
    },
  );
});

describe('a command that reads a spec', () => {
  it.each(['check', 'rules', 'test', 'dashboard', 'import'])(
    '(slo %s) tells what in it is not carried, by line and column',
    async (name) => {
      const { notes = [] } = readSpec(sloth);
      expect(notes.length).toBeGreaterThan(0);
      const { code, err } = await breakwater(['slo', name, 'sloth.yaml'], {
        cwd: folderWith({ 'sloth.yaml': sloth }),
      });
      expect(code).toBe(0);
      expect(err.trimEnd().split('\n')).toEqual(
        notes.map(({ line, column, path, message }) => `sloth.yaml:${line}:${column} ${path}: ${message}`),
      );
    },
  );

  it.each([
    ['rules', 'own.yaml'],
    ['rules', 'link.yaml'],
    ['rules', 'hard.yaml'],
    ['rules', './folder/../own.yaml'],
    ['test', 'own.yaml'],
    ['dashboard', 'own.yaml'],
    ['import', 'own.yaml'],
  ])('(slo %s) does not write to it as %s', async (name, output) => {
    const cwd = folderWith({ 'own.yaml': spec });
    symlinkSync('own.yaml', join(cwd, 'link.yaml'));
    linkSync(join(cwd, 'own.yaml'), join(cwd, 'hard.yaml'));
    mkdirSync(join(cwd, 'folder'));
    for (const input of ['own.yaml', 'link.yaml']) {
      const { code, out, err } = await breakwater(['slo', name, input, '-o', output], { cwd });
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toBe(`error: ${output} is an input and would be lost; --output must be another file\n`);
    }
    expect(read(cwd, 'own.yaml')).toBe(spec);
    expect(read(cwd, 'hard.yaml')).toBe(spec);
    expect(readdirSync(cwd).sort()).toEqual(['folder', 'hard.yaml', 'link.yaml', 'own.yaml']);
  });

  it('does not write to it where it is standard input', async () => {
    const cwd = folderWith({ 'own.yaml': spec });
    const stdin = createReadStream(join(cwd, 'own.yaml'), { autoClose: false });
    onTestFinished(() => void stdin.close());
    const { code } = await breakwater(['slo', 'rules', '-', '-o', 'own.yaml'], { cwd, stdin });
    expect(code).toBe(2);
    expect(read(cwd, 'own.yaml')).toBe(spec);
  });
});

describe('slo rules', () => {
  it('writes the rules to stdout, and warnings beside them', async () => {
    const input = spec.replace('90%', '50%');
    const { code, out, err } = await breakwater(['slo', 'rules', '-'], { input });
    const { text, warnings } = prometheusRules(readSpec(input));
    expect({ code, out }).toEqual({ code: 0, out: text });
    expect(err.trimEnd().split('\n')).toEqual(warnings.map((warning) => `warning: ${warning}`));
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('replaces a file as a whole, where its link points, with its permissions', async () => {
    const cwd = folderWith({ 'slo.yaml': spec, 'real.yaml': 'old' });
    chmodSync(join(cwd, 'real.yaml'), 0o640);
    symlinkSync('real.yaml', join(cwd, 'rules.yaml'));
    const { code, out } = await breakwater(['slo', 'rules', 'slo.yaml', '-o', 'rules.yaml'], { cwd });
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(read(cwd, 'real.yaml')).toBe(prometheusRules(readSpec(spec)).text);
    expect(statSync(join(cwd, 'real.yaml')).mode & 0o777).toBe(0o640);
    expect(readdirSync(cwd).sort()).toEqual(['real.yaml', 'rules.yaml', 'slo.yaml']);
  });

  it('leaves a file alone when the spec is wrong', async () => {
    const cwd = folderWith({ 'slo.yaml': wrong, 'rules.yaml': 'old' });
    expect((await breakwater(['slo', 'rules', 'slo.yaml', '-o', 'rules.yaml'], { cwd })).code).toBe(1);
    expect(read(cwd, 'rules.yaml')).toBe('old');
  });

  it('writes sloth and OpenSLO, which it reads again', async () => {
    for (const [flag, header] of [
      ['--sloth', 'version: prometheus/v1'],
      ['--openslo', 'apiVersion: openslo/v1'],
    ] as const) {
      const written = await breakwater(['slo', 'rules', '-', flag], { input: spec });
      expect(written).toMatchObject({ code: 0 });
      expect(written.out).toContain(header);
      const again = await breakwater(['slo', 'check', '-'], { input: written.out });
      expect(again.code).toBe(0);
      expect(again.out).toContain('99.9%');
    }
  });
});

describe('slo test', () => {
  it('writes the tests, which look for the rules from where they are', async () => {
    const cwd = folderWith({ 'slo.yaml': spec });
    mkdirSync(join(cwd, 'proof'));
    const args = ['slo', 'test', 'slo.yaml', '--rules', 'rules.yaml'];
    expect((await breakwater(args, { cwd })).out).toBe(ruleTests(readSpec(spec), 'rules.yaml'));
    expect((await breakwater([...args, '--output', 'proof/rules.test.yaml'], { cwd })).code).toBe(0);
    expect(parse(read(cwd, 'proof/rules.test.yaml')).rule_files).toEqual(['../rules.yaml']);
  });

  it('does not write over the rules that it is to prove', async () => {
    const cwd = folderWith({ 'slo.yaml': spec, 'rules.yaml': 'groups: []' });
    expect((await breakwater(['slo', 'test', 'slo.yaml', '-o', 'rules.yaml'], { cwd })).code).toBe(2);
    expect(read(cwd, 'rules.yaml')).toBe('groups: []');
  });

  // The README's commands have promtool run all of it.
  it('names the rules from where it is written', async () => {
    const cwd = folderWith({ 'slo.yaml': spec });
    mkdirSync(join(cwd, 'proof'));
    await breakwater(['slo', 'rules', 'slo.yaml', '-o', 'rules.yaml'], { cwd });
    await breakwater(['slo', 'test', 'slo.yaml', '-o', 'proof/rules.test.yaml'], { cwd });
    expect(read(cwd, 'proof/rules.test.yaml')).toContain('../rules.yaml');
  });
});

describe('slo dashboard', () => {
  it('writes one with or without a spec', async () => {
    for (const args of [[], ['-']]) {
      const { code, out, err } = await breakwater(['slo', 'dashboard', ...args], { input: spec });
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(JSON.parse(out).panels.length).toBeGreaterThan(5);
    }
  });
});

describe('slo import', () => {
  it('writes the own format from sloth, and at its head what it does not carry', async () => {
    const { code, out, err } = await breakwater(['slo', 'import', '-'], { input: sloth });
    const note =
      'stdin:11:13 slos[0].alerting.name: is not carried: the alerts are called SloErrorBudgetBurn';
    expect({ code, err }).toEqual({ code: 0, err: `${note}\n` });
    expect(out.split('\n')[1]).toBe(`# ${note}`);
    expect(parse(out)).toMatchObject({ version: 'breakwater/v1', service: 'shop' });
    expect(readSpec(out).slos).toEqual(readSpec(sloth).slos);
  });
});

describe('slo init', () => {
  const registry = new Registry();
  const hub = createBreakwater({ registry, incidents: false });
  hub.policy('database', { slo: { availability: 0.999, latency: { objective: 0.99, thresholdMs: 200 } } });

  const metricsServer = () =>
    serve((request, response) => {
      if (request.url !== '/metrics') return void response.writeHead(404).end();
      void registry.metrics().then((text) => response.end(text));
    });

  it("writes a spec from an application's metrics", async () => {
    const cwd = temporaryFolder();
    const url = `${await metricsServer()}/metrics`;
    const { code, err, out } = await breakwater(['slo', 'init', '--metrics', url, '--service', 'shop'], {
      cwd,
    });
    expect({ code, err, out }).toEqual({ code: 0, err: 'slo.yaml is written\n', out: '' });
    const { service, slos } = readSpec(read(cwd, 'slo.yaml'));
    expect(service).toBe('shop');
    expect(slos.map(({ name, objective }) => [name, objective])).toEqual([
      ['database-availability', 0.999],
      ['database-latency', 0.99],
    ]);
    const printed = await breakwater(['slo', 'init', '-m', url, '-s', 'shop', '-o', '-'], { cwd });
    expect(printed).toMatchObject({ code: 0, out: read(cwd, 'slo.yaml') });
  });

  it('tells and writes down what it leaves out', async () => {
    const cwd = temporaryFolder();
    const metrics = `breakwater_slo_objective_ratio{policy="database",sli="availability"} 0.999
breakwater_slo_objective_ratio{policy="cache",sli="availability"} 0.9
breakwater_slo_period_seconds{policy="cache"} 90
`;
    const url = await serve((_, response) => response.end(metrics));
    const { code, err } = await breakwater(['slo', 'init', '-m', url, '-s', 'shop'], { cwd });
    expect(code).toBe(0);
    expect(err).toMatch(/^\S+:3:1 the period of policy 'cache' is 90 s, .*\nslo\.yaml is written\n$/);
    expect(read(cwd, 'slo.yaml')).toContain('  # cache:\n  #   availability: 90%\n  #   period: 1h\n');
    expect(read(cwd, 'slo.yaml')).toContain('\n# selector: { job: shop }\n');
  });

  it('calls the service after the folder', async () => {
    const cwd = join(temporaryFolder(), 'billing');
    mkdirSync(cwd);
    const url = `${await metricsServer()}/metrics`;
    expect((await breakwater(['slo', 'init', '-m', url], { cwd })).code).toBe(0);
    expect(readSpec(read(cwd, 'slo.yaml')).service).toBe('billing');
  });

  it('never replaces a file unless it is forced', async () => {
    const cwd = folderWith({ 'slo.yaml': 'mine' });
    const url = `${await metricsServer()}/metrics`;
    const { code, err } = await breakwater(['slo', 'init', '-m', url], { cwd });
    expect(code).toBe(2);
    expect(err).toContain('slo.yaml is there already; --force replaces it');
    expect(read(cwd, 'slo.yaml')).toBe('mine');
    expect(readdirSync(cwd)).toEqual(['slo.yaml']);
    expect((await breakwater(['slo', 'init', '-m', url, '--force'], { cwd })).code).toBe(0);
    expect(read(cwd, 'slo.yaml')).toContain('version: breakwater/v1');
  });

  it('writes nothing where there are no metrics', async () => {
    const cwd = temporaryFolder();
    const html = await serve((_, response) => response.end('<html><body>Hello</body></html>'));
    const slow = await serve(() => {});
    const init = (url: string, ...more: readonly string[]) =>
      breakwater(['slo', 'init', '-m', url, ...more], { cwd });
    const page = await init(html);
    expect(page.code).toBe(1);
    expect(page.err).toContain(`${html}:1:`);
    expect(await init(`${await metricsServer()}/nothing`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('it answered HTTP 404'),
    });
    expect(await init(slow, '-t', '80ms')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did not answer within 80ms'),
    });
    const dead = (await deadAddress()).replace('//', '//me:hunter2@');
    const refused = await init(dead);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('ECONNREFUSED') });
    expect(refused.err).not.toContain('hunter2');
    expect(existsSync(join(cwd, 'slo.yaml'))).toBe(false);
  });

  it('says that a name of the service cannot be used', async () => {
    const url = `${await metricsServer()}/metrics`;
    const { code, err } = await breakwater(['slo', 'init', '-m', url, '-s', 'a\u0007b']);
    expect(code).toBe(2);
    expect(err).toContain('service');
    expect(err).not.toContain('\u0007');
  });
});
