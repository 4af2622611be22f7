import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBreakwater } from 'breakwater';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished, vi } from 'vitest';
import { callControl } from '../../../src/incidents/control/client.ts';
import { folder } from '../../incidents/control/support.ts';
import { RecordingLogger } from '../../incidents/fixtures.ts';
import { buildCommand, library, main } from '../built.ts';
import { breakwater } from '../support.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

buildCommand();

/** Node as a process of its own, killed with the test. */
function node(...args: readonly string[]): ChildProcess & { readonly exited: Promise<unknown[]> } {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'ignore' });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return Object.assign(child, { exited });
}

const drill = (socket: string) => ['drill', '--policy', 'database', '--socket', socket, '--yes'];

it('undoes in the application what a command began that is killed, or interrupted', async () => {
  const socket = join(folder(), 'app.sock');
  const hub = createBreakwater({
    registry: new Registry(),
    logger: new RecordingLogger(),
    incidents: { sinks: [], control: { socket }, drills: true },
  });
  onTestFinished(() => hub.close());
  const { circuit } = hub.policy('database');
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const command = node(main, ...drill(socket), '--by', 'alice');
    await vi.waitFor(() => expect(circuit.state).toBe('forced-open'), { timeout: 20_000 });
    command.kill(signal);
    expect(await command.exited).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [2, null]);
    await vi.waitFor(() => expect(circuit.state).toBe('closed'));
    await vi.waitFor(() => expect(hub.incidents.open()).toEqual([]));
  }
  const steps = hub.incidents.list().map((incident) => incident.toJSON().steps.at(-1)?.reason);
  expect(steps).toEqual([
    'The drill is over. Whoever played it is gone.',
    'The drill is over. Stopped by alice (SIGTERM).',
  ]);
}, 60_000);

const application = (socket: string) => `
import { createBreakwater } from ${JSON.stringify(library)};
const hub = createBreakwater({ incidents: { control: { socket: ${JSON.stringify(socket)} }, drills: true } });
hub.policy('database');
process.stdin.resume();
setInterval(() => {}, 1_000);
`;

it('says so when the application is killed, whose socket the next one takes over', async () => {
  const socket = join(folder(), 'app.sock');
  const first = node('--input-type=module', '-e', application(socket));
  const answers = () => callControl(socket, 'ping');
  await vi.waitFor(answers, { timeout: 20_000 });
  const playing = breakwater(drill(socket));
  await vi.waitFor(async () => expect(await callControl(socket, 'drill.status')).toHaveProperty('incident'));
  first.kill('SIGKILL');
  const { code, err } = await playing;
  expect(code).toBe(2);
  expect(err).toContain('the connection to the application ended, and with it the drill');
  await first.exited;
  await expect(answers()).rejects.toThrow(/is gone/);
  node('--input-type=module', '-e', application(socket));
  expect(await vi.waitFor(answers, { timeout: 20_000 })).toMatchObject({ policies: ['database'] });
}, 60_000);

it('keeps no application alive', async () => {
  const socket = join(folder(), 'app.sock');
  const program = `${application(socket).split('\n').slice(0, 4).join('\n')}
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
while (!existsSync(${JSON.stringify(socket)})) await delay(10);
`;
  expect(await node('--input-type=module', '-e', program).exited).toEqual([0, null]);
}, 60_000);
