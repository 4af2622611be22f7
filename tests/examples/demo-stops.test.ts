import { describe, expect, it } from 'vitest';
import { expectNothingLeft, runDemo, TIMEOUT_MS, writtenPorts } from './demo-program.ts';
import { stillRunning, stillThere } from './program.ts';

describe('npm run demo', () => {
  it(
    'stops everything at Ctrl-C, PostgreSQL too, which hangs',
    async (context) => {
      const program = runDemo(context, ['--only', 'database']);
      await program.wrote(/breaker opened/);
      program.signal('SIGINT');
      expect(await program.exited, program.stderr).toBe(130);
      expect(program.stdout).toContain('Interrupted.');
      expect(program.stdout).not.toContain('What it came to');
      expect(program.stderr).toBe('');
      await expectNothingLeft(program, writtenPorts(program));
    },
    TIMEOUT_MS,
  );

  it(
    'stops everything at Ctrl-C while it starts',
    async (context) => {
      const program = runDemo(context);
      await program.wrote(/protected end to end/);
      program.signal('SIGINT');
      expect(await program.exited, program.stderr).toBe(130);
      expect(program.stdout).toContain('everything that was started is stopped');
      expect(await stillRunning(program.processIds)).toEqual([]);
      expect(await stillThere(program.directories)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'fails, and stops everything, when something dies that it did not break itself',
    async (context) => {
      const program = runDemo(context);
      const [, postmaster] = await program.wrote(/PostgreSQL 18\S* on port \d+, process (\d+)/);
      await program.wrote(/All is well/);
      process.kill(Number(postmaster), 'SIGKILL');
      expect(await program.exited, program.stderr).toBe(1);
      expect(program.stdout).toContain('The demo failed: PostgreSQL died, and the story had no part in it.');
      await expectNothingLeft(program, writtenPorts(program));
    },
    TIMEOUT_MS,
  );
});
