import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseDocuments } from '../../../../src/slo/spec/document.ts';
import type { RuleLabels, Slo, SloSpec } from '../../../../src/slo/spec/model.ts';
import { readOpenSlo } from '../../../../src/slo/spec/openslo/read.ts';
import { writeOpenSlo } from '../../../../src/slo/spec/openslo/write.ts';
import { SpecError } from '../../../../src/slo/spec/problems.ts';
import { specDefaults } from '../../../../src/slo/spec/schema.ts';
import { DAY_MS, DEFAULT_PERIOD_MS } from '../../../../src/slo/windows.ts';
import { fc } from '../../../fast-check.ts';
import { arbitrarySpec } from '../arbitraries.ts';
import { mutatedText } from '../sloth/mutations.ts';

function read(text: string): SloSpec {
  return readOpenSlo(parseDocuments(text));
}

function problemsOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof SpecError) return error.report('openslo.yaml');
    throw error;
  }
  return 'nothing is wrong';
}

/** After the examples of OpenSLO's documents, with all kinds of objects. */
const example = `apiVersion: openslo/v1
kind: Service
metadata:
  name: web
  labels: { tier: one }
spec:
  description: The shop.
---
apiVersion: openslo/v1
kind: DataSource
metadata: { name: my-prometheus }
spec:
  type: Prometheus
  connectionDetails: { url: http://prometheus.example.com }
---
apiVersion: openslo/v1
kind: SLI
metadata:
  name: search-availability
spec:
  ratioMetric:
    counter: true
    good:
      metricSource:
        metricSourceRef: my-prometheus
        spec:
          query: http_requests{component="web",code=~"2xx|4xx"}
    total:
      metricSource:
        type: Prometheus
        spec:
          query: sum(http_requests{component="web"})
---
apiVersion: openslo/v1
kind: SLO
metadata:
  name: search
  displayName: Search
  labels: { env: [prod], team: [a, b] }
  annotations:
    example.com/dashboard: abc
spec:
  service: web
  indicatorRef: search-availability
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: Good
      target: 0.98
    - displayName: Very good
      targetPercent: 99.99
  alertPolicies: [{ alertPolicyRef: fast }]
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: wifi }
spec:
  description: How satisfied clients are.
  service: web
  indicator:
    metadata: { name: wifi-client-satisfaction }
    spec:
      ratioMetric:
        rawType: success
        raw:
          metricSource:
            type: Prometheus
            spec:
              query: avg(avg_over_time(satisfaction_ratio[{{.window}}]))
  budgetingMethod: Occurrences
  objectives: [{ target: 0.9 }]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: fast }
spec: { conditions: [{ conditionRef: burning }] }
`;

describe('an OpenSLO file', () => {
  it('is read with all that can be carried', () => {
    const search = {
      sli: 'availability',
      description: 'Search',
      periodMs: 28 * DAY_MS,
      labels: { env: 'prod' },
      silenced: [],
      indicator: {
        kind: 'events',
        good: 'sum(increase(http_requests{component="web",code=~"2xx|4xx"}[{{.window}}]))',
        total: 'sum(increase(http_requests{component="web"}[{{.window}}]))',
      },
    };
    const { notes: _notes, ...spec } = read(example);
    expect(spec).toEqual({
      service: 'web',
      labels: { tier: 'one' },
      selector: {},
      slos: [
        { ...search, name: 'search-good', policy: 'search-good', objective: 0.98 },
        { ...search, name: 'search-very-good', policy: 'search-very-good', objective: 0.9999 },
        {
          name: 'wifi',
          policy: 'wifi',
          sli: 'availability',
          description: 'How satisfied clients are.',
          objective: 0.9,
          periodMs: DEFAULT_PERIOD_MS,
          labels: {},
          silenced: [],
          indicator: {
            kind: 'ratio',
            badRatio: '1 - (\navg(avg_over_time(satisfaction_ratio[{{.window}}]))\n)',
          },
        },
      ],
      alerts: specDefaults.alerts,
      breakers: false,
      periodEvaluationMs: specDefaults.periodEvaluationMs,
    });
  });

  it('names what is not carried, and where it stands', () => {
    expect(
      read(example).notes?.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`),
    ).toEqual([
      expect.stringMatching(/^39:26 metadata\.labels\.team: is not carried: must be a text/),
      '41:5 metadata.annotations["example.com/dashboard"]: is not carried',
      '54:3 spec.alertPolicies: is not carried: what is alerted on follows from the objective',
      '76:1 kind: the object is not carried: what is alerted on follows from the objectives',
    ]);
  });
});

const base = `apiVersion: openslo/v1
kind: SLO
metadata: { name: search }
spec:
  service: web
  indicator:
    metadata: { name: search }
    spec:
      ratioMetric:
        counter: true
        good: { metricSource: { type: Prometheus, spec: { query: good_total } } }
        total: { metricSource: { type: Prometheus, spec: { query: all_total } } }
  timeWindow: [{ duration: 30d, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ target: 0.99 }]
`;

describe('an OpenSLO file that cannot be used', () => {
  it.each([
    ['openslo/v1', 'openslo/v1alpha', "1:13 apiVersion: must be 'openslo/v1', not 'openslo/v1alpha'"],
    ['kind: SLO', 'kind: Slo', "2:7 kind: must be 'SLO' or 'SLI' or"],
    [
      'Occurrences',
      'Timeslices',
      '14:20 spec.budgetingMethod: Timeslices counts slices of time; here events are counted, as with Occurrences',
    ],
    ['Occurrences', 'RatioTimeslices', '14:20 spec.budgetingMethod: RatioTimeslices counts slices of time'],
    [
      'duration: 30d',
      'duration: 1M',
      '13:28 spec.timeWindow[0].duration: 1M has no fixed length; write a rolling window in days, such as 30d',
    ],
    [
      'isRolling: true',
      'isRolling: false, calendar: { startTime: 2022-01-01 12:00:00, timeZone: UTC }',
      '13:51 spec.timeWindow[0].calendar: aligns the window with the calendar, which budgets here are not; write isRolling: true',
    ],
    [
      '[{ duration: 30d, isRolling: true }]',
      '[{ duration: 30d }, { duration: 7d }]',
      '13:15 spec.timeWindow: must be a sequence of one of time windows',
    ],
    [
      'target: 0.99',
      'target: 99',
      '15:26 spec.objectives[0].target: 99 could be a percentage or a mistake; write 99% or 0.99',
    ],
    [
      'target: 0.99',
      'target: 0.99, targetPercent: 99',
      '15:32 spec.objectives[0].targetPercent: says again what target says; leave one of them out',
    ],
    [
      'target: 0.99',
      'displayName: Good',
      '15:16 spec.objectives[0]: has no target; write target: 0.999 or targetPercent: 99.9',
    ],
    [
      'target: 0.99',
      'target: 0.99, indicatorRef: search',
      '15:32 spec.objectives[0].indicatorRef: is part of a composite SLO; write an SLO for each of its indicators',
    ],
    ['[{ target: 0.99 }]', '[]', '15:15 spec.objectives: has no objectives'],
    [
      'target: 0.99',
      'tagret: 0.99',
      "15:18 spec.objectives[0].tagret: is not an option; did you mean 'target'?",
    ],
    [
      'counter: true',
      'counter: false',
      '11:66 spec.indicator.spec.ratioMetric.good.metricSource.spec.query: has no {{.window}}; say counter: true if it is a counter',
    ],
    [
      'query: good_total',
      'query: "rate(good_total[5m])"',
      '11:67 spec.indicator.spec.ratioMetric.good.metricSource.spec.query: has no {{.window}}; write it for the range, as in rate(requests_total[{{.window}}])',
    ],
    [
      'query: good_total',
      'query: "good_total{"',
      '11:78 spec.indicator.spec.ratioMetric.good.metricSource.spec.query: ends too early',
    ],
    [
      'type: Prometheus',
      'type: Datadog',
      '11:39 spec.indicator.spec.ratioMetric.good.metricSource.type: is of Datadog; rules are for Prometheus only',
    ],
    [
      'type: Prometheus',
      'metricSourceRef: main',
      "11:50 spec.indicator.spec.ratioMetric.good.metricSource.metricSourceRef: refers to the DataSource 'main', which is not in this file; add it, or say type: Prometheus",
    ],
    [
      '        good:',
      '        bad: { metricSource: { type: Prometheus, spec: { query: bad_total } } }\n        good:',
      '11:14 spec.indicator.spec.ratioMetric.bad: says again what good says; leave one of them out',
    ],
    [
      '        counter: true',
      '        rawType: success',
      '10:18 spec.indicator.spec.ratioMetric.rawType: is for raw, which is missing',
    ],
    [
      '      ratioMetric:',
      '      thresholdMetric: { metricSource: {} }\n      ratioMetric:',
      '9:7 spec.indicator.spec.thresholdMetric: compares a value with a threshold, and has no good and bad events; write a ratioMetric',
    ],
    [
      '  timeWindow',
      '  indicatorRef: other\n  timeWindow',
      '13:17 spec.indicatorRef: says again what indicator says; leave one of them out',
    ],
    [
      'name: search }\nspec',
      'name: search, annotations: { breakwater/runbook: x } }\nspec',
      '3:62 metadata.annotations["breakwater/runbook"]: must be a URL that starts with http:// or https://',
    ],
  ])('%s -> %s', (from, to, problem) => {
    expect(read(base).slos).toHaveLength(1);
    expect(problemsOf(base.replace(from, to))).toContain(`openslo.yaml:${problem}`);
  });

  it('refers to an SLI that is not in it', () => {
    const lines = base.split('\n');
    const text = [...lines.slice(0, 5), '  indicatorRef: other', ...lines.slice(12)].join('\n');
    expect(problemsOf(text)).toBe(
      "openslo.yaml:6:17 spec.indicatorRef: refers to the SLI 'other', which is not in this file",
    );
  });

  it('is of two services, or has one name twice', () => {
    const other = base.replace('service: web', 'service: api').replace('name: search', 'name: other');
    expect(problemsOf(`${base}---\n${other}`)).toBe(
      "openslo.yaml:21:12 spec.service: is not 'web', as of the SLO before it: a spec is of one service; put this one into a file of its own",
    );
    expect(problemsOf(`${base}---\n${base}`)).toBe(
      "openslo.yaml:19:19 metadata.name: gives 'search', the name of an objective before it",
    );
  });

  it('has no SLO', () => {
    expect(problemsOf(example.slice(0, example.indexOf('---')))).toBe(
      'openslo.yaml:1:1 has no SLO in any document',
    );
  });
});

const LABEL = /^[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;

function carriedLabels(labels: RuleLabels): RuleLabels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => LABEL.test(name)));
}

/** What comes back of a spec that was written as OpenSLO. */
function carried(spec: SloSpec): SloSpec {
  const policies = spec.slos.some(({ indicator }) => indicator.kind === 'policy');
  return {
    ...spec,
    labels: carriedLabels(spec.labels),
    slos: spec.slos.map(
      (slo): Slo => ({
        ...slo,
        labels: carriedLabels(slo.labels),
        silenced: ['page' as const, 'ticket' as const].filter((severity) => slo.silenced.includes(severity)),
      }),
    ),
    selector: policies ? spec.selector : {},
    alerts: specDefaults.alerts,
    breakers: policies ? specDefaults.breakers : false,
    periodEvaluationMs: specDefaults.periodEvaluationMs,
  };
}

describe('a spec written as OpenSLO', () => {
  it('is read as the same, but for what OpenSLO has no words for', () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        expect(read(writeOpenSlo(spec))).toEqual(carried(spec));
      }),
      { numRuns: 60 },
    );
  });

  it('is what OpenSLO takes', () => {
    const name = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const documents = parseAllDocuments(writeOpenSlo(spec), { version: '1.1' }).map((document) =>
          document.toJS(),
        );
        expect(documents.map(({ kind }) => kind)).toEqual([
          'Service',
          'DataSource',
          ...spec.slos.map(() => 'SLO'),
        ]);
        for (const { apiVersion, metadata } of documents) {
          expect(apiVersion).toBe('openslo/v1');
          expect(metadata.name).toMatch(name);
          for (const label of Object.keys(metadata.labels ?? {})) expect(label).toMatch(LABEL);
        }
        const slos = documents.slice(2);
        expect(new Set(slos.map(({ metadata }) => metadata.name)).size).toBe(slos.length);
        for (const { spec: slo } of slos) {
          expect(slo.service).toBe(documents[0].metadata.name);
          expect(slo.description?.length ?? 0).toBeLessThanOrEqual(1050);
          expect(slo).toMatchObject({
            budgetingMethod: 'Occurrences',
            timeWindow: [{ duration: expect.stringMatching(/^[0-9]+[mhd]$/), isRolling: true }],
            objectives: [{ target: expect.any(Number) }],
          });
          const { good, bad, total, raw, rawType } = slo.indicator.spec.ratioMetric;
          expect([good ?? bad, total].every((part) => part !== undefined)).toBe(raw === undefined);
          expect(rawType).toBe(raw === undefined ? undefined : 'failure');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('looks as people write it', () => {
    const policy: Slo = {
      name: 'EU database-latency',
      policy: 'EU database',
      sli: 'latency',
      objective: 0.99,
      periodMs: DEFAULT_PERIOD_MS,
      thresholdMs: 200,
      runbook: 'https://runbooks.example.com/database',
      indicator: { kind: 'policy', policy: 'EU database', sli: 'latency' },
      labels: { team: 'a', _hidden: 'b' },
      silenced: ['ticket'],
    };
    const spec = read(base);
    expect(
      writeOpenSlo({ ...spec, selector: { job: 'shop' }, slos: [...spec.slos, policy] }),
    ).toMatchSnapshot();
  });
});

describe('an OpenSLO file that was tampered with', () => {
  it('gives a spec or problems with their places', () => {
    fc.assert(
      fc.property(mutatedText(example), (text) => {
        try {
          read(text);
        } catch (error) {
          if (!(error instanceof SpecError)) throw error;
          expect(error.problems.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});
