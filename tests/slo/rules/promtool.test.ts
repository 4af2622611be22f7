import { describe, expect, it } from 'vitest';
import { prometheusRules } from '../../../src/slo/rules/rules.ts';
import { ruleTests } from '../../../src/slo/rules/tests.ts';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { DAY_MS } from '../../../src/slo/windows.ts';
import { fc } from '../../fast-check.ts';
import { askTwice, skipWithoutPrometheus } from '../../prometheus/support.ts';
import { arbitraryObjective, arbitraryPeriodMs, arbitrarySpec } from '../spec/arbitraries.ts';
import { complaints, promtoolWith } from './promtool-files.ts';
import { policySlo, querySlo, specOf } from './specs.ts';

/** One run of promtool for many specs: starting it is what takes the time. */
async function checkAll(specs: readonly SloSpec[]): Promise<string> {
  const files = Object.fromEntries(specs.map((spec, at) => [`${at}.yaml`, prometheusRules(spec).text]));
  return complaints(await promtoolWith(files, 'check', 'rules', ...Object.keys(files)));
}

async function testAll(specs: readonly SloSpec[]): Promise<string> {
  const rules = specs.map((spec, at) => [`${at}.yaml`, prometheusRules(spec).text] as const);
  const tests = specs.map((spec, at) => [`${at}.test.yaml`, ruleTests(spec, `${at}.yaml`)] as const);
  const files = Object.fromEntries([...rules, ...tests]);
  const names = tests.map(([name]) => name);
  return complaints(await askTwice(() => promtoolWith(files, 'test', 'rules', ...names)));
}

const HOUR_MS = 3_600_000;
const periods = [HOUR_MS, DAY_MS, 7 * DAY_MS, 28 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS];
const objectives = [0.5, 0.9, 0.99, 0.999, 0.99999];
/** Those whose tests promtool runs. */
const proven = [[0.99, 30 * DAY_MS]] as const;

/** The availability of a policy, and a latency that it holds back. */
function pair(objective: number, latency: number, periodMs: number): SloSpec {
  return specOf(
    [
      policySlo('database', 'availability', objective, { periodMs }),
      policySlo('database', 'latency', latency, { periodMs }),
    ],
    { breakers: false },
  );
}

/** One objective of a policy, with another that it holds back, of any share and period. */
const anyObjectives: fc.Arbitrary<SloSpec> = fc
  .record({
    objective: arbitraryObjective,
    other: arbitraryObjective,
    periodMs: arbitraryPeriodMs,
    minimumBadEvents: fc.constantFrom(1, 5, 100),
    silenced: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.constant(['page'] as const) },
    ),
  })
  .map(({ objective, other, periodMs, minimumBadEvents, silenced }) => {
    const spec = specOf(
      [
        policySlo('database', 'availability', objective, { periodMs, silenced }),
        policySlo('database', 'latency', other, { periodMs: 7 * DAY_MS }),
      ],
      { breakers: false },
    );
    return { ...spec, alerts: { ...spec.alerts, minimumBadEvents } };
  });

describe('promtool', () => {
  skipWithoutPrometheus();

  it('accepts the rules of any spec', { timeout: 60_000 }, async () => {
    const many = fc.array(arbitrarySpec, { minLength: 25, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(many, async (specs) => {
        expect(await checkAll(specs)).toBe('');
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });

  it('accepts the rules of each objective over each period', { timeout: 60_000 }, async () => {
    const specs = periods.flatMap((periodMs) =>
      objectives.map((objective) => pair(objective, 0.9, periodMs)),
    );
    expect(specs).toHaveLength(30);
    expect(await checkAll(specs)).toBe('');
  });

  it('finds that the rules of some of them do what they should', { timeout: 120_000 }, async () => {
    expect(await testAll(proven.map(([objective, periodMs]) => pair(objective, 0.9, periodMs)))).toBe('');
  });

  it('finds so for any objective and period', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyObjectives, async (spec) => {
        expect(await testAll([spec])).toBe('');
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });

  it('finds so whatever names, labels and queries there are', { timeout: 120_000 }, async () => {
    const some = fc.array(
      arbitrarySpec.map((spec) => ({ ...spec, slos: spec.slos.slice(-2) })),
      { minLength: 2, maxLength: 2 },
    );
    await fc.assert(
      fc.asyncProperty(some, async (specs) => {
        expect(await testAll(specs)).toBe('');
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });

  it('finds so for every kind of objective', { timeout: 60_000 }, async () => {
    const everyKind = specOf(
      [
        // The burn alerts of policies are proven above.
        policySlo('database', 'correctness', 0.99, { periodMs: DAY_MS, silenced: ['page', 'ticket'] }),
        querySlo(
          'good',
          {
            kind: 'events',
            total: 'sum(rate(requests_total[{{.window}}]))',
            good: 'sum(rate(requests_total{code!~"5.."}[{{.window}}]))',
          },
          0.99,
          { periodMs: 7 * DAY_MS },
        ),
        querySlo('bad', { kind: 'events', total: 'rate(a[{{.window}}])', bad: 'rate(b[{{.window}}])' }, 0.5, {
          periodMs: 3 * DAY_MS,
        }),
        querySlo(
          'ratio',
          { kind: 'ratio', badRatio: 'scalar(avg(avg_over_time(broken[{{.window}}])))' },
          0.99,
          { periodMs: 7 * DAY_MS },
        ),
      ],
      { selector: { job: 'shop' }, labels: { env: 'live' }, breakers: false },
    );
    // One whose queries read what the tests give for another, and one that answers without data.
    const unknowable = specOf([
      policySlo('database', 'availability', 0.999, { periodMs: 7 * DAY_MS, silenced: ['page'] }),
      querySlo('same', {
        kind: 'events',
        total: 'sum(rate(breakwater_sli_events_total[{{.window}}]))',
        bad: 'sum(rate(breakwater_sli_events_total{result="bad"}[{{.window}}]))',
      }),
      querySlo('always', {
        kind: 'ratio',
        badRatio: 'vector(0.5) + 0 * sum(rate(a[{{.window}}]) or vector(0))',
      }),
    ]);
    expect(await testAll([everyKind, unknowable])).toBe('');
    expect(ruleTests(unknowable, 'rules.yaml').match(/# Not tested: \w+/g)).toEqual([
      '# Not tested: same',
      '# Not tested: always',
    ]);
  });
});
