import { execSync } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { accepts, Program, stillRunning, stillThere } from './program.ts';

let program: Program | undefined;
afterEach(() => program?.end());

it('npm start serves, survives a hanging upstream, and stops cleanly at Ctrl-C', async () => {
  program = new Program('examples/start.ts');
  const [, express = ''] = await program.wrote(/Express +(http:\S+)/);
  const [, fastify = ''] = await program.wrote(/Fastify +(http:\S+)/);
  const [, pause, upstream] = await program.wrote(/kill (-STOP) (\d+)/);
  await program.wrote(/kill -CONT \d+/);
  const get = async (url: string): Promise<string> => {
    const response = await fetch(url);
    return `${response.status} ${await response.text()}`;
  };

  for (const server of [express, fastify]) {
    expect(await get(`${server}/users/7`)).toBe('200 {"id":7,"name":"user 7"}');
    expect(await get(`${server}/quotes/7`)).toMatch(/^200 \{"id":7,"cents":\d+\}$/);
    expect(await get(`${server}/users/7000`)).toMatch(/^404 /);
    expect(await get(`${server}/healthz`)).toMatch(/^200 /);
    expect(await get(`${server}/readyz`)).toMatch(/^200 .*"quotes"/);
  }
  expect(pause).toBe('-STOP');
  process.kill(Number(upstream), 'SIGSTOP');
  expect(await get(`${express}/quotes/7`)).toMatch(/^200 \{"id":7,"cents":\d+\}$/);
  const metrics = await get(`${express}/metrics`);
  expect(metrics).toContain('breakwater_fallbacks_total{policy="quotes",source="stale"} 1');
  expect(metrics).toContain('breakwater_calls_total{policy="database",outcome="success"} 4');

  // Enough failures to open the breaker, which is logged.
  for (let n = 0; n < 2; n += 1) await get(`${express}/quotes/7`);
  await program.wrote(/^ {2}\d\d:\d\d:\d\d (?:WARN |ERROR) Incident opened: .*policy=quotes/m);
  expect(program.stdout).not.toContain('{"level"');

  const [hang = ''] = await program.wrote(/kill -STOP \d+ \$\(pgrep -P \d+\)/);
  execSync(hang);
  expect(await get(`${express}/users/7`)).toBe('200 {"id":7,"name":"user 7"}');
  expect(await get(`${express}/metrics`)).toContain(
    'breakwater_fallbacks_total{policy="database",source="stale"} 1',
  );

  program.signal('SIGINT');
  expect(await program.exited, program.stderr).toBe(0);
  expect(program.stderr).toBe('');
  expect(await stillRunning(program.processIds)).toEqual([]);
  expect(await stillThere(program.directories)).toEqual([]);
  for (const url of [express, fastify]) expect(await accepts(Number(new URL(url).port))).toBe(false);
}, 120_000);
