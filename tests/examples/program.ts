import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf } from '../../examples/support/postgres-processes.ts';
import { runnable } from './library.ts';

const root = join(import.meta.dirname, '..', '..');

/** A program of `examples/`, run as a user runs it but for what is bundled, with all processes that it started. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;
  readonly #processIds = new Set<number>();
  readonly #directories = new Set<string>();
  readonly #looking: NodeJS.Timeout;
  #stdout = '';
  #stderr = '';

  constructor(path: string, args: readonly string[] = []) {
    const program = runnable(path);
    const preloaded = ['--import', './tests/examples/hazards-to-stderr.mjs'];
    this.#child = spawn(process.execPath, [...preloaded, ...program.args, ...args], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', ...program.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#looking = setInterval(() => this.#look(), 100);
    this.#exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject).once('close', (code, signal) => {
        clearInterval(this.#looking);
        resolve(code ?? (signal === null ? -1 : -2));
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The exit code; negative where a signal ended it. */
  get exited(): Promise<number> {
    return this.#exited;
  }

  /** All processes seen below it, at any time. */
  get processIds(): readonly number[] {
    return [...this.#processIds];
  }

  /** The temporary directories that those processes worked in. */
  get directories(): readonly string[] {
    return [...this.#directories];
  }

  /** Waits until it has written what `pattern` matches. */
  async wrote(pattern: RegExp, timeoutMs = 120_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match !== null) return match;
      if (Date.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(`It never wrote ${pattern}:\n${this.#stdout}\n${this.#stderr}`);
      }
      await delay(20);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it, for the case that the test has failed. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    const impatient = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
    await this.#exited;
    clearTimeout(impatient);
  }

  #look(): void {
    const below = (id: number): readonly number[] =>
      childrenOf(id).flatMap((child) => [child, ...below(child)]);
    if (this.#child.pid === undefined) return;
    for (const id of below(this.#child.pid)) {
      this.#processIds.add(id);
      const directory = workingDirectory(id);
      if (directory !== undefined) this.#directories.add(directory);
    }
  }
}

/** Those of `processIds` that still run after a moment's grace. */
export async function stillRunning(processIds: readonly number[]): Promise<readonly number[]> {
  const deadline = Date.now() + 5_000;
  let left = processIds.filter(runs);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(20);
    left = left.filter(runs);
  }
  return left;
}

/** Those of `paths` that still exist after a moment's grace. */
export async function stillThere(paths: readonly string[]): Promise<readonly string[]> {
  const deadline = Date.now() + 5_000;
  while (paths.some((path) => existsSync(path)) && Date.now() < deadline) await delay(20);
  return paths.filter((path) => existsSync(path));
}

/** Whether somebody takes connections on `port`. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

function runs(id: number): boolean {
  try {
    process.kill(id, 0);
  } catch {
    return false;
  }
  try {
    // One that has ended and that nobody has asked about yet is still listed.
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return !existsSync('/proc/self');
  }
}

/** The temporary directory of PostgreSQL that the process works in. */
function workingDirectory(id: number): string | undefined {
  try {
    return /^.*\/breakwater-postgres-\w+/.exec(readlinkSync(`/proc/${id}/cwd`))?.[0];
  } catch {
    return undefined;
  }
}
