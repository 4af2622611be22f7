import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { dirname, join } from 'node:path';

/** How long somebody who listens at a path may take to answer. */
const PROBE_MS = 1_000;

/**
 * Makes `server` listen at a Unix socket that only this process's user can open, at no moment anybody else: it is made
 * in a folder of mode 0700 and gets its place once it has mode 0600. What a dead process left there is replaced; what
 * answers, or is no socket, is left alone.
 *
 * @returns the function that takes the socket's file away, where it is still this one's
 * @throws {Error} when it cannot be opened
 */
export async function listenAt(server: Server, path: string): Promise<() => void> {
  const left = await deadSocketAt(path);
  const workplace = makeWorkplace(dirname(path));
  try {
    const made = join(workplace, 's');
    await listening(server, made);
    chmodSync(made, 0o600);
    const own = lstatSync(made);
    place(made, path, left, workplace);
    return () => removeOwn(path, own);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

function makeWorkplace(folder: string): string {
  try {
    return mkdtempSync(join(folder, '.bw-'));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') throw problem(`the folder ${folder} is missing: make it`, error);
    if (code === 'ENOTDIR') throw problem(`${folder} is no folder`, error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      throw problem(`this process may not write into the folder ${folder}`, error);
    }
    throw error;
  }
}

function problem(text: string, cause: unknown): Error {
  return new Error(`${text}, or choose another path`, { cause });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: a cluster worker makes it itself, not in its primary.
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The socket that nobody listens at any more; `undefined` where there is nothing. */
async function deadSocketAt(path: string): Promise<Stats | undefined> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isSocket()) throw new Error(`${path} is there already and is no socket; it is left alone`);
  const code = await probe(path);
  if (code === 'ENOENT') return undefined;
  if (code === 'ECONNREFUSED') return found;
  throw new Error(
    code === undefined
      ? `another process listens at ${path}; give each instance a socket of its own`
      : `${path} is a socket that cannot be asked who listens (${code}); it is left alone`,
  );
}

/** Why nobody can be reached; `undefined` when somebody answers. */
function probe(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const end = (code: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), PROBE_MS);
    timer.unref();
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(errorCode(error) ?? error.message));
  });
}

/** Gives the socket its place, only where nobody else has taken it in the meantime. */
function place(made: string, path: string, left: Stats | undefined, workplace: string): void {
  const taken = join(workplace, 'old');
  if (left !== undefined && move(path, taken) && !isSame(lstatSync(taken), left)) {
    linkSync(taken, path);
    throw new Error(atTheSameTime(path));
  }
  try {
    linkSync(made, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw new Error(atTheSameTime(path), { cause: error });
    throw error;
  }
}

/** Whether there was something to move. */
function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function atTheSameTime(path: string): string {
  return `another process has begun to listen at ${path} at the same time; give each instance a socket of its own`;
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function removeOwn(path: string, own: Stats): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && isSame(found, own)) unlinkSync(path);
}

function isSame(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
