import { type ChildProcess, spawn } from 'node:child_process';
import { afterDelay } from '../../core/timers.ts';

/** How a program is run. */
export interface ProgramContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  /** Kills it, with all that it started. */
  readonly signal: AbortSignal;
  /** Takes what it prints; false kills it. */
  readonly write: (chunk: Uint8Array) => boolean;
}

/** How it ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether it printed more than was taken. */
  readonly isCut: boolean;
}

/** How long what it printed may still be on its way once it has exited, in milliseconds. */
const DRAIN_MS = 500;

/**
 * Runs a program without a shell and without input, in a process group of its own, and kills that group when it is
 * told to: nothing that it started in the group is left.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, cwd, signal, write }: ProgramContext,
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const child = spawn(program, args, {
      env,
      ...(cwd === undefined ? {} : { cwd }),
      shell: false,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let isCut = false;
    let cancelDrain = (): void => {};
    const kill = (): void => killGroup(child);
    const leave = (): void => {
      cancelDrain();
      signal.removeEventListener('abort', kill);
      // Who left the group may hold them open.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const finish = (): void => {
      leave();
      resolve({ code: child.exitCode, signal: child.signalCode, isCut });
    };
    const take = (chunk: Uint8Array): void => {
      if (isCut || write(chunk)) return;
      isCut = true;
      kill();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => {
      leave();
      reject(error);
    });
    child.once('close', finish);
    child.once('exit', () => {
      cancelDrain = afterDelay(DRAIN_MS, () => {
        kill();
        finish();
      });
    });
    signal.addEventListener('abort', kill, { once: true });
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
