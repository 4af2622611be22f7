import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBreakwater } from 'breakwater';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ControlConnection, callControl } from '../../../src/incidents/control/client.ts';
import { findSockets } from '../../../src/incidents/control/found-sockets.ts';
import type { DrillReport } from '../../../src/incidents/drill/progress.ts';
import { drillReport } from '../../../src/incidents/drill/wire.ts';
import type { IncidentOptions } from '../../../src/incidents/options.ts';
import { RecordingLogger, RecordingSink } from '../fixtures.ts';
import { scenario } from './ports.ts';

/** A hub with a policy `database`, its socket open. */
async function hub(given: IncidentOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'bw-hub-'));
  const socket = join(directory, 'app.sock');
  const sink = new RecordingSink('pager');
  const made = createBreakwater({
    registry: new Registry(),
    logger: new RecordingLogger(),
    incidents: { sinks: [sink], directory, control: { socket }, drills: true, ...given },
  });
  onTestFinished(async () => {
    await made.close({ timeoutMs: 100 });
    rmSync(directory, { recursive: true, force: true });
  });
  const errors: unknown[] = [];
  made.on('internal-error', ({ error }) => errors.push(error));
  const policy = made.policy('database', {
    runbook: { title: 'Fail over', steps: [{ text: 'Promote the replica', check: 'Writes succeed' }] },
  });
  await vi.waitFor(() => callControl(socket, 'ping'));
  return { hub: made, policy, sink, directory, socket, errors };
}

/** Plays a drill over a connection, and gives the report once it has ended. */
async function play(socket: string, request: object) {
  const connection = await ControlConnection.connect(socket);
  onTestFinished(() => connection.close());
  const texts: string[] = [];
  const report = new Promise<DrillReport>((resolve) => {
    connection.onEvent((event, data) => {
      if (event === 'drill-ended') resolve(drillReport.parse(data));
      else if (typeof data === 'object' && data !== null && 'text' in data) texts.push(String(data.text));
    });
  });
  await connection.call('drill.start', request);
  return { connection, texts, report };
}

const command = (socket: string, id: string, what: object) =>
  callControl(socket, 'incident.do', { id, command: { by: 'bob', ...what } });

it('plays a game day in an application, from the page to the repair', async () => {
  const { hub: made, policy, sink, directory, socket, errors } = await hub();
  const { texts, report } = await play(socket, { scenario: scenario(), by: 'alice' });
  const [incident] = made.incidents.open();
  const id = incident?.id ?? '';
  expect(policy.circuit.state).toBe('forced-open');
  await expect(policy.execute(async () => 1)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  await vi.waitFor(() => expect(sink.kinds()).toEqual(['opened']));
  expect(sink.got[0]?.summary).toMatch(/^DRILL/);
  await command(socket, id, { do: 'acknowledge' });
  const waive = made.incidents
    .get(id)
    ?.toJSON()
    .checklists.flatMap(({ name, items }) => (name === 'verification' ? [] : items.map((item) => item.id)));
  await command(socket, id, { do: 'mitigated', reason: 'failed over', waive, waiveReason: 'a drill' });
  await vi.waitFor(() => expect(policy.circuit.state).toBe('half-open'));
  expect(await policy.execute(async () => 1)).toBe(1);
  expect(policy.circuit.state).toBe('closed');
  await command(socket, id, { do: 'check', item: 'verification.nothing-else-broken', state: 'done' });
  const result = await report;
  expect(result).toMatchObject({ verdict: 'passed', ended: 'completed', incident: id });
  const by = new Map(result.score.steps.map((step) => [step.step, step.by]));
  expect([by.get('acknowledge'), by.get('mitigate'), by.get('verify')]).toEqual(['bob', 'bob', 'bob']);
  expect(texts).toContain('1. Promote the replica - then check: Writes succeed');
  expect(made.incidents.get(id)).toMatchObject({ drill: true, status: 'closed' });
  const folder = join(directory, 'incidents', id);
  await vi.waitFor(() => expect(readdirSync(folder)).toContain('drill-report.json'));
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['drill-state.json', 'drill-metrics.txt']));
  expect(readFileSync(join(folder, 'drill-metrics.txt'), 'utf8')).toContain('breakwater_circuit_state');
  const metrics = await made.registry.metrics();
  expect(metrics).not.toMatch(/breakwater_incidents\{.*\} [1-9]/);
  expect(errors).toEqual([]);
});

it('is not passed by waiving what was to be verified', async () => {
  const { hub: made, socket } = await hub();
  const { report } = await play(socket, { scenario: scenario(), by: 'alice' });
  const [incident] = made.incidents.open();
  const id = incident?.id ?? '';
  await command(socket, id, { do: 'acknowledge' });
  const waive = made.incidents
    .get(id)
    ?.toJSON()
    .checklists.flatMap(({ items }) => items.map((item) => item.id));
  await command(socket, id, { do: 'resolve', waive, waiveReason: 'a drill' });
  const result = await report;
  expect(result).toMatchObject({ verdict: 'failed', ended: 'completed' });
  expect(result.score.steps.map((step) => step.result)).toEqual([
    'not-scored',
    'passed',
    'passed',
    'passed',
    'failed',
  ]);
});

it('lets people steer the circuits that it holds, and ends that before it ends itself', async () => {
  const { hub: made, policy, socket } = await hub();
  const { connection, report, texts } = await play(socket, { scenario: scenario(), by: 'alice' });
  const [drill] = made.incidents.open();
  expect(texts.join('\n')).toContain('probe-now: ');
  const request = { control: 'force-closed', by: 'bob', forMs: 86_400_000 };
  await callControl(socket, 'recover', { id: drill?.id, request });
  expect(policy.circuit.state).toBe('disabled');
  await connection.call('drill.stop', { by: 'alice' });
  expect((await report).score.steps.find(({ step }) => step === 'mitigate')).toMatchObject({
    text: 'the circuits were closed by hand',
  });
  expect(policy.circuit.state).toBe('closed');
  expect(drill?.status).toBe('closed');
});

it('ends with an incident what was done to policies for it', async () => {
  const { hub: made, policy, socket } = await hub();
  const { connection, report } = await play(socket, {
    scenario: scenario({ effect: 'observe' }),
    by: 'alice',
  });
  const [drill] = made.incidents.open();
  const request = { control: 'force-open', by: 'bob', forMs: 86_400_000 };
  await callControl(socket, 'recover', { id: drill?.id, request });
  expect(policy.circuit.state).toBe('forced-open');
  await connection.call('drill.stop', { by: 'alice' });
  await report;
  expect(policy.circuit.state).toBe('half-open');
  policy.circuit.reset();

  const { id } = made.incidents.declare({ policy: 'database', summary: 'It is slow', by: 'bob' });
  made.incidents.recover(id, { control: 'force-closed', by: 'bob' });
  const waive = made.incidents
    .get(id)
    ?.toJSON()
    .checklists.flatMap(({ items }) => items.map((item) => item.id));
  made.incidents.do(id, { do: 'resolve', by: 'bob', waive, waiveReason: 'a test' });
  expect(policy.circuit.state).toBe('disabled');
  made.incidents.do(id, { do: 'close', by: 'bob', waive, waiveReason: 'a test' });
  expect(policy.circuit.state).toBe('closed');
  expect(() => made.incidents.recover(id, { control: 'force-open', by: 'bob' })).toThrow(/is closed/);
});

it('opens a socket that the directory tells of, and takes both away', async () => {
  const { hub: made, directory, socket } = await hub();
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(await findSockets(directory)).toMatchObject([{ socket, pid: process.pid }]);
  await made.close();
  expect(await findSockets(directory)).toEqual([]);
  expect(readdirSync(directory)).not.toContain('app.sock');
});

it('tells of the sockets of two hubs of one process', async () => {
  const { directory, socket } = await hub();
  const second = join(directory, 'second.sock');
  const other = createBreakwater({
    registry: new Registry(),
    logger: new RecordingLogger(),
    incidents: { sinks: [], directory, control: { socket: second } },
  });
  onTestFinished(() => other.close({ timeoutMs: 100 }));
  await vi.waitFor(() => callControl(second, 'ping'));
  const sockets = async () => (await findSockets(directory)).map((found) => found.socket).sort();
  await vi.waitFor(async () => expect(await sockets()).toEqual([socket, second].sort()));
  await other.close({ timeoutMs: 100 });
  expect(await sockets()).toEqual([socket]);
});

it('closes what a drill opened before it waits for anything, when it is closed itself', async () => {
  const { hub: made, policy, socket } = await hub();
  const { report } = await play(socket, { scenario: scenario(), by: 'alice' });
  const [incident] = made.incidents.open();
  const closing = made.close();
  expect(policy.circuit.state).toBe('closed');
  await closing;
  expect(incident?.status).toBe('closed');
  expect(await report).toMatchObject({ ended: 'closing', verdict: 'not-played' });
});

it('ends a drill when a circuit opens by itself, which begins an incident of its own', async () => {
  const { hub: made, policy, socket } = await hub();
  const search = made.policy('search', { circuitBreaker: { consecutiveFailures: 1 } });
  const { report } = await play(socket, { scenario: scenario(), by: 'alice' });
  await search.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
  expect(policy.circuit.state).toBe('closed');
  expect(await report).toMatchObject({ ended: 'outage', why: expect.stringContaining("'search' opened") });
  expect(made.incidents.open()).toMatchObject([{ policy: 'search', drill: false }]);
});

it('ends what is left of a drill whose process died', async () => {
  const first = await hub();
  await play(first.socket, { scenario: scenario({ effect: 'observe' }), by: 'alice' });
  const [left] = first.hub.incidents.open();
  await first.hub.incidents.flush();
  // The journal of a process that was killed: nobody closed it, and its writer is gone.
  const directory = mkdtempSync(join(tmpdir(), 'bw-hub-'));
  cpSync(first.directory, directory, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  rmSync(join(directory, 'instances'), { recursive: true, force: true });
  const sink = new RecordingSink('pager');
  const next = createBreakwater({
    registry: new Registry(),
    logger: new RecordingLogger(),
    incidents: { directory, sinks: [sink] },
  });
  onTestFinished(async () => {
    await next.close({ timeoutMs: 100 });
    rmSync(directory, { recursive: true, force: true });
  });
  expect(next.incidents.get(left?.id ?? '')).toMatchObject({ drill: true, status: 'closed' });
  await vi.waitFor(() => expect(sink.kinds()).toContain('resolved'));
});

it('says in the log that its socket cannot be opened, and runs without', async () => {
  const errors: unknown[] = [];
  const logger = new RecordingLogger();
  const made = createBreakwater({
    registry: new Registry(),
    logger,
    incidents: { sinks: [], control: { socket: '/nowhere/app.sock' } },
  });
  onTestFinished(() => made.close());
  made.on('internal-error', ({ error }) => errors.push(error));
  await vi.waitFor(() => expect(errors).toHaveLength(1));
  const message =
    'the control socket /nowhere/app.sock cannot be opened: the folder /nowhere is missing: make it, or choose another path';
  expect(errors[0]).toMatchObject({ message });
  expect(JSON.stringify(logger)).toContain(message);
  expect(await made.policy('database').execute(async () => 1)).toBe(1);
});

it('ends with its policy', async () => {
  const { hub: made, socket } = await hub();
  const { report } = await play(socket, { scenario: scenario(), by: 'alice' });
  made.remove('database');
  expect(await report).toMatchObject({ ended: 'stopped', why: 'Its incident resolved by itself.' });
});

it.each([
  ['text', ' of ada'],
  ['hash', 'sha256:'],
] as const)("writes no key into a drill's files but as incidents name it: %s", async (nameKeys, shown) => {
  const { hub: made, directory, socket } = await hub({ nameKeys });
  const keyed = made.policy('keyed', { circuitBreaker: { perKey: () => '?token=hunter2 of ada' } });
  await keyed.execute(async () => 1);
  const { connection, report } = await play(socket, { scenario: scenario(), by: 'alice' });
  const [incident] = made.incidents.open();
  const path = join(directory, 'incidents', incident?.id ?? '', 'drill-state.json');
  const state = await vi.waitFor(() => readFileSync(path, 'utf8'));
  expect(state).not.toContain('hunter2');
  expect(state).toContain(shown);
  await connection.call('drill.stop', { by: 'alice' });
  await report;
});
