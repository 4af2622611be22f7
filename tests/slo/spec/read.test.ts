import { describe, expect, it } from 'vitest';
import { writeOpenSlo } from '../../../src/slo/spec/openslo/write.ts';
import { SpecError } from '../../../src/slo/spec/problems.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { specDefaults } from '../../../src/slo/spec/schema.ts';
import { writeSloth } from '../../../src/slo/spec/sloth/write.ts';

const DAY_MS = 86_400_000;

/** The report of what is wrong with `text`, a line each. */
function problemsIn(text: string): readonly string[] {
  try {
    readSpec(text);
  } catch (error) {
    if (error instanceof SpecError) return error.report('slo.yaml').split('\n');
    throw error;
  }
  return [];
}

/** A spec of one policy, with more lines. */
function specWith(...lines: readonly string[]): string {
  return [
    'version: breakwater/v1',
    'service: shop',
    'policies: { database: { availability: 99.9% } }',
    ...lines,
  ].join('\n');
}

describe('readSpec()', () => {
  it('takes what is not said for its default', () => {
    expect(readSpec(specWith())).toEqual({
      service: 'shop',
      labels: {},
      selector: {},
      slos: [
        {
          name: 'database-availability',
          policy: 'database',
          sli: 'availability',
          objective: 0.999,
          periodMs: 30 * DAY_MS,
          indicator: { kind: 'policy', policy: 'database', sli: 'availability' },
          labels: {},
          silenced: [],
        },
      ],
      alerts: specDefaults.alerts,
      breakers: specDefaults.breakers,
      periodEvaluationMs: 300_000,
    });
  });

  it('reads all that can be said', () => {
    const spec = readSpec(`
version: breakwater/v1
service: shop
period: 30d
selector: { job: shop }
labels: { team: payments }
runbook: https://runbooks.example.com/{policy}/{sli}?slo={slo}
policies:
  my database:
    availability: { objective: 99.9%, description: Answers., labels: { tier: '1' }, silence: [ticket, page, page] }
    latency: { objective: 0.99, threshold: 200ms, period: 7d, runbook: https://example.com/slow }
    correctness: 99.99%
    period: 28d
    labels: { tier: '2', owner: data }
slos:
  checkout:
    objective: 99.5%
    good: sum(rate(http_requests_total{code!~"5.."}[{{.window}}]))   # without the comment
    total: |
      sum(
        rate(http_requests_total[{{.window}}]) # nor this one
      )
  freshness:
    policy: search
    sli: freshness
    objective: 99%
    badRatio: 1 - avg_over_time(fresh[{{ .window }}])
alerts: { minimumBadEvents: 7, atRisk: 20%, missingData: 15m, page: { severity: critical, channel: a }, ticket: { channel: b } }
breakers: { openFor: 10m, flapping: { openings: 3 }, fallback: { share: 0.25 } }
periodEvaluation: 10m
`);
    expect(spec.slos).toEqual([
      {
        name: 'my database-availability',
        policy: 'my database',
        sli: 'availability',
        description: 'Answers.',
        objective: 0.999,
        periodMs: 28 * DAY_MS,
        indicator: { kind: 'policy', policy: 'my database', sli: 'availability' },
        labels: { tier: '1', owner: 'data' },
        runbook: 'https://runbooks.example.com/my%20database/availability?slo=my%20database-availability',
        silenced: ['page', 'ticket'],
      },
      {
        name: 'my database-latency',
        policy: 'my database',
        sli: 'latency',
        objective: 0.99,
        periodMs: 7 * DAY_MS,
        thresholdMs: 200,
        indicator: { kind: 'policy', policy: 'my database', sli: 'latency' },
        labels: { tier: '2', owner: 'data' },
        runbook: 'https://example.com/slow',
        silenced: [],
      },
      {
        name: 'my database-correctness',
        policy: 'my database',
        sli: 'correctness',
        objective: 0.9999,
        periodMs: 28 * DAY_MS,
        indicator: { kind: 'policy', policy: 'my database', sli: 'correctness' },
        labels: { tier: '2', owner: 'data' },
        runbook: 'https://runbooks.example.com/my%20database/correctness?slo=my%20database-correctness',
        silenced: [],
      },
      {
        name: 'checkout',
        policy: 'checkout',
        sli: 'availability',
        objective: 0.995,
        periodMs: 30 * DAY_MS,
        indicator: {
          kind: 'events',
          good: 'sum(rate(http_requests_total{code!~"5.."}[{{.window}}]))',
          total: 'sum(\n  rate(http_requests_total[{{.window}}])\n)',
        },
        labels: {},
        runbook: 'https://runbooks.example.com/checkout/availability?slo=checkout',
        silenced: [],
      },
      {
        name: 'freshness',
        policy: 'search',
        sli: 'freshness',
        objective: 0.99,
        periodMs: 30 * DAY_MS,
        indicator: { kind: 'ratio', badRatio: '1 - avg_over_time(fresh[{{.window}}])' },
        labels: {},
        runbook: 'https://runbooks.example.com/search/freshness?slo=freshness',
        silenced: [],
      },
    ]);
    const { slos, ...rest } = spec;
    expect(rest).toEqual({
      service: 'shop',
      labels: { team: 'payments' },
      selector: { job: 'shop' },
      alerts: {
        minimumBadEvents: 7,
        atRiskRemaining: 0.2,
        missingDataMs: 900_000,
        pageLabels: { severity: 'critical', channel: 'a' },
        ticketLabels: { severity: 'ticket', channel: 'b' },
      },
      breakers: { ...specDefaults.breakers, openForMs: 600_000, flappingOpenings: 3, fallbackShare: 0.25 },
      periodEvaluationMs: 600_000,
    });
  });

  it('can do without alerts on breakers', () => {
    expect(readSpec(specWith('breakers: false')).breakers).toBe(false);
  });

  it.each([
    ['sloth', writeSloth],
    ['OpenSLO', writeOpenSlo],
  ])('tells %s by its header', (_, write) => {
    const spec = readSpec(specWith());
    const text = write(spec);
    expect(text).not.toContain('breakwater/v1');
    expect(readSpec(text).slos).toEqual(spec.slos);
  });

  it('takes __proto__ for a name like any other', () => {
    const spec = readSpec(
      'version: breakwater/v1\nservice: shop\npolicies: { __proto__: { availability: 99% }, constructor: { availability: 98% } }',
    );
    expect(spec.slos.map(({ policy, objective }) => [policy, objective])).toEqual([
      ['__proto__', 0.99],
      ['constructor', 0.98],
    ]);
  });
});

describe('what is wrong with a spec', () => {
  it('is named all at once, each at its place', () => {
    const text = `version: breakwater/v1
service: 5
period: 30
selector: { job: shop, policy: x }
labels: { team: 5, __name__: a, severity: x, a-b: c }
runbook: ftp://{foo}
policies:
  database:
    availability: 99.9
    latency: 99%
    corectness: 99.99%
  d2: {}
  d3: { latency: { objective: .nan, treshold: 5 } }
  "": 5
slos:
  checkout:
    objective: 99.5%
    good: sum(rate(http_requests_total{code!~"5.."}[{{.window}}])
    bad: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
  quiet:
    objective:
    badRatio: foo
alerts: { minimumBadEvents: 0, atRisk: 10, missingData: 10x, pages: { severity: page }, ticket: { severity:  } }
breakers: true
__proto__: {}
`;
    expect(problemsIn(text)).toEqual([
      "slo.yaml:2:10 service: must be a name of 1 to 128 characters without control characters, not 5; write it in quotes: '5'",
      'slo.yaml:3:9 period: 30 has no unit; write a duration such as 30d',
      "slo.yaml:4:24 selector.policy: is a label that tells this library's series apart",
      "slo.yaml:5:17 labels.team: must be a text of 1 to 1000 characters without control characters, not 5; write it in quotes: '5'",
      'slo.yaml:5:20 labels.__name__: is no label name to use: those that start with __ belong to Prometheus',
      'slo.yaml:5:33 labels.severity: belongs to the alerts; set it in alerts.page or alerts.ticket',
      'slo.yaml:5:46 labels.a-b: is no label name: letters, digits and underscores, and no digit at its start',
      "slo.yaml:6:10 runbook: has '{foo}'; the placeholders are {policy}, {sli} and {slo}",
      'slo.yaml:9:19 policies.database.availability: 99.9 could be a percentage or a mistake; write 99.9% or 0.999',
      'slo.yaml:10:14 policies.database.latency: needs to know from where on a call is too slow: { objective: 99%, threshold: 200ms }',
      "slo.yaml:11:5 policies.database.corectness: is not an option; did you mean 'correctness'?",
      'slo.yaml:12:3 policies.d2: has no objective; it needs availability, latency, correctness, or some of them',
      'slo.yaml:13:9 policies.d3.latency.threshold: is missing; it must be a duration such as 200ms, with the units w, d, h, m, s and ms in this order',
      'slo.yaml:13:31 policies.d3.latency.objective: must be an objective such as 99.9% or 0.999, not NaN',
      "slo.yaml:13:37 policies.d3.latency.treshold: is not an option; did you mean 'threshold'?",
      'slo.yaml:14:3 policies[""]: must be a name of 1 to 128 characters without control characters, not \'\'',
      'slo.yaml:14:7 policies[""]: must be a mapping with availability, latency or correctness, not 5',
      'slo.yaml:18:66 slos.checkout.good: ends too early',
      'slo.yaml:19:5 slos.checkout.bad: says again what good says; leave one of them out',
      'slo.yaml:21:5 slos.quiet.objective: is empty; it must be an objective such as 99.9% or 0.999',
      'slo.yaml:22:15 slos.quiet.badRatio: has no {{.window}}; write it for the range, as in rate(requests_total[{{.window}}])',
      'slo.yaml:23:29 alerts.minimumBadEvents: must be a whole number, 1 or more, not 0',
      'slo.yaml:23:40 alerts.atRisk: 10 could be a percentage or a mistake; write 10% or 0.1',
      "slo.yaml:23:57 alerts.missingData: must be a duration such as 10m, with the units w, d, h, m, s and ms in this order, not '10x'",
      "slo.yaml:23:62 alerts.pages: is not an option; did you mean 'page'?",
      'slo.yaml:23:99 alerts.ticket.severity: is empty; it must be a text of 1 to 1000 characters without control characters',
      'slo.yaml:24:11 breakers: must be a mapping, or false for no such alerts, not true',
      expect.stringMatching(/^slo\.yaml:25:1 __proto__: is not an option; /),
    ]);
  });

  it.each([
    [
      'no objectives at all',
      'version: breakwater/v1\nservice: shop\n',
      '1:1 has no objectives; add policies or slos',
    ],
    [
      'no service',
      'version: breakwater/v1\npolicies: { a: { availability: 99% } }',
      '1:1 service: is missing; it must be a name of 1 to 128 characters without control characters',
    ],
    [
      'a sequence',
      '- a\n',
      '1:1 must be a mapping that starts with one of version: breakwater/v1, version: prometheus/v1, apiVersion: openslo/v1',
    ],
    [
      'no header',
      'service: shop\n',
      '1:1 has no header; it starts with one of version: breakwater/v1, version: prometheus/v1, apiVersion: openslo/v1',
    ],
    [
      'a header with a slip',
      'version: breakwater/v11\n',
      "1:10 version: 'breakwater/v11' is no format known here; did you mean breakwater/v1?",
    ],
    [
      'a header that is not known',
      'a: 1\nversion: 3\n',
      '2:10 version: 3 is no format known here; there are version: breakwater/v1, version: prometheus/v1, apiVersion: openslo/v1',
    ],
    [
      'an OpenSLO that is not v1',
      'apiVersion: openslo/v1alpha\nkind: SLO\n',
      "1:13 apiVersion: 'openslo/v1alpha' is no format known here; did you mean openslo/v1?",
    ],
    [
      "sloth's resource for Kubernetes",
      'apiVersion: sloth.slok.dev/v1\n',
      "1:13 apiVersion: 'sloth.slok.dev/v1' is no format known here; there are version: breakwater/v1, version: prometheus/v1, apiVersion: openslo/v1",
    ],
    [
      'a second document',
      `${specWith()}\n---\n${specWith()}`,
      '5:1 is a second document; a spec of this format is one document',
    ],
    [
      'an objective with the name of a policy’s',
      specWith(
        'slos:',
        '  database-availability: { objective: 9%, badRatio: "avg_over_time(a[{{.window}}])" }',
      ),
      '5:3 slos.database-availability: is also the name of the objective in line 3; choose another',
    ],
    [
      'total alone',
      specWith('slos: { a: { objective: 9%, total: x } }'),
      '4:9 slos.a: has no indicator; it needs total, and good or bad; or badRatio',
    ],
    [
      'good without total',
      specWith('slos: { a: { objective: 9%, good: x } }'),
      '4:9 slos.a: has good without total: a query for all events',
    ],
    [
      'badRatio and total',
      specWith('slos: { a: { objective: 9%, total: x, badRatio: x } }'),
      '4:29 slos.a.total: says again what badRatio says; leave one of them out',
    ],
    ['a period below an hour', specWith('period: 30m'), "4:9 period: must be at least 1h, not '30m'"],
    [
      'data that may be missing for longer than the period',
      specWith('period: 1h', 'alerts: { missingData: 1h }'),
      '5:24 alerts.missingData: 1h must be shorter than the shortest period, 1h',
    ],
    [
      'an evaluation rarer than the period',
      specWith('period: 1h', 'periodEvaluation: 2h'),
      '5:19 periodEvaluation: 2h must be shorter than the shortest period, 1h',
    ],
    [
      'an unknown silence',
      specWith().replace('99.9%', '{ objective: 99%, silence: [pages] }'),
      "3:67 policies.database.availability.silence[0]: must be 'page' or 'ticket', not 'pages'",
    ],
    [
      'a policy whose name has a line break',
      specWith().replace('database', '"a\\nb"'),
      '3:13 policies["a\\u000ab"]: must be a name of 1 to 128 characters without control characters, not \'a\\u000ab\'',
    ],
    [
      'half a character in a name',
      specWith().replace('database', '"\\ud83d"'),
      '3:13 policies["\\ud83d"]: must be a name of 1 to 128 characters without control characters, not \'\\ud83d\'',
    ],
  ])('%s', (_, text, problem) => {
    expect(problemsIn(text)[0]).toBe(`slo.yaml:${problem}`);
  });

  it.each([
    [
      'not-a-url',
      'must be a URL that starts with http:// or https://, such as https://runbooks.example.com/{policy}/{sli}',
    ],
    [
      'javascript:alert(1)',
      'must be a URL that starts with http:// or https://, such as https://runbooks.example.com/{policy}/{sli}',
    ],
    [
      'https://',
      'must be a URL that starts with http:// or https://, such as https://runbooks.example.com/{policy}/{sli}',
    ],
    ['https://user:secret@example.com/', 'must be a URL without credentials'],
    ['https://example.com/{service}', "has '{service}'; the placeholders are {policy}, {sli} and {slo}"],
    ['https://example.com/{policy', 'must be a URL; it has characters that a URL has not'],
    ['https://example.com/a b', 'must be a URL; it has characters that a URL has not'],
  ])('the runbook %s', (runbook, message) => {
    expect(problemsIn(specWith(`runbook: "${runbook}"`))).toEqual([`slo.yaml:4:10 runbook: ${message}`]);
  });

  it('in a query is shown at its character, in a block too', () => {
    const text = specWith(
      'slos:',
      '  a:',
      '    objective: 99%',
      '    badRatio: |',
      '      avg_over_time(',
      '        up[5q]',
      '      )',
    );
    expect(problemsIn(text)).toEqual([expect.stringMatching(/^slo\.yaml:9:1[0-9] slos\.a\.badRatio: /)]);
  });

  it('shows no secret of a URL in the message', () => {
    expect(problemsIn(specWith('runbook: https://user:secret@example.com/')).join()).not.toContain('secret');
  });
});
