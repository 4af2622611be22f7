import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { SubjectResult } from './result.ts';

/** The exit code of a process that said itself why it failed. */
const SAID_WHY = 1;

/** Runs benchmarks, each in a process of its own. */
export class SubjectProcesses {
  readonly #main: string;
  #running: ChildProcess | undefined;

  /** `main` is the built `main.ts`. */
  constructor(main: string) {
    this.#main = main;
  }

  /** Gives what a benchmark found; undefined where it failed, which is said on stderr. */
  async run(subject: string, flags: readonly string[]): Promise<SubjectResult | undefined> {
    // All calls of cockatiel listen to one signal, and Node warns from the eleventh on.
    const args = ['--disable-warning=MaxListenersExceededWarning', this.#main, subject, ...flags];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#running = child;
    try {
      const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      if (code === 0) return JSON.parse(output);
      if (code !== SAID_WHY)
        process.stderr.write(`${subject} failed: its process ended with ${signal ?? code}\n`);
      return undefined;
    } finally {
      this.#running = undefined;
    }
  }

  /** Ends the benchmark that is running. */
  stop(): void {
    this.#running?.kill();
  }
}
