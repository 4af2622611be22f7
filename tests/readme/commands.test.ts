import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBreakwater } from 'breakwater';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { breakwater, serve, temporaryFolder } from '../cli/support.ts';
import { promtool, skipWithoutPrometheus } from '../prometheus/support.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const spec = /<!-- file: slo\.yaml -->\n```yaml\n(?<text>[\s\S]*?)```/.exec(readme)?.groups?.text ?? '';

/** The command lines of the README, less `npx --no breakwater`, by their second word. */
const commands = new Map(
  [...readme.matchAll(/^npx --no breakwater (slo (\w+) .*)$/gm)].map(([, line = '', name = '']) => [
    name,
    line.split(' '),
  ]),
);

function command(name: string, replaced: Readonly<Record<string, string>> = {}): readonly string[] {
  const words = commands.get(name);
  if (words === undefined) throw new Error(`The README has no 'npx --no breakwater slo ${name}'.`);
  return words.map((word) => replaced[word] ?? word);
}

describe('the commands of the README', () => {
  it('begin with a running application', async () => {
    const hub = createBreakwater({ registry: new Registry(), incidents: false });
    hub.policy('database', { slo: { availability: 0.999 } });
    const url = await serve(async (_request, response) => response.end(await hub.registry.metrics()));
    const cwd = temporaryFolder();
    const { code, err } = await breakwater(command('init', { 'http://localhost:3000/metrics': url }), {
      cwd,
    });
    expect(code, err).toBe(0);
    expect(readFileSync(join(cwd, 'slo.yaml'), 'utf8')).toContain('availability: 99.9%');
    await hub.close();
  });

  it('make of its slo.yaml what they say', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'slo.yaml'), spec);
    for (const name of ['check', 'rules', 'test', 'dashboard']) {
      const { code, err } = await breakwater(command(name), { cwd });
      expect(code, err).toBe(0);
    }
    expect(JSON.parse(readFileSync(join(cwd, 'dashboard.json'), 'utf8'))).toHaveProperty('panels');
  });

  it('ask a Prometheus that is not there, and do not say yes', async () => {
    const { code } = await breakwater(command('gate', { 'http://localhost:9090': 'http://127.0.0.1:1' }));
    expect(code).toBe(2);
  });
});

describe('the rules of the README', () => {
  skipWithoutPrometheus();

  it('are proven by promtool', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'slo.yaml'), spec);
    for (const name of ['rules', 'test']) await breakwater(command(name), { cwd });
    const check = await promtool(['check', 'rules', 'rules.yaml'], { cwd });
    expect(check.status, check.stderr).toBe(0);
    const proof = await promtool(['test', 'rules', 'rules.test.yaml'], { cwd });
    expect(proof.status, proof.stderr).toBe(0);
  });
});
