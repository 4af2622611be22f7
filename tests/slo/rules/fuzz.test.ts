import { describe, expect, it } from 'vitest';
import { prometheusRules } from '../../../src/slo/rules/rules.ts';
import { ruleTests } from '../../../src/slo/rules/tests.ts';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { writeOpenSlo } from '../../../src/slo/spec/openslo/write.ts';
import { SpecError } from '../../../src/slo/spec/problems.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { writeSloth } from '../../../src/slo/spec/sloth/write.ts';
import { writeSpec } from '../../../src/slo/spec/write.ts';
import { fc } from '../../fast-check.ts';
import { skipWithoutPrometheus } from '../../prometheus/support.ts';
import { arbitrarySpec } from '../spec/arbitraries.ts';
import { mutatedText } from '../spec/sloth/mutations.ts';
import { complaints, promtoolWith } from './promtool-files.ts';

/** A spec of any format, with one or two places damaged: of those with four, hardly any would be accepted. */
const damaged = fc
  .tuple(arbitrarySpec, fc.constantFrom('own', 'sloth', 'openslo'))
  .chain(([spec, format]) => mutatedText(written(spec, format), 2));

function written(spec: SloSpec, format: string): string {
  if (format === 'sloth') return writeSloth(spec);
  if (format === 'openslo') return writeOpenSlo(spec);
  return writeSpec(spec);
}

/** The rules of a spec; none where it is refused with a place. Whatever else is thrown is a crash. */
function rulesOf(text: string): string | undefined {
  try {
    const spec = readSpec(text);
    expect(ruleTests(spec, 'rules.yaml')).not.toBe('');
    return prometheusRules(spec).text;
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    for (const { line, column } of error.problems) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
    return undefined;
  }
}

describe('a damaged spec file', () => {
  skipWithoutPrometheus();

  it('is refused with a place, or makes rules that promtool accepts', { timeout: 60_000 }, async () => {
    const accepted: string[] = [];
    fc.assert(
      fc.property(damaged, (text) => {
        const rules = rulesOf(text);
        if (rules !== undefined) accepted.push(rules);
      }),
      { numRuns: 160 },
    );
    expect(accepted.length).toBeGreaterThan(5);
    expect(accepted.length).toBeLessThan(160);
    const files = Object.fromEntries(accepted.map((text, at) => [`${at}.yaml`, text]));
    expect(complaints(await promtoolWith(files, 'check', 'rules', ...Object.keys(files)))).toBe('');
  });
});
