import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stringify } from 'yaml';
import { PrometheusApi, until } from './prometheus-api.ts';

/** What a Prometheus scrapes. */
export interface ScrapeJob {
  /** Value of the label `job`. */
  readonly job: string;
  /** Where the metrics are, such as `http://127.0.0.1:3000/metrics`. */
  readonly url: string;
  /** Added to its series. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Options of `startPrometheus()`. */
export interface PrometheusOptions {
  readonly scrape: readonly ScrapeJob[];
  /** Rule files: text by file name. */
  readonly rules?: Readonly<Record<string, string>> | undefined;
  /** How often targets are scraped, in Prometheus' notation. Default: `500ms`. */
  readonly scrapeInterval?: string | undefined;
  /** How often rules are evaluated whose group does not say. Default: as `scrapeInterval`. */
  readonly evaluationInterval?: string | undefined;
}

/**
 * Waits until this process is gone, however it went, then ends the server and deletes its files. It learns of the
 * end by its input being closed; the last line of that is the server's process id, or empty when there is none any
 * more. `$1` is the server's directory.
 */
const WATCHDOG = `
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then kill -KILL "$pid"; fi
rm -rf "$1"
`;

/** Where a program is, as a shell would find it; `undefined` where it is not installed. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a Prometheus of its own on a free port of the loopback interface, with its data in a new temporary
 * directory. Resolves when it answers queries. Call `stop()` when done; a process that ends without it, even when
 * killed, leaves nothing behind either.
 *
 * @throws {Error} where `prometheus` is not installed, or with its log when it does not start
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const program = findProgram('prometheus');
  if (program === undefined) throw new Error("There is no 'prometheus' in the PATH.");
  const directory = await mkdtemp(join(tmpdir(), 'breakwater-prometheus-'));
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  let server: ServerProcess | undefined;
  try {
    await writeFiles(directory, options);
    server = new ServerProcess(program, directory);
    watchdog.stdin?.write(`${server.pid}\n`);
    const url = await server.ready();
    return new Prometheus(url, server, directory, watchdog);
  } catch (error) {
    await server?.end();
    await rm(directory, { recursive: true, force: true });
    watchdog.stdin?.end('\n');
    throw error;
  }
}

/** A Prometheus of one's own, with its HTTP API. Made by `startPrometheus()`. */
export class Prometheus extends PrometheusApi {
  readonly #server: ServerProcess;
  readonly #directory: string;
  readonly #watchdog: ChildProcess;

  /** @internal */
  constructor(url: string, server: ServerProcess, directory: string, watchdog: ChildProcess) {
    super(url);
    this.#server = server;
    this.#directory = directory;
    this.#watchdog = watchdog;
  }

  /** Its process id. */
  get pid(): number | undefined {
    return this.#server.pid;
  }

  /** Where its configuration and its data are. */
  get directory(): string {
    return this.#directory;
  }

  /** Ends it and deletes its data. */
  async stop(): Promise<void> {
    await this.#server.end();
    await rm(this.#directory, { recursive: true, force: true });
    this.#watchdog.stdin?.end('\n');
  }
}

/** The running program, and what it logs. */
class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #running = true;
  #log = '';

  constructor(program: string, directory: string) {
    const flags = {
      'config.file': join(directory, 'prometheus.yml'),
      'storage.tsdb.path': join(directory, 'data'),
      // It takes a free port and logs which.
      'web.listen-address': '127.0.0.1:0',
      'log.level': 'info',
      'enable-feature': 'exemplar-storage',
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    this.#child = spawn(program, args, {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = `${this.#log}${text}`.slice(-16_000);
    });
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        this.#running = false;
        resolve();
      };
      this.#child.once('exit', ended).once('error', ended);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Waits until it answers queries, and gives its address. */
  async ready(): Promise<string> {
    let url = '';
    try {
      await until('Prometheus to be ready', async () => {
        if (!this.#running) return true;
        const address = /msg="Listening on".* address=(\S+)/.exec(this.#log)?.[1];
        if (address === undefined) return false;
        url = `http://${address}`;
        return (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1_000) })).ok;
      });
      if (!this.#running) throw new Error('it ended');
      return url;
    } catch (error) {
      throw new Error(`Prometheus did not start:\n${this.#log}`, { cause: error });
    }
  }

  /** Its data are thrown away, so there is nothing to be put in order first. */
  async end(): Promise<void> {
    if (this.#running) this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

async function writeFiles(directory: string, options: PrometheusOptions): Promise<void> {
  const { scrape, rules = {}, scrapeInterval = '500ms', evaluationInterval = scrapeInterval } = options;
  const config = {
    global: {
      scrape_interval: scrapeInterval,
      scrape_timeout: scrapeInterval,
      evaluation_interval: evaluationInterval,
    },
    rule_files: Object.keys(rules),
    scrape_configs: scrape.map(({ job, url, labels = {} }) => {
      const { protocol, host, pathname } = new URL(url);
      return {
        job_name: job,
        scheme: protocol.slice(0, -1),
        metrics_path: pathname,
        static_configs: [{ targets: [host], labels }],
      };
    }),
  };
  await writeFile(join(directory, 'prometheus.yml'), stringify(config));
  for (const [name, text] of Object.entries(rules)) await writeFile(join(directory, name), text);
}
