import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { prometheusRules } from '../../../src/slo/rules/rules.ts';
import { ruleTests } from '../../../src/slo/rules/tests.ts';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { DAY_MS } from '../../../src/slo/windows.ts';
import { skipWithoutPrometheus } from '../../prometheus/support.ts';
import { promtoolWith } from './promtool-files.ts';
import { policySlo, specOf } from './specs.ts';

const periodMs = 7 * DAY_MS;
const availability = policySlo('database', 'availability', 0.999, { periodMs });
const latency = policySlo('database', 'latency', 0.99, { periodMs });
const silent = policySlo('database', 'availability', 0.5, { periodMs: DAY_MS, silenced: ['page', 'ticket'] });

// Small specs: promtool evaluates every rule in every test.
const plain = specOf([availability], { breakers: false, selector: { job: 'shop' } });
const holding = specOf([availability, latency], { breakers: false });
const watched = specOf([silent]);

/**
 * What is broken: a part of the rules that is there once at the least, and what stands in the first one's place; and the
 * test that notices, by the beginning of its name. Each alone: promtool takes long for all.
 */
const mutations: readonly (readonly [
  name: string,
  spec: SloSpec,
  broken: string | RegExp,
  into: string,
  noticedBy: string,
])[] = [
  ['a factor that is too high', plain, '> 3.36', '> 3.9', 'policies: page over 1h'],
  ['a factor that is too low', plain, '> 1.4', '> 1.2', 'policies: page over 6h'],
  ['a long window that is too long', plain, /window="1h"(?=\} > )/, 'window="2h"', 'policies: page over 1h'],
  ['a recorded window that is too short', plain, '[3d]', '[2d]', 'policies: each window'],
  ['no guard against an idle window', plain, / > 0\)/, ')', 'policies: no traffic'],
  ['no guard against a few bad events', plain, '>= 5', '>= 1', 'policies: few events'],
  ['good for bad', plain, 'result="good"', 'result="bad"', 'policies: quiet'],
  ['an alert on missing data that waits too long', plain, 'for: 10m', 'for: 365d', 'policies: no data'],
  ['nothing held back', holding, /\n *unless on \(\)\n *ALERTS\{.*\}/, '', 'policies: everything fails'],
  [
    'a risk that is not held back',
    holding,
    /\n *unless on \(\)\n *ALERTS\{alertname="SloErrorBudgetAtRisk".*\}(\n *unless on \(\)\n *ALERTS\{.*\}){2}/,
    '',
    'policies: everything fails',
  ],
  ['calls that nobody counts', holding, /\n *or\n.* == 0\n.*\n.*/, '', 'policies: calls that'],
  ['a circuit that is well while it probes', watched, /open\|half-open/g, 'open', 'breakers: open'],
  [
    'a circuit in shadow mode taken for one that rejects',
    watched,
    /\n *and on \(policy\)\n.*circuit_open.*/,
    '',
    'breakers: a circuit',
  ],
];

/** The tests of a spec's rules of which one of these is the beginning of the name. */
function someTests(spec: SloSpec, rulesFileName: string, names: readonly string[]): string {
  const file = parse(ruleTests(spec, rulesFileName));
  const tests = file.tests.filter(({ name }: { name: string }) =>
    names.some((part) => name.startsWith(part)),
  );
  expect(tests.length).toBeGreaterThanOrEqual(names.length);
  return stringify({ ...file, tests });
}

describe('the tests of rules', () => {
  skipWithoutPrometheus();

  it('fail for rules that are broken in one place', { timeout: 120_000 }, async () => {
    const files = new Map<string, string>();
    const add = (name: string, spec: SloSpec, rules: string, tests: readonly string[]) => {
      files.set(`${name}.yaml`, rules).set(`${name}.test.yaml`, someTests(spec, `${name}.yaml`, tests));
    };
    for (const [name, spec] of Object.entries({ plain, holding, watched })) {
      const noticing = mutations.flatMap(([, mutated, , , noticedBy]) =>
        mutated === spec ? [noticedBy] : [],
      );
      add(name, spec, prometheusRules(spec).text, [...new Set(noticing)]);
    }
    for (const [name, spec, broken, into, noticedBy] of mutations) {
      const { text } = prometheusRules(spec);
      expect(text, name).toMatch(broken);
      add(name, spec, text.replace(broken, into), [noticedBy]);
    }
    const names = [...files.keys()].filter((name) => name.endsWith('.test.yaml'));
    const { stdout } = await promtoolWith(Object.fromEntries(files), 'test', 'rules', ...names);
    // What fails is told on the other stream.
    const told = [...stdout.matchAll(/Unit Testing: +(.+)\.test\.yaml\n( +SUCCESS)?/g)];
    expect(told).toHaveLength(names.length);
    expect(told.flatMap(([, name, success]) => (success === undefined ? [] : [name]))).toEqual([
      'plain',
      'holding',
      'watched',
    ]);
  });
});
