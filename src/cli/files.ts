import { randomUUID } from 'node:crypto';
import { fstat } from 'node:fs';
import { link, open, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type CommandContext, CommandFailure } from './context.ts';
import { codeOf, reasonOf } from './system-error.ts';

/** No file that somebody wrote by hand is larger, in bytes. */
const MAX_INPUT_BYTES = 8 * 1024 * 1024;

/** Stands for standard input or output. */
export const STANDARD_STREAM = '-';

/** How a file is called in messages. */
export function fileName(file: string): string {
  return file === STANDARD_STREAM ? 'stdin' : file;
}

/**
 * The text of a file, or of standard input for `-`.
 *
 * @throws {CommandFailure} when it cannot be read, is too large or is no UTF-8
 */
export async function readInput(context: CommandContext, file: string): Promise<string> {
  const bytes =
    file === STANDARD_STREAM
      ? await readStream(context.stdin, fileName(file))
      : await readFile(resolve(context.cwd, file), file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CommandFailure(`${fileName(file)} is not a text in UTF-8`);
  }
}

async function readFile(path: string, name: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      return await readStream(file.createReadStream({ autoClose: false }), name);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(`${name} cannot be read: ${reasonOf(error)}`);
  }
}

async function readStream(stream: AsyncIterable<Uint8Array | string>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > MAX_INPUT_BYTES) throw new CommandFailure(`${name} has more than ${MAX_INPUT_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Where a result goes, and whether something may be lost by it. */
export interface OutputOptions {
  /** A path, or `-` for standard output. */
  readonly file: string;
  /** Whether a file that is there may be replaced. */
  readonly overwrite: boolean;
  /** Files that must stay as they are: those that the command reads, `-` for standard input. */
  readonly inputs: readonly string[];
}

/**
 * Writes a result: all of it or nothing, so that nobody ever reads half a file.
 *
 * @throws {CommandFailure} when it cannot be written, is an input, or is there and may not be replaced
 */
export async function writeOutput(
  context: CommandContext,
  text: string,
  { file, overwrite, inputs }: OutputOptions,
): Promise<void> {
  if (file === STANDARD_STREAM) return context.out.write(text);
  for (const input of inputs) {
    if (await isSameFile(context, input, file)) {
      throw new CommandFailure(`${file} is an input and would be lost; --output must be another file`);
    }
  }
  try {
    await writeWhole(resolve(context.cwd, file), text, overwrite);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      throw new CommandFailure(`${file} is there already; --force replaces it, --output writes elsewhere`);
    }
    throw new CommandFailure(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

/** Whether two paths lead to one file, through whatever links. */
async function isSameFile(context: CommandContext, input: string, output: string): Promise<boolean> {
  const [read, written] = await Promise.all([
    input === STANDARD_STREAM ? statOfStream(context.stdin) : statOf(resolve(context.cwd, input)),
    statOf(resolve(context.cwd, output)),
  ]);
  return read?.isFile() === true && read.dev === written?.dev && read.ino === written.ino;
}

const statOf = (path: string) => stat(path, { bigint: true }).catch(() => undefined);

/** Of the file that a shell put there, as in `< slo.yaml`. */
async function statOfStream(stream: AsyncIterable<unknown>) {
  if (!('fd' in stream) || typeof stream.fd !== 'number') return undefined;
  return promisify(fstat)(stream.fd, { bigint: true }).catch(() => undefined);
}

async function writeWhole(path: string, text: string, overwrite: boolean): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const existing = await stat(target).catch(() => undefined);
  // A device or a pipe is written to; replacing it would take it away.
  if (existing !== undefined && !existing.isFile() && !existing.isDirectory()) return writeFile(target, text);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', existing === undefined ? 0o666 : existing.mode & 0o777);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await (overwrite ? rename(temporary, target) : placeNew(temporary, target, text));
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** Gives the file its name only where nobody else has it, also not since we looked. */
async function placeNew(temporary: string, target: string, text: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    // Some file systems have no links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error) ?? '')) throw error;
    await writeFile(target, text, { flag: 'wx' });
  }
}

/**
 * Adds a line to a file, and returns once the disk has it.
 *
 * @throws {CommandFailure} when that cannot be done
 */
export async function appendLine(context: CommandContext, file: string, line: string): Promise<void> {
  try {
    const handle = await open(resolve(context.cwd, file), 'a+');
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      const { bytesRead } = await handle.read(last, 0, 1, Math.max(0, size - 1));
      // A line that was cut off stays by itself.
      const start = bytesRead === 1 && last.toString() !== '\n' ? '\n' : '';
      await handle.writeFile(`${start}${line}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CommandFailure(`${file} cannot be written: ${reasonOf(error)}`);
  }
}
