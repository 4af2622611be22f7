import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drillScenario } from '../../../src/incidents/drill/scenario.ts';
import { readScenario } from '../../../src/incidents/drill/scenario-file.ts';
import { SpecError } from '../../../src/slo/spec/problems.ts';

function report(text: string): string {
  try {
    readScenario(text);
  } catch (error) {
    if (error instanceof SpecError) return error.report('drill.yaml');
    throw error;
  }
  throw new Error('it can be used');
}

const head = 'version: breakwater-drill/v1\npolicies: [database]\n';

it('reads the example, as the application takes it', () => {
  const example = readFileSync(join(import.meta.dirname, '../../../examples/incidents/drill.yaml'), 'utf8');
  const scenario = readScenario(example);
  expect(scenario).toMatchObject({
    title: 'The database stops answering',
    policies: ['database'],
    effect: 'open',
    durationMs: 1_800_000,
    targetsMs: {
      detect: 120_000,
      notify: 60_000,
      acknowledge: 300_000,
      mitigate: 900_000,
      verify: 1_200_000,
    },
  });
  expect(scenario.instructions.map(({ afterMs }) => afterMs)).toEqual([0, 300_000, 600_000]);
  expect(drillScenario.parse(scenario)).toEqual(scenario);
});

it('fills in what is usual, within the duration', () => {
  expect(readScenario(head)).toMatchObject({ effect: 'open', durationMs: 1_800_000, notify: true });
  expect(readScenario(`${head}duration: 2m`).targetsMs).toEqual({
    detect: 120_000,
    notify: 60_000,
    acknowledge: 120_000,
    mitigate: 120_000,
    verify: 120_000,
  });
  expect(readScenario(`${head}notify: false`).targetsMs.notify).toBe(false);
  expect(readScenario(`${head}targets: { verify: false }`).targetsMs.verify).toBe(false);
});

it('is played on other policies where that is asked for', () => {
  expect(readScenario(head, ['search'])).toMatchObject({ policies: ['search'] });
});

describe('a file that is wrong is told by line and column', () => {
  it.each([
    [
      'version: breakwater-drill/v1\npolices: [a]',
      "drill.yaml:2:1 polices: is not an option; did you mean 'policies'?",
    ],
    [`${head}duration: 30`, 'drill.yaml:3:11 duration: 30 has no unit'],
    [`${head}duration: 5h`, 'drill.yaml:3:11 duration: must be at most 4h'],
    [
      `${head}duration: 1m\ntargets:\n  acknowledge: 2m`,
      'drill.yaml:5:16 targets.acknowledge: must not be longer',
    ],
    [`${head}notify: false\ntargets:\n  notify: 1m`, 'drill.yaml:5:11 targets.notify: must be false'],
    [
      `${head}duration: 1m\ninstructions:\n  - { at: 2m, text: x }`,
      'drill.yaml:5:11 instructions[0].at: must not be after',
    ],
    ['version: breakwater-drill/v1\npolicies: [a, b, a]', 'drill.yaml:2:18 policies[2]: is there twice'],
    [`${head}effect: explode`, "drill.yaml:3:9 effect: must be 'open' or 'observe'"],
    [`${head}__proto__: 1`, 'drill.yaml:3:1 __proto__'],
    [`${head}---\nversion: x`, 'is a second document'],
    ['version: breakwater/v1\npolicies: [a]', "drill.yaml:1:10 version: must be 'breakwater-drill/v1'"],
  ])('%j', (text, expected) => {
    expect(report(text)).toContain(expected);
  });

  it('with all problems at once', () => {
    expect(report(`${head}effect: x\nnotify: maybe\ntitle: ""`).split('\n')).toHaveLength(3);
  });
});
