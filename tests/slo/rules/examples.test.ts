import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { prometheusRules } from '../../../src/slo/rules/rules.ts';
import { ruleTests } from '../../../src/slo/rules/tests.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { promtool, skipWithoutPrometheus } from '../../prometheus/support.ts';
import { complaints } from './promtool-files.ts';

const directory = new URL('../../../examples/slo/', import.meta.url);
const spec = () => readSpec(readFileSync(new URL('slo.yaml', directory), 'utf8'));

/** Vitest writes these files anew with `--update`. */
describe('the committed example', () => {
  it('is what the code generates', async () => {
    const { text, warnings } = prometheusRules(spec());
    await expect(text).toMatchFileSnapshot(new URL('rules.yaml', directory).pathname);
    await expect(ruleTests(spec(), 'rules.yaml')).toMatchFileSnapshot(
      new URL('rules.test.yaml', directory).pathname,
    );
    expect(warnings).toEqual(
      text.split('\n').flatMap((line) => /^# (?:Left out|Not counted): (.*)/.exec(line)?.[1] ?? []),
    );
  });

  describe('to promtool', () => {
    skipWithoutPrometheus();

    // Its proof takes long; that of the README's file is run by its test, and those of others beside this one.
    it('is right', async () => {
      const cwd = directory.pathname;
      expect(complaints(await promtool(['check', 'rules', 'rules.yaml'], { cwd }))).toBe('');
    });
  });
});
