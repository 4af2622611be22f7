import { once } from 'node:events';
import {
  existsSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ControlConnection, ControlFailure, callControl } from '../../../src/incidents/control/client.ts';
import { ControlServer } from '../../../src/incidents/control/server.ts';
import { FakeApplication, folder, RawConnection, serveControl } from './support.ts';

const asked = async (call: Promise<unknown>): Promise<ControlFailure> => {
  const error: unknown = await call.then(
    () => new Error('it was done'),
    (reason: unknown) => reason,
  );
  if (error instanceof ControlFailure) return error;
  throw error;
};

/** Leaves a socket behind as a killed process does. */
async function leaveStale(path: string): Promise<void> {
  const dead = createServer();
  const kept = join(dirname(path), 'kept');
  dead.listen(kept);
  await once(dead, 'listening');
  renameSync(kept, path);
  dead.close();
  await once(dead, 'close');
}

it('answers who it is', async () => {
  const { path } = await serveControl();
  expect(await callControl(path, 'ping')).toEqual({
    version: '1.2.3',
    service: 'shop',
    instance: 'shop-1',
    pid: 4242,
    policies: ['database'],
  });
});

it('is open to its own user only, and leaves nothing else in the folder', async () => {
  const { path } = await serveControl();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(path))).toEqual(['app.sock']);
});

it('does to an incident what it is told', async () => {
  const { path, application } = await serveControl();
  const command = { do: 'acknowledge', by: 'alice' };
  const { id } = application.sample;
  expect(await callControl(path, 'incident.do', { id, command })).toMatchObject({ status: 'acknowledged' });
  expect(application.done).toEqual([{ id, command }]);
  expect(await callControl(path, 'incident.show', { id })).toEqual(application.sample);
});

it('names all that is wrong with a request', async () => {
  const { path, application } = await serveControl();
  const { id } = application.sample;
  const failure = await asked(
    callControl(path, 'incident.do', { id, command: { do: 'note', txet: 1 }, x: 1 }),
  );
  expect(failure.kind).toBe('refused');
  expect(failure.problems.map(({ path: at }) => at).sort()).toEqual(
    ['command.by', 'command.text', 'command.txet', 'x'].sort(),
  );
  expect(application.done).toEqual([]);
  expect((await asked(callControl(path, 'incident.declare', {}))).problems).toHaveLength(2);
});

it('suggests the method and the incident that were meant', async () => {
  const { path, application, reports } = await serveControl();
  expect((await asked(callControl(path, 'pnig'))).message).toContain("did you mean 'ping'?");
  const id = application.sample.id.replace('001', '002');
  expect((await asked(callControl(path, 'incident.show', { id }))).message).toContain(application.sample.id);
  expect(reports).toEqual([]);
});

it('tells short, and reports, what is no answer, and goes on', async () => {
  const { path, application, reports } = await serveControl();
  application.recovered = () => {
    throw new Error('it broke: password=hunter2');
  };
  const { message, kind } = await asked(
    callControl(path, 'recover', {
      id: application.sample.id,
      request: { control: 'probe-now', by: 'alice' },
    }),
  );
  expect(kind).toBe('refused');
  expect(message).toBe('it broke: password=[redacted]');
  expect(reports).toHaveLength(1);
  expect(await callControl(path, 'policies')).toHaveLength(1);
});

it.each([
  ['no JSON', 'hello\n', 'is not JSON'],
  ['an endless line', 'x'.repeat(300_000), 'longer than 262144 bytes'],
])('ends a connection that sends %s, and says why', async (_, text, expected) => {
  const { path } = await serveControl();
  const raw = new RawConnection(path);
  raw.write(text);
  await raw.ended;
  expect(raw.text).toContain(expected);
});

it.each(['one piece', 'several'])(
  'does nothing more for a connection once a line was no JSON, sent in %s',
  async (how) => {
    const { path, application } = await serveControl();
    const raw = new RawConnection(path);
    const { id } = application.sample;
    const smuggled = JSON.stringify({
      id: 7,
      method: 'incident.do',
      params: { id, command: { do: 'acknowledge', by: 'eve' } },
    });
    const lines = ['POST / HTTP/1.1\r\n', 'Host: x\r\n\r\n', `${smuggled}\n`];
    for (const text of how === 'several' ? lines : [lines.join('')]) raw.write(text);
    await raw.ended;
    expect(application.done).toEqual([]);
    expect(raw.text.trim().split('\n')).toHaveLength(1);
    expect(raw.text).toContain('is not JSON');
  },
);

it('answers a request that is cut into pieces, and several in one piece', async () => {
  const { path } = await serveControl();
  const raw = new RawConnection(path);
  raw.write('{"id":"a","meth');
  raw.write(
    'od":"ping"}\n\n{"id":2,"method":"policies","params":{}}\n{"id":3,"method":"ping","params":[]}\n',
  );
  await vi.waitFor(() => expect(raw.text.split('\n')).toHaveLength(4));
  const answers = raw.text
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(answers).toContainEqual(expect.objectContaining({ id: 'a', result: expect.anything() }));
  expect(answers).toContainEqual(expect.objectContaining({ id: 2, result: expect.anything() }));
  expect(answers).toContainEqual(expect.objectContaining({ id: 3, error: expect.anything() }));
});

it('ends a connection that says nothing', async () => {
  const { path } = await serveControl({ idleMs: 50 });
  const raw = new RawConnection(path);
  await raw.ended;
  expect(raw.text).toBe('');
});

it('ends a connection that says nothing while it is told of what it began', async () => {
  const { path, application } = await serveControl({ idleMs: 100 });
  application.drills.start = (_request, session) => {
    const telling = setInterval(() => session.emit('drill', { text: 'it goes on' }), 5);
    session.ended.addEventListener('abort', () => clearInterval(telling));
  };
  const raw = new RawConnection(path);
  raw.write('{"id":1,"method":"drill.start"}\n');
  await raw.ended;
  expect(raw.text).toContain('it goes on');
});

it('takes 16 connections at once and no more', async () => {
  const { path } = await serveControl();
  const all = await Promise.all(Array.from({ length: 16 }, () => ControlConnection.connect(path)));
  await all[15]?.call('ping');
  expect((await asked(callControl(path, 'ping'))).kind).toBe('lost');
  for (const connection of all) connection.close();
  await vi.waitFor(() => callControl(path, 'ping'));
});

it('goes at close, and ends what is connected', async () => {
  const { path, server } = await serveControl();
  const connection = await ControlConnection.connect(path);
  await connection.call('ping');
  server.close();
  await connection.ended;
  expect(existsSync(path)).toBe(false);
  expect((await asked(connection.call('ping'))).kind).toBe('lost');
  expect((await asked(callControl(path, 'ping'))).message).toContain('control: { socket }');
});

it('tells by the connection what it began, and begins its end with that of the connection', async () => {
  const { path, application } = await serveControl();
  const ended = new Promise<void>((resolve) => {
    application.drillEnded = resolve;
  });
  const connection = await ControlConnection.connect(path);
  const told: unknown[] = [];
  connection.onEvent((event, data) => told.push([event, data]));
  await connection.call('drill.start', {});
  expect(told).toEqual([['drill', { text: 'begun' }]]);
  connection.close();
  await ended;
});

it('replaces the socket of a process that is gone', async () => {
  const path = join(folder(), 'app.sock');
  await leaveStale(path);
  expect((await asked(callControl(path, 'ping'))).message).toContain('is gone');
  await serveControl({ path });
  expect(await callControl(path, 'ping')).toMatchObject({ pid: 4242 });
  expect(readdirSync(dirname(path))).toEqual(['app.sock']);
});

it('lets a living process keep its socket', async () => {
  const { path } = await serveControl();
  const second = ControlServer.open({ path, controlled: new FakeApplication(), report: () => {} });
  await expect(second).rejects.toThrow(/another process listens at/);
  expect(await callControl(path, 'ping')).toMatchObject({ pid: 4242 });
  expect(readdirSync(dirname(path))).toEqual(['app.sock']);
});

it('lets one of two that take over a dead socket at once have it', async () => {
  const path = join(folder(), 'app.sock');
  await leaveStale(path);
  const open = () => ControlServer.open({ path, controlled: new FakeApplication(), report: () => {} });
  const results = await Promise.allSettled([open(), open(), open()]);
  for (const result of results) if (result.status === 'fulfilled') onTestFinished(() => result.value.close());
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await callControl(path, 'ping')).toMatchObject({ pid: 4242 });
  expect(readdirSync(dirname(path))).toEqual(['app.sock']);
});

it('touches neither a file nor a link that stands in its place', async () => {
  const path = join(folder(), 'app.sock');
  writeFileSync(path, 'precious');
  await expect(serveControl({ path })).rejects.toThrow(/is no socket/);
  unlinkSync(path);
  symlinkSync('/dev/null', path);
  await expect(serveControl({ path })).rejects.toThrow(/is no socket/);
});

it('leaves the socket of another that took its place', async () => {
  const { path, server } = await serveControl();
  unlinkSync(path);
  const other = await serveControl({ path });
  server.close();
  expect(await callControl(path, 'ping')).toMatchObject({ pid: 4242 });
  other.server.close();
  expect(existsSync(path)).toBe(false);
});

it('says that the folder is missing', async () => {
  await expect(serveControl({ path: join(folder(), 'missing', 'app.sock') })).rejects.toThrow(
    /missing is missing: make it/,
  );
});
