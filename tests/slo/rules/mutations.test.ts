import { describe, expect, it } from 'vitest';
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

/** What is broken: a part of the rules that is there once at the least, and what stands in the first one's place. */
const mutations: readonly (readonly [name: string, spec: SloSpec, broken: string | RegExp, into: string])[] =
  [
    ['a factor that is too high', plain, '> 3.36', '> 3.9'],
    ['a factor that is too low', plain, '> 1.4', '> 1.2'],
    ['a long window that is too long', plain, /window="1h"(?=\} > )/, 'window="2h"'],
    ['a recorded window that is too short', plain, '[3d]', '[2d]'],
    ['no guard against an idle window', plain, / > 0\)/, ')'],
    ['no guard against a few bad events', plain, '>= 5', '>= 1'],
    ['good for bad', plain, 'result="good"', 'result="bad"'],
    ['an alert on missing data that waits too long', plain, 'for: 10m', 'for: 365d'],
    ['nothing held back', holding, /\n *unless on \(\)\n *ALERTS\{.*\}/, ''],
    ['a circuit that is well while it probes', watched, 'open|half-open', 'open'],
    [
      'a circuit in shadow mode taken for one that rejects',
      watched,
      /\n *and on \(policy\)\n.*circuit_open.*/,
      '',
    ],
  ];

async function passes(spec: SloSpec, rules: string): Promise<boolean> {
  const files = { 'rules.yaml': rules, 'rules.test.yaml': ruleTests(spec, 'rules.yaml') };
  const { stdout } = await promtoolWith(files, 'test', 'rules', 'rules.test.yaml');
  // What fails is told on the other stream.
  expect(stdout).toContain('Unit Testing');
  return stdout.includes('SUCCESS');
}

describe('the tests of rules', () => {
  skipWithoutPrometheus();

  it('fail for rules that are broken in one place', { timeout: 120_000 }, async () => {
    const names = ['plain', 'holding', 'watched', ...mutations.map(([name]) => name)];
    const rules = [plain, holding, watched].map((spec) => [spec, prometheusRules(spec).text] as const);
    for (const [name, spec, broken, into] of mutations) {
      const { text } = prometheusRules(spec);
      expect(text, name).toMatch(broken);
      rules.push([spec, text.replace(broken, into)]);
    }
    const passed: boolean[] = [];
    for (const [spec, text] of rules) passed.push(await passes(spec, text));
    expect(names.filter((_, at) => passed[at])).toEqual(['plain', 'holding', 'watched']);
  });
});
