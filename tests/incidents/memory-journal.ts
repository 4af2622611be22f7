import type {
  Journal,
  JournalBody,
  JournalEntry,
  OpenedJournal,
} from '../../src/incidents/journal/journal.ts';

/** A journal that several processes share, without a disk: what a process appended but did not sync dies with it. */
export class MemoryJournal {
  readonly entries: JournalEntry[] = [];
  readonly #alive = new Set<string>();
  readonly #takenBy = new Map<string, string>();
  readonly #listeners = new Map<string, (entry: JournalEntry) => void>();
  #seq = 0;
  /** Entries are on disk once this resolves. */
  disk: () => Promise<void> = () => Promise.resolve();

  open(writer: string): OpenedJournal {
    this.#alive.add(writer);
    const journal: Journal = {
      degraded: false,
      append: async (bodies) => {
        await this.disk();
        if (this.#alive.has(writer)) for (const body of bodies) this.write(writer, body);
      },
      listen: (onForeign) => {
        this.#listeners.set(writer, onForeign);
        return () => this.#listeners.delete(writer);
      },
      folder: () => {
        throw new Error('there is no disk');
      },
      adopt: (other) => {
        if (other === writer) return true;
        const tender = this.#takenBy.get(other) ?? other;
        if (tender === writer) return true;
        if (this.#alive.has(tender)) return false;
        this.#takenBy.set(other, writer);
        return true;
      },
      history: async (incident) =>
        this.entries.filter((entry) => 'incident' in entry && entry.incident === incident),
      flush: () => Promise.resolve(),
      close: async () => this.kill(writer),
    };
    return { journal, entries: [...this.entries], problems: [] };
  }

  /** A process is no more. */
  kill(writer: string): void {
    this.#alive.delete(writer);
    this.#listeners.delete(writer);
  }

  /** An entry comes on disk, and the other processes hear of it. */
  write(writer: string, body: JournalBody): void {
    this.#seq += 1;
    const entry: JournalEntry = structuredClone({ v: 1 as const, writer, seq: this.#seq, ...body });
    this.entries.push(entry);
    for (const [other, heard] of [...this.#listeners]) if (other !== writer) heard(structuredClone(entry));
  }
}
