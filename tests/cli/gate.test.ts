import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import {
  type FakeOptions,
  type FakeSeries,
  fakePrometheus,
  firing,
  json,
  raw,
  recorded,
} from './fake-prometheus.ts';
import {
  breakwater,
  CapturedTerminal,
  deadAddress,
  type Outcome,
  serve,
  temporaryFolder,
} from './support.ts';

async function gate(
  series: readonly FakeSeries[],
  args: readonly string[] = [],
  options: FakeOptions = {},
  context: Partial<CommandContext> = {},
): Promise<Outcome> {
  const { url } = await fakePrometheus(series, options);
  return breakwater(['slo', 'gate', '--prometheus', url, ...args], context);
}

describe('with recorded budgets', () => {
  it('says yes while enough is left', async () => {
    const { code, out, err } = await gate(recorded('0.425'));
    expect(out).toBe(
      'SERVICE  POLICY    SLI           OBJECTIVE  PERIOD   LEFT  FROM   RELEASE  WHY\n' +
        'shop     database  availability      99.9%     30d  42.5%  rules  yes\n' +
        '\nRelease: yes\n',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('says no where too little is left, and unknown beside it does not hide that', async () => {
    const latency = { slo: 'database-latency', sli: 'latency' };
    const { code, out } = await gate([...recorded('0.05'), ...recorded(undefined, latency)]);
    expect(code).toBe(1);
    expect(out).toContain('no       5% of the error budget is left, less than 10%');
    expect(out).toContain('unknown  there is no data on its budget');
    expect(out).toContain('Release: no\n');
  });

  it('takes the share that has to be left as it is given', async () => {
    expect((await gate(recorded('0.425'), ['--min-remaining', '43%'])).code).toBe(1);
    expect((await gate(recorded('0.425'), ['--min-remaining', '0.42'])).code).toBe(0);
    expect((await gate(recorded('0'), ['--min-remaining', '0'])).code).toBe(1);
  });

  it('says no while a page fires, and not for a ticket', async () => {
    const page = await gate([...recorded('1'), firing('SloErrorBudgetBurn')]);
    expect(page.code).toBe(1);
    expect(page.out).toContain('a page fires: SloErrorBudgetBurn');
    const ticket = await gate([...recorded('1'), firing('SloErrorBudgetBurn', { severity: 'ticket' })]);
    expect(ticket.code).toBe(0);
  });

  it('cannot know while data is missing', async () => {
    const { code, out } = await gate([...recorded('1'), firing('SloDataMissing', { severity: 'ticket' })]);
    expect(code).toBe(2);
    expect(out).toContain('the alert SloDataMissing fires');
  });

  it('cannot know where what was recorded is older than allowed', async () => {
    const old = recorded('1').map((series) => ({ ...series, ageSeconds: 240 }));
    expect((await gate(old)).code).toBe(0);
    const { code, out } = await gate(old, ['--max-age', '3m']);
    expect(code).toBe(2);
    expect(out).toContain('stale: it is 240 s old');
  });

  it('takes what the rules call a page or a ticket, whatever people call it', async () => {
    const alert = (severity: string, slo_severity?: string) =>
      firing('SloErrorBudgetBurn', { severity, ...(slo_severity === undefined ? {} : { slo_severity }) });
    const codes = [];
    for (const [severity, known] of [
      ['sev3', 'ticket'],
      ['warning', 'page'],
      ['sev3', undefined],
      ['warning', undefined],
    ] as const) {
      codes.push((await gate([...recorded('1'), alert(severity, known)])).code);
    }
    expect(codes).toEqual([0, 1, 1, 0]);
  });

  it('cannot know with too few bad events, and knows with enough', async () => {
    const few = await gate(recorded('-2', {}, '3.2'));
    expect(few.code).toBe(2);
    expect(few.out).toContain('overspent by 200%');
    expect(few.out).toContain('only 3 bad events: too few to tell luck from trouble, 5 would be enough');
    expect((await gate(recorded('0', {}, '4.9'))).code).toBe(1);
    expect((await gate(recorded('0.9', {}, '1'))).code).toBe(0);
    expect((await gate([...recorded('0', {}, '1'), firing('SloErrorBudgetBurn')])).code).toBe(1);
  });

  it('counts the worst of replicas', async () => {
    const replicas = [...recorded('0.9', { replica: 'a' }), ...recorded('0.01', { replica: 'b' })];
    expect((await gate(replicas)).code).toBe(1);
  });

  it('looks at the named policies and services only', async () => {
    const series = [
      ...recorded('0.9'),
      ...recorded('0', { service: 'billing' }),
      ...recorded('0', { slo: 'search-availability', policy: 'search' }),
    ];
    expect((await gate(series, ['--policy', 'database', '--service', 'shop'])).code).toBe(0);
    expect(
      (await gate(series, ['--policy', 'database', '--policy', 'search', '--service', 'shop'])).code,
    ).toBe(1);
    expect((await gate(series, ['--service', 'billing'])).code).toBe(1);
    const misspelt = await gate(series, ['--policy', 'databse', '--service', 'shop']);
    expect(misspelt).toMatchObject({ code: 2, err: '' });
    expect(misspelt.out).toBe(
      "Release: unknown\n  there is no data on the policy 'databse'; did you mean 'database'?\n",
    );
  });
});

describe('without rules', () => {
  it('computes the budget from the events', async () => {
    const { code, out } = await gate(raw('999500', '500'));
    expect(out).toContain('shop     database  availability      99.9%     30d   50%  metrics  yes');
    expect(code).toBe(0);
    expect((await gate(raw('999050', '950'))).code).toBe(1);
  });

  it('says no where a page would fire, though much is left', async () => {
    // The fake has these counts for every window: 2 % of bad events burn at 20 times the rate.
    const { code, out } = await gate(raw('980', '20'), ['--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out).objectives[0].pages).toHaveLength(2);
    const few = await gate(raw('196', '4'), ['--json']);
    expect(JSON.parse(few.out).objectives[0]).toMatchObject({ release: 'unknown', pages: [] });
  });

  it("holds latency's page back while availability's fires, as the process does", async () => {
    const series = [...raw('980', '20'), ...raw('970', '30', { sli: 'latency' })];
    const pages = JSON.parse((await gate(series, ['--json'])).out).objectives.map(
      ({ sli, pages }: { sli: string; pages: readonly string[] }) => [sli, pages.length],
    );
    expect(pages).toEqual([
      ['availability', 2],
      ['latency', 0],
    ]);
  });

  it.each([
    ['no event was counted', raw('0', '0')],
    ['not numbers', raw('NaN', '0')],
    ['not numbers', raw('12', '+Inf')],
    ['not numbers', raw('-7', '1')],
    ['stopped', raw('999', '1').map((series) => ({ ...series, ageSeconds: 600 }))],
    ['is no objective', raw('999', '1').map((series) => ({ ...series, value: '1' }))],
  ])('cannot know where %s', async (why, series) => {
    const { code, out } = await gate(series);
    expect(code).toBe(2);
    expect(out).toContain(why);
  });

  it('keeps services apart by job where they have no other name', async () => {
    const { out, code } = await gate(
      [...raw('1000', '0'), ...raw('900', '100', { job: 'billing' })],
      ['--json'],
    );
    expect(code).toBe(1);
    expect(JSON.parse(out).objectives).toMatchObject([
      { service: 'billing', release: 'no' },
      { service: 'shop', release: 'yes', remaining: 1 },
    ]);
  });

  it('takes the period of the command line where the metrics tell none', async () => {
    const series = raw('1000', '0').filter(({ name }) => name !== 'breakwater_slo_period_seconds');
    const { url, queries } = await fakePrometheus(series);
    const { code } = await breakwater(['slo', 'gate', '--prometheus', url, '--period', '7d']);
    expect(code).toBe(0);
    expect(queries.join('\n')).toContain('[604800000ms]');
  });
});

describe('with rules for some', () => {
  it('takes the rules where they know an objective, under whatever name of the service', async () => {
    const { out } = await gate([...recorded('0.9'), ...raw('0', '1000', { job: 'shop-api' })], ['--json']);
    expect(JSON.parse(out).objectives).toMatchObject([
      { service: 'shop', source: 'recorded', remaining: 0.9 },
    ]);
  });

  it('takes the metrics for objectives that no rule knows', async () => {
    const { out, code } = await gate(
      [...recorded('0.9'), ...raw('1000', '0'), ...raw('0', '1000', { policy: 'search' })],
      ['--json'],
    );
    expect(code).toBe(1);
    expect(JSON.parse(out).objectives).toMatchObject([
      { policy: 'database', source: 'recorded' },
      { policy: 'search', source: 'raw', release: 'no' },
    ]);
  });

  it('cannot know while the rules over the period have not run, whatever other objective the metrics tell', async () => {
    const metrics = raw('1000', '0', { job: 'api' });
    const { out, code } = await gate([...recorded(undefined), ...metrics]);
    expect(code).toBe(2);
    expect(out).toContain('the rules over the period have not run yet');
    const idle = await gate([...recorded(undefined, {}, '0'), ...metrics]);
    expect(idle.code).toBe(2);
    expect(idle.out).toContain('no event was counted over the period');
  });

  it('cannot know where the metrics have stopped, though the rules go on', async () => {
    const stopped = raw('1000', '0').map((series) => ({ ...series, ageSeconds: 600 }));
    const { code, out } = await gate([...recorded('1'), ...stopped]);
    expect(code).toBe(2);
    expect(out).toContain('its metrics have stopped');
  });

  it('rather looks twice than not at all where two jobs could be meant', async () => {
    const jobs = [...raw('1000', '0', { job: 'a' }), ...raw('0', '1000', { job: 'b' })];
    expect((await gate([...recorded('0.9'), ...jobs])).code).toBe(1);
  });
});

/** Answers that say nothing about any budget, however well they look otherwise. */
const cannotKnow: readonly (readonly [
  what: string,
  why: string,
  answer: NonNullable<FakeOptions['answer']>,
])[] = [
  [
    'an error of Prometheus',
    'bad_data: parse error',
    (_, response) => json(response, { status: 'error', errorType: 'bad_data', error: 'parse error' }, 400),
  ],
  [
    'an error with escapes',
    'execution: \\u001b[2J',
    (_, response) => json(response, { status: 'error', errorType: 'execution', error: '\u001b[2J' }, 422),
  ],
  ['an overloaded server', 'HTTP 503', (_, response) => void response.writeHead(503).end('busy')],
  ['refused credentials', 'refuses the credentials', (_, response) => void response.writeHead(401).end()],
  [
    'a login page',
    'redirects elsewhere',
    (_, response) => void response.writeHead(302, { location: 'https://login.example.com/' }).end(),
  ],
  ['a page of HTML', 'not one of Prometheus', (_, response) => void response.end('<html>fine</html>')],
  ['an empty body', 'not one of Prometheus', (_, response) => void response.end()],
  [
    'another kind of result',
    'not one of Prometheus',
    (_, response) => json(response, { status: 'success', data: { resultType: 'scalar', result: [1, '1'] } }),
  ],
  [
    'a value that is no string',
    'not one of Prometheus',
    (_, response) =>
      json(response, {
        status: 'success',
        data: { resultType: 'vector', result: [{ metric: {}, value: [1, 1] }] },
      }),
  ],
  [
    'no series',
    'no data on any objective',
    (_, response) => json(response, { status: 'success', data: { resultType: 'vector', result: [] } }),
  ],
  [
    'a cut-off answer',
    'failed',
    (_, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('{"status":');
      setImmediate(() => response.destroy());
    },
  ],
  ['a dropped connection', 'failed', (_, response) => void response.destroy()],
  [
    'an answer without end',
    'more than 16777216 bytes',
    (query, response) => {
      if (!query.startsWith('ALERTS')) return void response.end();
      const chunk = Buffer.alloc(1 << 20, 32);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    },
  ],
];

describe('cannot know from', () => {
  it.each(cannotKnow)('%s', async (_, why, answer) => {
    const { code, out } = await gate([], [], { answer });
    expect(out).toContain('Release: unknown\n');
    expect(out).toContain(why);
    expect(code).toBe(2);
  });

  it.each(['NaN', '+Inf', '-Inf', '1.5', 'fine', '', '0x1', ' 1'])('a budget of %j', async (value) => {
    const { code, out } = await gate(recorded(value));
    expect(out).toContain('Release: unknown');
    expect(code).toBe(2);
  });

  it('a partial answer', async () => {
    const { code, out } = await gate(recorded('1'), [], { warnings: ['a store did not answer'] });
    expect(code).toBe(2);
    expect(out).toContain('its answer is incomplete: a store did not answer');
    const noted = await gate(recorded('1'), [], { warnings: ['PromQL info: metric might not be a counter'] });
    expect(noted.code).toBe(0);
  });

  it('one missing answer among good ones', async () => {
    const good = await fakePrometheus(recorded('1'));
    const { code, out } = await gate([], [], {
      answer: (query, response) => {
        if (query.startsWith('ALERTS')) return void response.writeHead(500).end();
        void fetch(`${good.url}/api/v1/query?query=${encodeURIComponent(query)}`)
          .then((answer) => answer.text())
          .then((text) => response.end(text));
      },
    });
    expect(out).toContain('yes');
    expect(out).toContain('HTTP 500');
    expect(code).toBe(2);
  });

  it('an answer for another time', async () => {
    const { code, out } = await gate(recorded('1'), [], {}, { now: () => Date.now() + 3_600_000 });
    expect(code).toBe(2);
    expect(out).toContain('60 minutes from now');
  });

  it('a server that never answers', async () => {
    const { code, out } = await gate([], ['--timeout', '60ms'], { answer: () => {} });
    expect(code).toBe(2);
    expect(out).toContain('did not answer within 60ms');
  });

  it('a port that nobody listens on', async () => {
    const { code, out } = await breakwater(['slo', 'gate', '--prometheus', await deadAddress()]);
    expect(code).toBe(2);
    expect(out).toContain('the request failed (ECONNREFUSED)');
  });
});

describe('the request', () => {
  it('keeps the path of the address, and its query', async () => {
    const { url } = await fakePrometheus(recorded('1'), { path: '/team/prometheus' });
    expect((await breakwater(['slo', 'gate', '--prometheus', `${url}/?tenant=a`])).code).toBe(0);
    expect((await breakwater(['slo', 'gate', '--prometheus', new URL('/', url).href])).code).toBe(2);
  });

  it('carries credentials, which are never printed', async () => {
    const ask = async (rewrite: (url: string) => readonly string[], env: Record<string, string> = {}) => {
      const { url, authorization } = await fakePrometheus([]);
      const outcome = await breakwater(['slo', 'gate', '--json', ...rewrite(url)], { env });
      expect(outcome.out + outcome.err).not.toMatch(/hunter2|aHVudGVy/);
      expect(outcome.code).toBe(2);
      return new Set(authorization);
    };
    const header = 'Bearer hunter2';
    expect(await ask((url) => ['--prometheus', url, '--header', `Authorization: ${header}`])).toEqual(
      new Set([header]),
    );
    expect(
      await ask((url) => ['--prometheus', url], { BREAKWATER_PROMETHEUS_AUTHORIZATION: header }),
    ).toEqual(new Set([header]));
    expect(await ask((url) => ['--prometheus', url.replace('//', '//me:hunter2@')])).toEqual(
      new Set([`Basic ${Buffer.from('me:hunter2').toString('base64')}`]),
    );
  });

  it('does not follow credentials elsewhere', async () => {
    let reached = false;
    const elsewhere = await serve((_, response) => {
      reached = true;
      response.end();
    });
    await gate([], ['--header', 'X-Key: secret'], {
      answer: (_, response) => void response.writeHead(307, { location: elsewhere }).end(),
    });
    expect(reached).toBe(false);
  });
});

describe('a wrong command line', () => {
  const secret = 'hunter2';

  it.each([
    ['needed', []],
    ['did you mean --prometheus', ['--promtheus', 'http://localhost']],
    ["unknown option '--headr'", ['--prometheus', 'http://localhost:1', `--headr=Authorization: ${secret}`]],
    ['must be a URL', ['--prometheus', `//me:${secret}@localhost`]],
    ['must be a URL', ['--prometheus', `ftp://me:${secret}@localhost`]],
    ['must be a header', ['--prometheus', 'http://localhost:1', '--header', secret]],
    ['must be a header', ['--prometheus', 'http://localhost:1', '--header', `X: ${secret}\r\nY: 1`]],
    ['percent-encoded', ['--prometheus', `http://%:${secret}@localhost`]],
    ['with its unit', ['--prometheus', 'http://localhost:1', '--timeout', '10']],
    ['above 0', ['--prometheus', 'http://localhost:1', '--period', '0s']],
    ['a share from 0 to 1', ['--prometheus', 'http://localhost:1', '--min-remaining', '10']],
    ['a share from 0 to 1', ['--prometheus', 'http://localhost:1', '--min-remaining', '-0.1']],
    ['must not be empty', ['--prometheus', 'http://localhost:1', '--override', ' ']],
    ['needs --override', ['--prometheus', 'http://localhost:1', '--by', 'alice']],
    ['too many arguments', ['--prometheus', 'http://localhost:1', 'database']],
  ])('is refused: %s', async (why, args) => {
    const { code, out, err } = await breakwater(['slo', 'gate', ...args]);
    expect(err.toLowerCase()).toContain(why.toLowerCase());
    expect(err).not.toContain(secret);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('is not made right by an override', async () => {
    const cwd = temporaryFolder();
    const args = ['slo', 'gate', '--prometheus', 'nowhere', '--override', 'urgent'];
    expect((await breakwater(args, { cwd })).code).toBe(2);
    expect(() => readFileSync(join(cwd, 'slo-overrides.jsonl'))).toThrow();
  });
});

describe('an override', () => {
  const now = () => Date.parse('2026-02-03T04:05:06.000Z');
  const lines = (cwd: string, file = 'slo-overrides.jsonl') =>
    readFileSync(join(cwd, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('releases, and leaves a line that says what stood in the way', async () => {
    const cwd = temporaryFolder();
    const over = ['--override', ' the fix\nfor the outage '];
    const first = await gate(recorded('-1'), over, {}, { cwd });
    expect(first.code).toBe(0);
    expect(first.out).toContain('Release: no\nOverridden by alice: the fix\\u000afor the outage\n');
    const second = await gate(
      [],
      [...over, '--by', 'bob'],
      { answer: (_, response) => void response.destroy() },
      { cwd },
    );
    expect(second.code).toBe(0);
    expect(lines(cwd)).toMatchObject([
      {
        by: 'alice',
        reason: 'the fix\nfor the outage',
        release: 'no',
        why: ['shop database availability: the error budget is overspent by 100%'],
      },
      { by: 'bob', release: 'unknown' },
    ]);
  });

  it('is told in JSON too', async () => {
    const cwd = temporaryFolder();
    const { out, code } = await gate(
      [],
      ['--override', 'urgent', '--json', '--record', 'log.jsonl'],
      {},
      { cwd, now },
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      release: 'unknown',
      override: { reason: 'urgent', by: 'alice' },
    });
    expect(lines(cwd, 'log.jsonl')[0]).toMatchObject({ time: '2026-02-03T04:05:06.000Z' });
  });

  it('is not recorded where none is needed', async () => {
    const cwd = temporaryFolder();
    const { code, out } = await gate(recorded('1'), ['--override', 'urgent'], {}, { cwd });
    expect(code).toBe(0);
    expect(out).not.toContain('Overridden');
    expect(() => lines(cwd)).toThrow();
  });

  it('does not count where it cannot be recorded', async () => {
    const { code, err, out } = await gate(recorded('0'), [
      '--override',
      'urgent',
      '--record',
      'no/such/folder',
    ]);
    expect(code).toBe(2);
    expect(out).toContain('Release: no');
    expect(err).toContain('the override is not recorded, and so does not count');
  });

  it('does not count where nobody knows who asks for it', async () => {
    const nobody = {
      userName: () => {
        throw new Error('ENOENT');
      },
    };
    expect((await gate(recorded('0'), ['--override', 'urgent'], {}, nobody)).code).toBe(2);
    expect((await gate(recorded('0'), ['--override', 'urgent', '--by', 'ci'], {}, nobody)).code).toBe(0);
  });
});

describe('what is printed', () => {
  it('is folded to the terminal, in colour, and cannot move its cursor', async () => {
    const out = new CapturedTerminal({ isTTY: true, columns: 100, colors: true });
    await gate([...recorded('0.01', { policy: 'データベース\u001b[2J' })], [], {}, { out });
    expect(out.text).toContain('\u001b[31mno\u001b[39m');
    expect(out.text).toContain('データベース\\u001b[2J');
    expect(out.text).not.toContain('\u001b[2J');
    expect(out.text.split('\n').filter((line) => line.includes('error budget'))).toHaveLength(1);
  });

  it('is whole in JSON', async () => {
    const { out } = await gate(recorded('0.05'), ['--json']);
    expect(JSON.parse(out)).toEqual({
      release: 'no',
      why: ['shop database availability: 5% of the error budget is left, less than 10%'],
      minRemaining: 0.1,
      objectives: [
        {
          service: 'shop',
          policy: 'database',
          sli: 'availability',
          objective: 0.999,
          periodMs: 2_592_000_000,
          remaining: 0.05,
          pages: [],
          source: 'recorded',
          release: 'no',
          why: ['5% of the error budget is left, less than 10%'],
        },
      ],
      override: null,
      prometheus: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      time: expect.stringMatching(/^\d{4}-/),
    });
  });
});
