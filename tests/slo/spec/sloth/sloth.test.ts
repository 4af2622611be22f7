import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseDocuments } from '../../../../src/slo/spec/document.ts';
import type { Slo, SloSpec } from '../../../../src/slo/spec/model.ts';
import { SpecError } from '../../../../src/slo/spec/problems.ts';
import { specDefaults } from '../../../../src/slo/spec/schema.ts';
import { readSloth } from '../../../../src/slo/spec/sloth/read.ts';
import { writeSloth } from '../../../../src/slo/spec/sloth/write.ts';
import { DEFAULT_PERIOD_MS } from '../../../../src/slo/windows.ts';
import { fc } from '../../../fast-check.ts';
import { arbitrarySpec } from '../arbitraries.ts';
import { mutatedText } from './mutations.ts';

function read(text: string): SloSpec {
  return readSloth(parseDocuments(text)[0]);
}

function problemsOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof SpecError) return error.report('sloth.yaml');
    throw error;
  }
  return 'nothing is wrong';
}

/** sloth's own example, with what a service that has grown adds to it. */
const example = `version: "prometheus/v1"
service: "myservice"
labels:
  owner: "myteam"
  repo: "myorg/myservice"
  tier: "2"
slos:
  - name: "requests-availability"
    objective: 99.9
    description: "Common SLO based on availability for HTTP request responses."
    labels: { category: availability }
    sli:
      events:
        error_query: sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_request_duration_seconds_count{job="myservice"}[{{ .window }}]))
    alerting:
      name: MyServiceHighErrorRate
      labels:
        channel: one
      annotations:
        summary: "High error rate on 'myservice' requests responses"
        runbook: https://runbooks.example.com/availability
      page_alert:
        labels:
          severity: pageteam
          routing_key: myteam
      ticket_alert:
        labels:
          severity: "slack"
  - name: wifi-client-satisfaction
    objective: 95
    sli:
      raw:
        error_ratio_query: |
          # The ratio is that of the good.
          1 - (
            sum(sum_over_time(unifipoller_client_satisfaction_ratio[{{.window}}]))
            /
            sum(count_over_time(unifipoller_client_satisfaction_ratio[{{.window}}]))
          )
    alerting:
      labels:
        channel: two
      page_alert:
        labels:
          severity: pageteam
          routing_key: myteam
      ticket_alert:
        disable: true
`;

describe('a sloth spec', () => {
  it('is read with all that can be carried', () => {
    const spec = read(example);
    expect(spec).toMatchObject({
      service: 'myservice',
      labels: { owner: 'myteam', repo: 'myorg/myservice', tier: '2' },
      selector: {},
      breakers: false,
      alerts: {
        pageLabels: { severity: 'pageteam', routing_key: 'myteam' },
        ticketLabels: { severity: 'slack' },
      },
    });
    expect(spec.slos).toEqual([
      {
        name: 'requests-availability',
        policy: 'requests-availability',
        sli: 'availability',
        description: 'Common SLO based on availability for HTTP request responses.',
        objective: 0.999,
        periodMs: DEFAULT_PERIOD_MS,
        labels: { category: 'availability', channel: 'one' },
        runbook: 'https://runbooks.example.com/availability',
        silenced: [],
        indicator: {
          kind: 'events',
          bad: 'sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))',
          total: 'sum(rate(http_request_duration_seconds_count{job="myservice"}[{{.window}}]))',
        },
      },
      {
        name: 'wifi-client-satisfaction',
        policy: 'wifi-client-satisfaction',
        sli: 'availability',
        objective: 0.95,
        periodMs: DEFAULT_PERIOD_MS,
        labels: { channel: 'two' },
        silenced: ['ticket'],
        indicator: { kind: 'ratio', badRatio: expect.stringMatching(/^1 - \(\n {2}sum/) },
      },
    ]);
  });

  it('names what is not carried, and where it stands', () => {
    expect(read(example).notes?.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      '17:13 is not carried: the alerts are called SloErrorBudgetBurn',
      '21:9 is not carried: the alerts have annotations of their own',
    ]);
  });

  it.each([
    [0.5, 50],
    [0.999, 99.9],
    [0.9999, 99.99],
    [0.99999, 99.999],
    [0.995, 99.5],
    [0.07, 7],
    [0.9990000000001, 99.90000000001],
  ])('has %d as %d percent, exactly', (objective, percent) => {
    const text = writeSloth(withSlo({ objective }));
    expect(text).toContain(`objective: ${percent}\n`);
    expect(read(text).slos[0]?.objective).toBe(objective);
  });
});

const base = `version: prometheus/v1
service: shop
slos:
  - name: checkout
    objective: 99
    sli:
      events:
        error_query: sum(rate(errors_total[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
    alerting:
      name: Checkout
`;

describe('a sloth spec that cannot be used', () => {
  it.each([
    [
      'objective: 99',
      'objective: 100',
      '5:16 slos[0].objective: must be below 100: without an error budget the first failure misses it for good',
    ],
    [
      'objective: 99',
      'objective: 99%',
      "5:16 slos[0].objective: must be a percentage as a plain number, above 0 and below 100, such as 99.9, not '99%'",
    ],
    [
      'objective: 99',
      'objective: 0',
      '5:16 slos[0].objective: must be a percentage as a plain number, above 0 and below 100, such as 99.9, not 0',
    ],
    [
      'objective: 99',
      'objectives: 99',
      "5:5 slos[0].objectives: is not an option; did you mean 'objective'?",
    ],
    [
      'service: shop',
      'service: shop\nslo_plugins: { chain: [{ id: x }] }',
      '3:1 slo_plugins: names plugins, which only sloth can run',
    ],
    [
      '    sli:\n      events:',
      '    sli:\n      plugin: { id: x }\n      events:',
      '7:7 slos[0].sli.plugin: names a plugin, which only sloth can run; write the query that it gives into raw.error_ratio_query',
    ],
    [
      '    sli:\n      events:',
      '    sli:\n      raw: { error_ratio_query: "avg_over_time(a[{{.window}}])" }\n      events:',
      '7:7 slos[0].sli.raw: says again what events says; leave one of them out',
    ],
    [
      'rate(errors_total[{{.window}}])',
      'rate(errors_total[5m])',
      '8:22 slos[0].sli.events.error_query: has no {{.window}}; write it for the range, as in rate(requests_total[{{.window}}])',
    ],
    [
      'sum(rate(errors_total[{{.window}}]))',
      'sum(rate(errors_total[{{.window}}]) + )',
      '8:60 slos[0].sli.events.error_query: cannot be read',
    ],
    [
      'sum(rate(errors_total',
      'sum(rate(requests_total',
      '8:22 slos[0].sli.events.error_query: is the same as total_query',
    ],
    [
      '      name: Checkout',
      '      page_alert: { labels: { disable: true } }',
      "11:40 slos[0].alerting.page_alert.labels.disable: must be a text of 1 to 1000 characters without control characters, not true; write it in quotes: 'true'",
    ],
    [
      '      name: Checkout',
      '      page_alert: { labels: { team: "{{ $labels.team }}" } }',
      '11:37 slos[0].alerting.page_alert.labels.team: is a template; labels of alerts are plain text here',
    ],
    [
      'objective: 99',
      'objective: 99\n    labels: { window: a }',
      '6:15 slos[0].labels.window: is a label that the rules set themselves',
    ],
    [
      'objective: 99',
      'objective: 99\n    labels: { slo: other }',
      '6:15 slos[0].labels.slo: is a label that the rules set themselves',
    ],
    [
      'service: shop',
      'service: shop\nlabels: { service: other }',
      '3:11 labels.service: is a label that the rules set themselves',
    ],
  ])('%s -> %s', (from, to, problem) => {
    expect(read(base).slos).toHaveLength(1);
    expect(problemsOf(base.replace(from, to))).toContain(`sloth.yaml:${problem}`);
  });

  it('has pages that are labelled in several ways, as the spec has no words for that', () => {
    const second = base.slice(base.indexOf('  - name')).replace('name: checkout', 'name: basket');
    const labelled = (text: string, team: string) =>
      text.replace('      name: Checkout', `      page_alert: { labels: { team: ${team} } }`);
    expect(problemsOf(labelled(base, 'a') + labelled(second, 'b'))).toBe(
      [10, 18]
        .map(
          (line, at) =>
            `sloth.yaml:${line}:5 slos[${at}].alerting: has alerts with a label 'team' that neither both of them nor those of all objectives have; put the objective into a file of its own`,
        )
        .join('\n'),
    );
  });

  it('has pages of several severities, also where there are no tickets', () => {
    const second = base.slice(base.indexOf('  - name')).replace('name: checkout', 'name: basket');
    const alerting = (severity: string) =>
      `      page_alert: { labels: { severity: ${severity} } }\n      ticket_alert: { disable: true }`;
    const text = [base, second].map((part, at) => part.replace('      name: Checkout', alerting(`s${at}`)));
    expect(problemsOf(text.join(''))).toContain(
      "sloth.yaml:10:5 slos[0].alerting: has alerts with a label 'severity' that neither both of them",
    );
  });

  it('has two objectives of one name', () => {
    expect(problemsOf(base + base.slice(base.indexOf('  - name')))).toBe(
      'sloth.yaml:12:11 slos[1].name: is the name of an objective before it; choose another',
    );
  });
});

/** What comes back of a spec that was written for sloth. */
function carried(spec: SloSpec): SloSpec {
  const { alerts } = specDefaults;
  const slos = spec.slos.map(carriedSlo);
  const has = (severity: 'page' | 'ticket') => slos.some(({ silenced }) => !silenced.includes(severity));
  const policies = slos.some(({ indicator }) => indicator.kind === 'policy');
  return {
    ...spec,
    slos,
    selector: policies ? spec.selector : {},
    alerts: {
      ...spec.alerts,
      minimumBadEvents: alerts.minimumBadEvents,
      atRiskRemaining: alerts.atRiskRemaining,
      missingDataMs: alerts.missingDataMs,
      pageLabels: has('page') ? spec.alerts.pageLabels : alerts.pageLabels,
      ticketLabels: has('ticket') ? spec.alerts.ticketLabels : alerts.ticketLabels,
    },
    breakers: policies ? specDefaults.breakers : false,
    periodEvaluationMs: specDefaults.periodEvaluationMs,
  };
}

function carriedSlo(slo: Slo): Slo {
  const { indicator } = slo;
  const carriedAlike = { ...slo, periodMs: DEFAULT_PERIOD_MS };
  if (indicator.kind !== 'events' || 'bad' in indicator) return carriedAlike;
  const { total, good } = indicator;
  return { ...carriedAlike, indicator: { kind: 'events', total, bad: `(\n${total}\n)\n-\n(\n${good}\n)` } };
}

function withSlo(changes: Partial<Slo>): SloSpec {
  const [spec] = [read(base)];
  return { ...spec, slos: spec.slos.map((slo) => ({ ...slo, ...changes })) };
}

/** Specs that sloth can have: no two queries alike, labels of alerts that are no labels of objectives. */
const writable = arbitrarySpec.filter(({ labels, slos, alerts }) => {
  const ofAlerts = Object.keys({ ...alerts.pageLabels, ...alerts.ticketLabels });
  const recorded = [labels, ...slos.map((slo) => slo.labels)].flatMap((given) => Object.keys(given));
  return (
    slos.every(({ indicator }) => !('bad' in indicator) || indicator.bad !== indicator.total) &&
    slos.every(({ objective }) => String(objective).replace(/^0\.0*|e.*$|\./g, '').length <= 15) &&
    ofAlerts.every((name) => !recorded.includes(name))
  );
});

describe('a spec written for sloth', () => {
  it('is read as the same, but for what sloth has no words for', () => {
    fc.assert(
      fc.property(writable, (spec) => {
        const { notes: _notes, ...found } = read(writeSloth(spec));
        expect(found).toEqual(carried(spec));
      }),
      { numRuns: 60 },
    );
  });

  it('is what sloth takes', () => {
    const name = /^[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]$/;
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        // sloth reads YAML 1.1.
        const file = parse(writeSloth(spec), { version: '1.1' });
        expect(
          Object.keys(file).filter((key) => !['version', 'service', 'labels', 'slos'].includes(key)),
        ).toEqual([]);
        expect(file).toMatchObject({ version: 'prometheus/v1', service: expect.stringMatching(name) });
        expect(file.slos).toHaveLength(spec.slos.length);
        expect(new Set(file.slos.map((slo: { name: string }) => slo.name)).size).toBe(spec.slos.length);
        for (const slo of file.slos) {
          expect(slo).toMatchObject({ name: expect.stringMatching(name), objective: expect.any(Number) });
          expect(slo.objective > 0 && slo.objective <= 100).toBe(true);
          expect(
            Object.values({ ...file.labels, ...slo.labels }).every(
              (value) => typeof value === 'string' && value !== '',
            ),
          ).toBe(true);
          for (const alert of [slo.alerting.page_alert, slo.alerting.ticket_alert]) {
            if (alert.disable !== true) expect(slo.alerting.name).toBe('SloErrorBudgetBurn');
          }
          const queries: string[] = Object.values(slo.sli.events ?? slo.sli.raw);
          // Go's templates have no other actions than the window and braces.
          for (const query of queries)
            expect(query.replace(/\{\{"\{+"\}\}|\{\{\.window\}\}/g, '')).not.toContain('{{');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is a template of Go in which braces stand for themselves', () => {
    const bad = 'sum(rate(errors_total{path=~"/{{id}}.*"}[{{.window}}]))';
    const spec = withSlo({
      indicator: { kind: 'events', total: 'sum(rate(requests_total[{{.window}}]))', bad },
    });
    const text = writeSloth({ ...spec, alerts: { ...spec.alerts, pageLabels: { severity: 'a {{ b' } } });
    expect(text).toContain('/{{"{{"}}id}}.*');
    expect(text).toContain('[{{.window}}]');
    const { slos, alerts } = read(text);
    expect(slos[0]?.indicator).toMatchObject({ bad });
    expect(alerts.pageLabels).toEqual({ severity: 'a {{ b' });
  });

  it('says how sloth is told the period', () => {
    const week = 7 * 86_400_000;
    expect(writeSloth(withSlo({ periodMs: week }))).toContain('--default-slo-period=7d');
    expect(writeSloth(withSlo({}))).not.toContain('period');
  });

  it('looks as people write it', () => {
    const spec = { ...read(example), selector: { job: 'shop' } };
    const { slos } = spec;
    const policy: Slo = {
      name: 'database-latency',
      policy: 'database',
      sli: 'latency',
      objective: 0.99,
      periodMs: DEFAULT_PERIOD_MS,
      thresholdMs: 200,
      indicator: { kind: 'policy', policy: 'database', sli: 'latency' },
      labels: {},
      silenced: [],
    };
    expect(writeSloth({ ...spec, slos: [...slos.slice(0, 1), policy] })).toMatchSnapshot();
  });
});

describe('a sloth spec that was tampered with', () => {
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
