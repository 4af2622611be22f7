import { expect, type TestContext } from 'vitest';
import { accepts, Program, stillRunning, stillThere } from './program.ts';

/** Several times what a machine with nothing else to do needs. */
export const TIMEOUT_MS = 240_000;

/** Starts the demo; it ends with its test at the latest. */
export function runDemo({ onTestFinished }: TestContext, args: readonly string[] = []): Program {
  const program = new Program('examples/demo/main.ts', ['--fast', ...args]);
  onTestFinished(() => program.end());
  return program;
}

/** All that it started is stopped, and it says so. */
export async function expectNothingLeft(program: Program, ports: readonly number[]): Promise<void> {
  expect(program.stdout).toContain('everything that was started is stopped');
  // PostgreSQL with its watchdog and its own processes, and the upstream.
  expect(program.processIds.length).toBeGreaterThan(4);
  expect(await stillRunning(program.processIds)).toEqual([]);
  expect(program.directories).toHaveLength(1);
  expect(await stillThere(program.directories)).toEqual([]);
  expect(ports.length).toBeGreaterThan(1);
  for (const port of ports) expect(await accepts(port), `port ${port}`).toBe(false);
}

/** All ports that it has written so far. */
export function writtenPorts({ stdout }: Program): readonly number[] {
  return [...stdout.matchAll(/(?:on port |127\.0\.0\.1:)(\d+)/g)].map(([, port]) => Number(port));
}
