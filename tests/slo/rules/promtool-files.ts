import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PromtoolResult, promtool } from '../../prometheus/support.ts';

/** Runs promtool in a temporary directory with these files, by name, and then deletes it. */
export async function promtoolWith(
  files: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<PromtoolResult> {
  const directory = await mkdtemp(join(tmpdir(), 'breakwater-rules-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    return await promtool(args, { cwd: directory });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What promtool found wrong; empty when nothing was. */
export function complaints({ status, stdout, stderr }: PromtoolResult): string {
  return status === 0 ? '' : `${stdout}\n${stderr}`;
}
