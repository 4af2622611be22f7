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
    const files = rules.flatMap(([spec, text], at) => [
      [`${at}.yaml`, text] as const,
      [`${at}.test.yaml`, ruleTests(spec, `${at}.yaml`)] as const,
    ]);
    const tests = rules.map((_, at) => `${at}.test.yaml`);
    const { stdout, stderr } = await promtoolWith(Object.fromEntries(files), 'test', 'rules', ...tests);
    // It says `SUCCESS` on its one stream and what failed on the other.
    const passed = stdout
      .split('Unit Testing: ')
      .slice(1)
      .map((part) => part.includes('SUCCESS'));
    expect(passed, stderr).toHaveLength(names.length);
    expect(names.filter((_, at) => passed[at])).toEqual(['plain', 'holding', 'watched']);
  });
});
