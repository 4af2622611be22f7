import pTimeout from 'p-timeout';
import { writeFileAtOnce } from '../collectors/write-file.ts';
import { summarizeError } from '../redact.ts';
import type { DrillFile } from './ports.ts';
import type { DrillReport } from './progress.ts';

/** No file that a drill writes is larger, in characters. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** How long one may take to be read. */
const READ_MS = 15_000;

/** What became of a file. */
export type WrittenFile = DrillReport['files'][number] & {
  readonly bytes: number;
  readonly truncated: boolean;
};

/** Writes files into a drill's folder, each bounded in time and size. It never rejects. */
export async function writeFiles(
  folder: string,
  files: readonly DrillFile[],
  onWritten: (written: WrittenFile) => void,
): Promise<void> {
  await Promise.all(files.map(async (file) => onWritten(await write(folder, file))));
}

async function write(folder: string, { what, name, read }: DrillFile): Promise<WrittenFile> {
  const controller = new AbortController();
  try {
    const reading = Promise.resolve().then(() => read(controller.signal));
    const whole = await pTimeout(reading, { milliseconds: READ_MS, message: 'it took too long' });
    const truncated = whole.length > MAX_LENGTH;
    const text = truncated ? `${whole.slice(0, MAX_LENGTH)}\n[cut here]\n` : whole;
    await writeFileAtOnce(folder, name, text);
    return { what, file: name, error: null, bytes: Buffer.byteLength(text), truncated };
  } catch (error) {
    return { what, file: null, error: summarizeError(error).message, bytes: 0, truncated: false };
  } finally {
    controller.abort();
  }
}
