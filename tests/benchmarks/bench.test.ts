import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

type Bench = ChildProcessByStdio<null, Readable, Readable>;
const started: Bench[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill();
});

function bench(...args: string[]): Bench {
  const child = spawn(process.execPath, ['--import', 'tsx', join('benchmarks', 'bench.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  return child;
}

async function finished(child: Bench) {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, code };
}

function folderOf({ pid }: Bench): string {
  return join(root, 'node_modules', '.cache', `breakwater-bench-${pid}`);
}

/** The process of the benchmark that is under way. */
function subjectOf({ pid }: Bench): Promise<number> {
  return vi.waitFor(
    () => {
      const found = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .find(([, parent, ...args]) => Number(parent) === pid && args.join(' ').includes('main.mjs'));
      if (found === undefined) throw new Error('No benchmark is under way');
      return Number(found[0]);
    },
    { timeout: 20_000, interval: 50 },
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('npm run bench', { timeout: 60_000 }, () => {
  it('tells how it is used', async () => {
    const { stdout, code } = await finished(bench('--help'));
    expect(stdout).toMatch(/^Usage: npm run bench/);
    expect(stdout).toContain('results/outage.svg');
    expect(code).toBe(0);
  });

  it('says first that a short run means nothing, and leaves no folder', async () => {
    const child = bench('--short', 'overhead');
    const { stdout, code } = await finished(child);
    expect(stdout).toMatch(/^Short run: shows that it works; its figures mean nothing\.\n/);
    expect(stdout).not.toMatch(/\b(met|missed)\b/);
    expect(code).toBe(0);
    expect(existsSync(folderOf(child))).toBe(false);
  });

  it('goes on with the others when a benchmark fails, and fails at the end', async () => {
    const child = bench('--short', '--json', 'idle', 'rejection');
    const end = finished(child);
    process.kill(await subjectOf(child), 'SIGKILL');
    const { stdout, stderr, code } = await end;
    expect(stderr).toContain('idle failed: its process ended with SIGKILL\n');
    expect(stderr).not.toMatch(/^ +at /m);
    expect(JSON.parse(stdout)).toMatchObject([{ subject: 'rejection', size: 'short' }]);
    expect(code).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends what it started on %s', async (signal) => {
    const child = bench('idle');
    const end = finished(child);
    const subject = await subjectOf(child);
    expect(existsSync(folderOf(child))).toBe(true);
    child.kill(signal);
    expect((await end).code).toBeGreaterThan(128);
    await vi.waitFor(() => expect(isRunning(subject)).toBe(false), { timeout: 5_000 });
    expect(existsSync(folderOf(child))).toBe(false);
  });

  it('ends without a stack when nobody reads on', async () => {
    const child = bench('--short', 'rejection');
    child.stdout.destroy();
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(stderr).not.toContain('EPIPE');
    expect(existsSync(folderOf(child))).toBe(false);
  });
});
