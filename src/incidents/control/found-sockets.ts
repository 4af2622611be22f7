import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { callControl } from './client.ts';

const entrySchema = z.object({ v: z.literal(1), socket: z.string(), pid: z.number(), instance: z.string() });

/** How long an instance may take to say that it lives. */
const PING_MS = 2_000;

/** An instance that says where its socket is. */
export type FoundSocket = Omit<z.output<typeof entrySchema>, 'v'>;

function folderOf(directory: string): string {
  return join(directory, 'sockets');
}

/**
 * Says in the incidents' directory where this process's socket is, so that the command finds it: a file of
 * `<directory>/sockets`. What others left there for the same socket goes.
 *
 * @returns the function that takes it back
 * @throws {Error} when it cannot be written
 */
export function announceSocket(directory: string, found: FoundSocket): () => void {
  const folder = folderOf(directory);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (read(path)?.socket === found.socket) rmSync(path, { force: true });
  }
  // By the socket, not the process: one process may have several hubs, and two containers one number for theirs.
  const digest = createHash('sha256').update(found.socket).digest('hex').slice(0, 16);
  const path = join(folder, `${digest}.json`);
  const made = `${path}.${found.pid}.new`;
  writeFileSync(made, `${JSON.stringify({ v: 1, ...found })}\n`, { mode: 0o600 });
  renameSync(made, path);
  return () => {
    if (read(path)?.socket === found.socket) rmSync(path, { force: true });
  };
}

/** The sockets of instances that keep their incidents in `directory` and answer, by instance. It never rejects. */
export async function findSockets(directory: string): Promise<readonly FoundSocket[]> {
  const folder = folderOf(directory);
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    // Nobody has said anything yet.
  }
  const said = names.flatMap((name) => read(join(folder, name)) ?? []);
  const living = await Promise.all(
    said.map(async (found) =>
      callControl(found.socket, 'ping', {}, { timeoutMs: PING_MS }).then(
        () => [found],
        () => [],
      ),
    ),
  );
  return living.flat().sort((a, b) => a.instance.localeCompare(b.instance));
}

function read(path: string): FoundSocket | undefined {
  try {
    const { v: _, ...found } = entrySchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return found;
  } catch {
    return undefined;
  }
}
