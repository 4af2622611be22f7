import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

export const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program as a user's shell would, without what npm and vitest left in the environment. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  pathPrefix?: string,
): Promise<Output> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle|config_local_prefix)|INIT_CWD|VITEST|NODE_)/.test(name),
  );
  const env = Object.fromEntries(inherited);
  const path = [pathPrefix, dirname(process.execPath), env.PATH].filter(Boolean).join(delimiter);
  try {
    return await execFileAsync(command, args, { cwd, env: { ...env, PATH: path }, timeout: 180_000 });
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error && 'stderr' in error)) throw error;
    throw new Error(`${command} ${args.join(' ')} failed:\n${error.stdout}\n${error.stderr}`, {
      cause: error,
    });
  }
}

/** A user's project in a directory of its own. */
export class Project {
  readonly root: string;
  readonly #pathPrefix: string | undefined;

  private constructor(root: string, pathPrefix: string | undefined) {
    this.root = root;
    this.#pathPrefix = pathPrefix;
  }

  /** @param nodeDirectory where the `node` is that runs the project and its npm; by default the running one's */
  static async create(nodeDirectory?: string): Promise<Project> {
    const root = await mkdtemp(join(tmpdir(), 'breakwater-consumer-'));
    const project = new Project(root, nodeDirectory);
    await project.write('package.json', JSON.stringify({ name: 'consumer', private: true }));
    return project;
  }

  async write(path: string, text: string): Promise<void> {
    const target = join(this.root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }

  async install(...packages: readonly string[]): Promise<void> {
    await this.run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages);
  }

  run(command: string, ...args: readonly string[]): Promise<Output> {
    return run(command, args, this.root, this.#pathPrefix);
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}
