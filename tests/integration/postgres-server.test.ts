import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import pg from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Postgres, startPostgres } from '../../examples/support/postgres.ts';
import { follow } from '../support.ts';

const servers: Postgres[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function started(): Promise<Postgres> {
  const server = await startPostgres();
  servers.push(server);
  return server;
}

async function ask(server: Postgres, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.connectionString });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const gone = { timeout: 10_000, interval: 50 };

describe('the server of examples and tests', () => {
  it('keeps its port and data from start to start, until it is closed', async () => {
    const server = await started();
    const { port } = server;
    await ask(server, 'create table kept as select 1 as n');
    await server.stop();
    expect([server.running, server.processIds(), await answers(port)]).toEqual([false, [], false]);
    await server.start();
    expect(await ask(server, 'select n from kept')).toEqual([{ n: 1 }]);
    await server.stopImmediate();
    await server.start();
    expect(await ask(server, 'select n from kept')).toEqual([{ n: 1 }]);
    const [shown] = await ask(server, 'show data_directory');
    const directory = String(Reflect.get(Object(shown), 'data_directory'));
    expect(existsSync(directory)).toBe(true);
    await server.close();
    expect(existsSync(directory)).toBe(false);
  });

  it('hangs and goes on as it is told, and stops also while it hangs', async () => {
    const server = await started();
    server.pauseAll();
    const asking = follow(ask(server, 'select 1 as n'));
    expect(await answers(server.port)).toBe(true);
    expect(asking.now.status).toBe('pending');
    server.resumeAll();
    await vi.waitFor(() => expect(asking.now).toEqual({ status: 'fulfilled', value: [{ n: 1 }] }));
    server.pauseAll();
    await server.stop();
    expect(await answers(server.port)).toBe(false);
  });

  it('leaves nothing behind when its process is killed while the server hangs', async () => {
    const program = `
      import { startPostgres } from './examples/support/postgres.ts';
      const server = await startPostgres();
      server.pauseAll();
      console.log(JSON.stringify({ port: server.port, processIds: server.processIds() }));
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = await once(child.stdout, 'data');
      const { port, processIds } = JSON.parse(String(line));
      expect(processIds.length).toBeGreaterThan(3);
      expect(await answers(port)).toBe(true);
      child.kill('SIGKILL');
      await vi.waitFor(async () => expect(await answers(port)).toBe(false), gone);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
