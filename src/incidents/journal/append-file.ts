import { join } from 'node:path';
import { wallNow } from '../../core/clock.ts';
import { type Disk, type DiskFile, isSameFile } from './disk.ts';
import { monthFile } from './months.ts';

/** How often in a row a file may turn out to be gone after it was written. */
const MAX_REPLACED = 3;

/**
 * Where records are appended: the file of the month. It never goes back to an earlier month, whatever the clock does, nor
 * writes before the latest file that there is, since files are read in the order of their names.
 */
export class AppendFile {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #prepare: () => Promise<void>;
  #open: { readonly name: string; readonly file: DiskFile } | undefined;
  #earliest = '';

  /** @param prepare makes whatever must be there before a file is */
  constructor(directory: string, disk: Disk, prepare: () => Promise<void> = async () => {}) {
    this.#directory = directory;
    this.#disk = disk;
    this.#prepare = prepare;
  }

  /** Writes to no file of an earlier month than this one. */
  notBefore(name: string): void {
    if (name > this.#earliest) this.#earliest = name;
  }

  /**
   * Resolves once the records are on disk, each of them whole, and in the file that has the name. Where it rejects, some
   * may be on disk nevertheless.
   */
  async write(records: readonly Buffer[]): Promise<void> {
    for (let replaced = 0; replaced < MAX_REPLACED; replaced += 1) {
      try {
        const { name, file } = await this.ready();
        await appendWhole(file, records);
        await file.sync();
        const [named, written] = [await this.#disk.state(join(this.#directory, name)), await file.state()];
        if (isSameFile(named, written)) return;
      } catch (error) {
        await this.close();
        throw error;
      }
      await this.close();
    }
    throw new Error(`${this.#directory}: the file of the journal is removed each time that it is written`);
  }

  /** Opens the file of this month, where it is not open. */
  async ready(): Promise<{ readonly name: string; readonly file: DiskFile }> {
    this.notBefore(monthFile(wallNow()));
    const name = this.#earliest;
    if (this.#open?.name === name) return this.#open;
    await this.close();
    await this.#prepare();
    const file = await this.#disk.openForAppend(join(this.#directory, name));
    this.#open = { name, file };
    await this.#disk.syncFolder(this.#directory);
    return this.#open;
  }

  async close(): Promise<void> {
    const file = this.#open?.file;
    this.#open = undefined;
    // What was synced is safe, and what was not is written again.
    await file?.close().catch(() => undefined);
  }
}

/** Writes records in one go. One that there was no room for is written again as a whole. */
async function appendWhole(file: DiskFile, records: readonly Buffer[]): Promise<void> {
  let left = records;
  while (left.length > 0) {
    let written = await file.append(Buffer.concat(left));
    let whole = 0;
    for (const { length } of left) {
      if (written < length) break;
      written -= length;
      whole += 1;
    }
    if (whole === 0) throw new Error('ENOSPC: a record was written in part only');
    left = left.slice(whole);
  }
}
