import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { CommandContext } from '../../../src/cli/context.ts';
import { announceSocket } from '../../../src/incidents/control/found-sockets.ts';
import { ControlServer } from '../../../src/incidents/control/server.ts';
import { Drills } from '../../../src/incidents/drill/drills.ts';
import { FakeApplication, folder } from '../../incidents/control/support.ts';
import { FakeDrillPorts } from '../../incidents/drill/ports.ts';
import { breakwater, CapturedTerminal } from '../support.ts';

/** An application behind a socket in which drills can be played. */
async function application() {
  const ports = new FakeDrillPorts();
  const drills = new Drills(ports);
  class WithDrills extends FakeApplication {
    override readonly drills = drills;
  }
  const path = join(folder(), 'app.sock');
  const server = await ControlServer.open({ path, controlled: new WithDrills(), report: ports.report });
  onTestFinished(() => {
    drills.close();
    server.close();
  });
  const circuit = () => ports.circuits.get('database')?.[0]?.state;
  return { ports, drills, path, server, circuit };
}

/** The drill is under way: `then` plays a part in it. */
async function whenBegun(ports: FakeDrillPorts, then: () => void): Promise<void> {
  await vi.waitFor(() => expect(ports.incidents.size).toBe(1));
  then();
}

function scenarioFile(text: string): string {
  const cwd = folder();
  writeFileSync(join(cwd, 'drill.yaml'), `version: breakwater-drill/v1\npolicies: [database]\n${text}`);
  return cwd;
}

it('plays a drill that is passed, with progress beside the score', async () => {
  const { ports, path, circuit } = await application();
  const playing = breakwater(['drill', '--policy', 'database', '--socket', path, '--yes']);
  await whenBegun(ports, () => {
    expect(circuit()).toBe('forced-open');
    ports.notified({ log: 'delivered' });
    ports.step('acknowledged');
    ports.step('mitigated');
    ports.verified();
  });
  const { code, out, err } = await playing;
  expect(code, err).toBe(0);
  expect(circuit()).toBe('closed');
  expect(err).toContain("Opens the circuit of 'database' for at most 30 min: real calls are rejected.");
  expect(err).toMatch(/^00:00 {2}Acknowledged by bob/m);
  expect(out).toMatch(/^STEP +RESULT +TOOK +TARGET +BY +WHAT$/m);
  expect(out).toMatch(/^acknowledge +passed .* bob +somebody works on it$/m);
  expect(out).toContain('PASSED  4 of 4 steps in time');
  expect(ports.declared).toMatchObject([{ by: 'alice' }]);
});

it('says no where a step was missed, in JSON where that is asked for', async () => {
  const { path } = await application();
  const cwd = scenarioFile('duration: 300ms\neffect: observe\n');
  const { code, out } = await breakwater(['drill', '--scenario', 'drill.yaml', '--socket', path, '--json'], {
    cwd,
  });
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ verdict: 'failed', ended: 'time-limit' });
});

it('does not begin what real calls feel unless somebody says that they know', async () => {
  const { ports, path } = await application();
  const args = ['drill', '--policy', 'database', '--socket', path];
  const unasked = await breakwater(args);
  expect(unasked).toMatchObject({ code: 2, out: '' });
  expect(unasked.err).toContain('--yes says that you know');
  const err = new CapturedTerminal({ isTTY: true });
  const refused = await breakwater(args, { err, stdin: Object.assign(lines('no\n'), { isTTY: true }) });
  expect(refused.code).toBe(2);
  expect(err.text).toMatch(/Begin\? Type yes: .*it was not begun/s);
  expect(ports.incidents.size).toBe(0);
});

it('begins when the one at the terminal says yes, and shows how long it has been played', async () => {
  const { ports, path } = await application();
  const err = new CapturedTerminal({ isTTY: true });
  const playing = breakwater(['drill', '--policy', 'database', '--socket', path], {
    err,
    stdin: Object.assign(lines('y', 'es\n'), { isTTY: true }),
  });
  await whenBegun(ports, () => undefined);
  await vi.waitFor(() => expect(err.text).toMatch(/playing; 29 min 5\d s left/), { timeout: 5_000 });
  ports.change({ status: 'closed' });
  expect((await playing).code).toBe(2);
});

async function* lines(...chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

it('ends the drill when it is interrupted, and still says what came of it', async () => {
  const { ports, path, circuit } = await application();
  let interrupt: (signal: string) => void = () => {};
  const onInterrupt: CommandContext['onInterrupt'] = (listener) => {
    interrupt = listener;
    return () => {};
  };
  const playing = breakwater(['drill', '--policy', 'database', '--socket', path, '--yes'], { onInterrupt });
  await whenBegun(ports, () => interrupt('SIGINT'));
  const { code, out } = await playing;
  expect(code).toBe(2);
  expect(out).toContain('NOT PLAYED TO ITS END');
  expect(out).toContain('Stopped by alice (SIGINT).');
  expect(circuit()).toBe('closed');
});

it('says that the application is gone', async () => {
  const { ports, path, server } = await application();
  const playing = breakwater(['drill', '--policy', 'database', '--socket', path, '--yes']);
  await whenBegun(ports, () => server.close());
  const { code, err } = await playing;
  expect(code).toBe(2);
  expect(err).toContain('the connection to the application ended');
  await vi.waitFor(() => expect(ports.finished).toHaveLength(1));
});

it('prints all that keeps the drill from being played', async () => {
  const { ports, path } = await application();
  ports.allowed = false;
  const { code, err } = await breakwater(['drill', '--policy', 'databse', '--socket', path, '--yes']);
  expect(code).toBe(2);
  expect(err).toContain('incidents: { drills: true }');
  expect(err).toContain("did you mean 'database'?");
});

it('says what is missing or wrong on the command line', async () => {
  const { path } = await application();
  const errorOf = async (...args: string[]) => {
    const { code, err } = await breakwater(['drill', ...args], { cwd: scenarioFile('duration: 5\n') });
    expect(code).toBe(2);
    return err;
  };
  expect(await errorOf('--socket', path)).toContain('--scenario FILE or --policy NAME');
  expect(await errorOf('--policy', 'database')).toContain('--socket PATH or --directory FOLDER');
  expect(await errorOf('--scenario', 'drill.yaml', '--socket', path)).toContain(
    'drill.yaml:3:11 duration: 5 has',
  );
  expect(await errorOf('--policy', 'database', '--socket', 'nowhere')).toContain('there is no such socket');
  expect(await errorOf('--policy', 'database', '--directory', '.')).toContain('has a socket open');
});

it('finds the sockets of what runs in the directory of its incidents', async () => {
  const [one, two] = [await application(), await application()];
  const directory = folder();
  announceSocket(directory, { socket: one.path, pid: 1, instance: 'shop-1' });
  const takeBack = announceSocket(directory, { socket: two.path, pid: 2, instance: 'shop-2' });
  announceSocket(directory, { socket: '/nowhere', pid: 3, instance: 'shop-3' });
  const args = ['drill', '--policy', 'databse', '--directory', directory];
  const several = await breakwater(args);
  expect(several.err).toContain(`2 instances run; choose one:\n  --socket ${one.path}  (shop-1, process 1)`);
  takeBack();
  // It reached the only one that is left.
  expect((await breakwater(args)).err).toContain("did you mean 'database'?");
  for (const env of [{ BREAKWATER_INCIDENTS: directory }, { BREAKWATER_SOCKET: one.path }]) {
    const { err } = await breakwater(args.slice(0, 3), { env });
    expect(err).toContain("did you mean 'database'?");
  }
});
