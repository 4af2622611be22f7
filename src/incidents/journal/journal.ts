import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterDelay } from '../../core/timers.ts';
import { AppendFile } from './append-file.ts';
import type { EntryCollector } from './collector.ts';
import { type Disk, FOLDER_MODE, localDisk } from './disk.ts';
import { encodeEntry, isJournalName, type JournalBody, type JournalEntry } from './entry.ts';
import { HEARTBEAT_MS, Instances } from './instances.ts';
import { Lane } from './lane.ts';
import { type Found, readAtStart, reasonOf } from './open.ts';
import { type ProcessIdentity, thisProcess } from './process-identity.ts';
import { readJournal } from './read.ts';
import { Tail } from './tail.ts';
import { Writer } from './writer.ts';

export type { JournalBody, JournalEntry } from './entry.ts';

/** How often the files are looked at for what other processes wrote. */
const LOOK_MS = 1_000;

/** How long closing waits for a disk. */
const CLOSE_MS = 5_000;

/** How many lines of others that cannot be read are reported one by one. */
const MAX_REPORTED_LINES = 20;

/** What is known of incidents, on disk. */
export interface Journal {
  /**
   * Keeps entries in order. Resolves once they are on disk (`fsync`), or at once while it is degraded to memory. Never
   * rejects: an entry that cannot be kept is reported.
   */
  append(bodies: readonly JournalBody[]): Promise<void>;
  /**
   * Hears what other processes wrote since the journal was opened, in order; the files are looked at about each second.
   * Returns the function that ends it.
   */
  listen(onForeign: (entry: JournalEntry) => void): () => void;
  /** Whether entries are kept in memory, because the disk does not take them. It is tried again by itself. */
  readonly degraded: boolean;
  /** The incident's own folder, made when first asked for. Throws where it cannot be made. */
  folder(incident: string): string;
  /**
   * Takes over what a writer that is no more tended; false where it lives or another process took it over, and also where
   * that cannot be told yet, so ask again now and then. Of several processes that ask, one gets true.
   */
  adopt(writer: string): boolean;
  /** All that the journal has about an incident, oldest first. Rejects where it cannot be read. */
  history(incident: string): Promise<readonly JournalEntry[]>;
  /** Tries to write what waits. Resolves when that is done or did not work. */
  flush(): Promise<void>;
  /** Writes what waits and lets go of everything, within 5 s also on a disk that hangs. */
  close(): Promise<void>;
}

/** How to open a journal. */
export interface JournalOptions {
  /** Where the files are, on a local disk. Made where it is missing. */
  readonly directory: string;
  /** The name that this process writes under, its own: letters, digits, `_`, `-` and `.`. */
  readonly writer: string;
  /** Hears what fails inside. */
  readonly report: (error: unknown) => void;
  /** Default: this machine's file system. */
  readonly disk?: Disk | undefined;
  /** Default: this process. */
  readonly process?: ProcessIdentity | undefined;
  /** How many bytes of the latest months are read whole. Default: 64 MiB. */
  readonly wholeBytes?: number | undefined;
  /** Takes the entries instead, one by one while they are read, so that no more is kept of a long journal than it keeps. */
  readonly take?: ((entry: JournalEntry) => void) | undefined;
}

/** An open journal, and what stood in it. */
export interface OpenedJournal {
  readonly journal: Journal;
  /** Every entry of every process, oldest first; none where `take` took them. */
  readonly entries: readonly JournalEntry[];
  /** What could not be read and what was repaired, each with its file and position. */
  readonly problems: readonly string[];
}

/**
 * Opens the journal of a directory and reads it. The only part that waits for the disk, and it never throws: where nothing
 * can be written the journal is degraded to memory, and says so to `report`.
 */
export function openJournal(options: JournalOptions): OpenedJournal {
  const directory = resolve(options.directory);
  const entries: JournalEntry[] = [];
  const found = readAtStart(directory, options.take ?? ((entry) => entries.push(entry)), options.wholeBytes);
  const journal = new FileJournal(directory, options, found);
  return { journal, entries, problems: found.problems };
}

class FileJournal implements Journal {
  readonly #directory: string;
  readonly #writerName: string;
  readonly #report: (error: unknown) => void;
  readonly #lane = new Lane();
  readonly #instances: Instances;
  readonly #file: AppendFile;
  readonly #writer: Writer;
  readonly #collector: EntryCollector;
  readonly #tail: Tail;
  readonly #listeners = new Set<(entry: JournalEntry) => void>();
  #seq: number;
  #reportedLines = 0;
  #lookFailed = false;
  #cancelBeat: () => void;
  #cancelLook: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(directory: string, options: JournalOptions, found: Found) {
    const { writer, disk = localDisk, process = thisProcess() } = options;
    this.#directory = directory;
    this.#writerName = writer;
    this.#report = guarded(options.report);
    this.#collector = found.collector;
    this.#seq = found.collector.lastSeq(writer);
    this.#instances = new Instances(directory, writer, process);
    this.#tail = new Tail(directory, disk, found.collector, found.positions);
    this.#file = new AppendFile(directory, disk, async () => {
      await disk.makeFolder(directory);
      await this.#instances.beat();
    });
    this.#file.notBefore(found.latest);
    this.#writer = new Writer({
      write: (records) => this.#lane.run(() => this.#file.write(records)),
      onDegraded: (cause) => this.#report(degradedError(directory, cause)),
      onRecovered: (lost) => {
        if (lost > 0)
          this.#report(new Error(`The journal in ${directory} is written again; ${lost} entries are lost.`));
      },
    });
    this.#enter(found.unwritable);
    this.#cancelBeat = afterDelay(HEARTBEAT_MS, () => this.#beat());
  }

  get degraded(): boolean {
    return this.#writer.degraded;
  }

  append(bodies: readonly JournalBody[]): Promise<void> {
    const records: Buffer[] = [];
    for (const body of bodies) {
      try {
        if (this.#closing !== undefined) throw new Error('the journal is closed');
        records.push(encodeEntry(this.#writerName, this.#seq + 1, body));
        this.#seq += 1;
      } catch (error) {
        this.#report(new Error(`An entry of the journal was not kept: ${reasonOf(error)}`, { cause: error }));
      }
    }
    return records.length === 0 ? Promise.resolve() : this.#writer.append(records);
  }

  listen(onForeign: (entry: JournalEntry) => void): () => void {
    const listener = (entry: JournalEntry): void => onForeign(entry);
    this.#listeners.add(listener);
    if (this.#closing === undefined && this.#cancelLook === undefined) this.#lookLater();
    return () => {
      this.#listeners.delete(listener);
    };
  }

  folder(incident: string): string {
    if (!isJournalName(incident)) throw new Error('The name of an incident cannot be that of a folder.');
    const folder = join(this.#directory, 'incidents', incident);
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    return folder;
  }

  adopt(writer: string): boolean {
    if (this.degraded || this.#closing !== undefined || !isJournalName(writer)) return false;
    try {
      return this.#instances.adopt(writer);
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  async history(incident: string): Promise<readonly JournalEntry[]> {
    const { entries } = await this.#lane.run(() =>
      readJournal(this.#directory, (entry) => 'incident' in entry && entry.incident === incident),
    );
    return entries;
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #enter(unwritable: unknown): void {
    try {
      if (unwritable !== undefined) throw unwritable;
      this.#instances.enterNow();
    } catch (error) {
      this.#writer.fail(error);
    }
  }

  #beat(): void {
    this.#lane
      .run(() => this.#instances.beat())
      // Where the disk fails, the next entry says so.
      .catch(() => undefined)
      .finally(() => {
        if (this.#closing === undefined) this.#cancelBeat = afterDelay(HEARTBEAT_MS, () => this.#beat());
      });
  }

  #lookLater(): void {
    this.#cancelLook = afterDelay(LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    try {
      await this.#lane.run(() => this.#tail.look((entry) => this.#tell(entry)));
      this.#lookFailed = false;
      this.#file.notBefore(this.#tail.latest);
    } catch (error) {
      if (!this.#lookFailed && !this.degraded) this.#report(error);
      this.#lookFailed = true;
    }
    this.#reportLines();
    this.#cancelLook = undefined;
    if (this.#closing === undefined && this.#listeners.size > 0) this.#lookLater();
  }

  #reportLines(): void {
    for (const problem of this.#collector.takeProblems()) {
      this.#reportedLines += 1;
      if (this.#reportedLines <= MAX_REPORTED_LINES)
        this.#report(new Error(`${this.#directory}: ${problem}`));
    }
  }

  #tell(entry: JournalEntry): void {
    if (entry.writer === this.#writerName) return;
    for (const listener of this.#listeners) {
      try {
        listener(entry);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  async #close(): Promise<void> {
    this.#cancelBeat();
    this.#cancelLook?.();
    await within(CLOSE_MS, this.#writer.flush());
    this.#writer.stop();
    const { unwritten } = this.#writer;
    if (unwritten > 0) {
      this.#report(
        new Error(`The journal in ${this.#directory} was closed with ${unwritten} entries not written.`),
      );
      return;
    }
    const left = this.#lane.run(async () => {
      await this.#file.close();
      await this.#instances.leave();
    });
    await within(
      CLOSE_MS,
      left.catch((error) => this.#report(error)),
    );
  }
}

function degradedError(directory: string, cause: unknown): Error {
  return new Error(
    `The journal in ${directory} cannot be written: ${reasonOf(cause)}. Incidents are kept in memory until it can be.`,
    { cause },
  );
}

/** A report that throws harms nobody. */
function guarded(report: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    try {
      report(error);
    } catch {
      // There is nobody left to tell.
    }
  };
}

/** Resolves with the promise, or after that time. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  let cancel = (): void => {};
  const late = new Promise<void>((resolve) => {
    cancel = afterDelay(ms, resolve);
  });
  await Promise.race([promise, late]);
  cancel();
}
