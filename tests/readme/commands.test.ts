import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBreakwater } from 'breakwater';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { breakwater, serve, temporaryFolder } from '../cli/support.ts';
import { askTwice, promtool, skipWithoutPrometheus } from '../prometheus/support.ts';
import { failing } from '../support.ts';

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

describe('the commands of the incident chapter', () => {
  it('take an incident from the page to the post-mortem', async () => {
    const directory = temporaryFolder();
    const env = {
      BREAKWATER_INCIDENTS: directory,
      BREAKWATER_BY: 'ada',
      BREAKWATER_SOCKET: join(directory, 'control.sock'),
    };
    const hub = createBreakwater({
      registry: new Registry(),
      logger: pino({ level: 'silent' }),
      incidents: { directory, resolveAfterMs: 1, control: { socket: env.BREAKWATER_SOCKET } },
    });
    onTestFinished(() => hub.close());
    const policy = hub.policy('prices', { cacheFallback: { staleIfErrorMs: 60_000 } });
    for (let n = 0; n < 10; n += 1) await policy.execute(failing()).catch(() => {});
    const [incident] = hub.incidents.open();
    if (incident === undefined) throw new Error('There is no incident.');
    await hub.incidents.flush();
    await vi.waitFor(() => expect(existsSync(env.BREAKWATER_SOCKET)).toBe(true), { timeout: 20_000 });

    const runAll = async (block: string, expected: Readonly<Record<string, number>> = {}): Promise<void> => {
      for (const words of commandsOf(block)) {
        const named = words.map((word) => (word === '001-9f3a' ? incident.id : word));
        const { code, out, err } = await breakwater(named, { env });
        expect(code, `${words.join(' ')}\n${out}${err}`).toBe(expected[words[1] ?? ''] ?? 0);
      }
    };
    await runAll('on-call');
    await runAll('way-out');
    policy.circuit.reset();
    await vi.waitFor(() => expect(incident.status).toBe('resolved'), { timeout: 20_000 });
    // The draft has blanks, and nobody has yet said that the stopgap is undone.
    await runAll('next-morning', { lint: 1, close: 1 });
    expect(existsSync(join(directory, 'incidents', incident.id, 'postmortem.md'))).toBe(true);
  });
});

/** The command lines of a block of the README, as a shell would hand them on. */
function commandsOf(block: string): readonly (readonly string[])[] {
  const fenced = new RegExp(`<!-- commands: ${block} -->\\n\`\`\`sh\\n([\\s\\S]*?)\`\`\``);
  const lines = [...(fenced.exec(readme)?.[1] ?? '').matchAll(/^npx --no breakwater (.*)$/gm)];
  if (lines.length === 0) throw new Error(`The README has no commands '${block}'.`);
  return lines.map(([, line = '']) =>
    [...line.replace(/\s#.*$/, '').matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare ?? '',
    ),
  );
}

describe('the rules of the README', () => {
  skipWithoutPrometheus();

  it('are proven by promtool', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'slo.yaml'), spec);
    for (const name of ['rules', 'test']) await breakwater(command(name), { cwd });
    const check = await promtool(['check', 'rules', 'rules.yaml'], { cwd });
    expect(check.status, check.stderr).toBe(0);
    const proof = await askTwice(() => promtool(['test', 'rules', 'rules.test.yaml'], { cwd }));
    expect(proof.status, proof.stderr).toBe(0);
  });
});
