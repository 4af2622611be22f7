import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isUpstreamReady, type UpstreamMode } from './protocol.ts';

const serverPath = fileURLToPath(new URL('server.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000;

/** The upstream's process, from its parent's side. */
export class Upstream {
  #child: ChildProcess | undefined = undefined;
  #port = 0;

  /** Starts the process: on a free port at first, on the same one afterwards. */
  async start(): Promise<void> {
    const child = fork(serverPath, [String(this.#port)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    this.#port = await listening(child);
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The process's id; `undefined` while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  behave(mode: UpstreamMode): void {
    this.#child?.send(mode);
  }

  /** Ends the process with SIGKILL: whatever it was doing stays undone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

/** The port that `child` listens on. */
function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      child.off('exit', onExit).off('message', onMessage).off('error', fail);
    };
    const fail = (error: Error): void => {
      end();
      reject(error);
    };
    const onExit = (): void => fail(new Error('The upstream ended before it listened.'));
    const onMessage = (message: unknown): void => {
      if (!isUpstreamReady(message)) return;
      end();
      resolve(message.port);
    };
    const timer = setTimeout(() => {
      fail(new Error(`The upstream did not listen within ${START_TIMEOUT_MS} ms.`));
    }, START_TIMEOUT_MS);
    child.on('exit', onExit).on('message', onMessage).on('error', fail);
  });
}
