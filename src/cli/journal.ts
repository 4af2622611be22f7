import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { IncidentChange } from '../incidents/incident/changes/change.ts';
import type { IncidentJson } from '../incidents/incident/document.ts';
import { foldEntries } from '../incidents/incident/fold.ts';
import { readJournal } from '../incidents/journal/read.ts';
import { writeEntries } from '../incidents/journal/write.ts';
import { type CommandContext, CommandFailure } from './context.ts';
import { reasonOf } from './system-error.ts';
import { printWarnings } from './warnings.ts';

/** Names the journal's folder where no option does. */
export const JOURNAL_VARIABLE = 'BREAKWATER_INCIDENTS';

/** The journal of incidents, as one run of the command reads and writes it. The application may use it all the while. */
export class IncidentJournal {
  /** As it was given, for messages. */
  readonly name: string;
  readonly directory: string;
  readonly #context: CommandContext;
  /** Tells this run's entries from those of every other process. */
  readonly #writer = `cli-${randomBytes(4).toString('hex')}`;
  readonly #told = new Set<string>();
  #ineffective: readonly { readonly incident: string; readonly change: IncidentChange }[] = [];

  private constructor(context: CommandContext, name: string) {
    this.name = name;
    this.directory = resolve(context.cwd, name);
    this.#context = context;
  }

  /**
   * Finds the journal's folder.
   *
   * @param directory what `--directory` says
   * @throws {CommandFailure} when there is none
   */
  static async open(context: CommandContext, directory: string | undefined): Promise<IncidentJournal> {
    const name = directory ?? context.env[JOURNAL_VARIABLE];
    if (!name) {
      throw new CommandFailure(
        `where the journal is must be said: --directory <folder>, or ${JOURNAL_VARIABLE} in the environment; it is the folder of the application's option incidents.directory`,
      );
    }
    const journal = new IncidentJournal(context, name);
    await journal.#checkFolder();
    return journal;
  }

  /**
   * All incidents of the journal, the first detected first. What cannot be read in it is told on stderr, once.
   *
   * @throws {CommandFailure} when the journal cannot be read
   */
  async incidents(): Promise<readonly IncidentJson[]> {
    const { entries, problems } = await this.#read();
    await this.#tell(problems);
    const ineffective: { readonly incident: string; readonly change: IncidentChange }[] = [];
    const strays: string[] = [];
    const records = foldEntries(
      entries,
      (entry) => {
        if (entry.writer === this.#writer) ineffective.push(entry);
      },
      ({ id }) =>
        strays.push(`there are changes of incident ${id}, but not its beginning; it is passed over`),
    );
    await this.#tell(strays);
    this.#ineffective = ineffective;
    return records
      .map((record) => record.toJSON())
      .sort((a, b) => a.detectedAt.localeCompare(b.detectedAt) || a.id.localeCompare(b.id));
  }

  /** What this run wrote about the incident and moved nothing, as of the last reading: others were there first. */
  ineffective(incident: string): readonly IncidentChange[] {
    return this.#ineffective.filter((entry) => entry.incident === incident).map(({ change }) => change);
  }

  /**
   * Adds changes to an incident. They are on the disk when it returns.
   *
   * @throws {CommandFailure} when they cannot be written
   */
  async write(incident: string, changes: readonly IncidentChange[]): Promise<void> {
    const bodies = changes.map((change) => ({ incident, change }));
    try {
      await writeEntries(this.directory, this.#writer, bodies);
    } catch (error) {
      throw new CommandFailure(
        `it is not recorded: the journal ${this.name} cannot be written: ${reasonOf(error)}`,
      );
    }
  }

  async #read() {
    try {
      return await readJournal(this.directory);
    } catch (error) {
      throw new CommandFailure(`the journal ${this.name} cannot be read: ${reasonOf(error)}`);
    }
  }

  async #tell(problems: readonly string[]): Promise<void> {
    const untold = problems.filter((problem) => !this.#told.has(problem));
    for (const problem of untold) this.#told.add(problem);
    await printWarnings(this.#context, untold);
  }

  async #checkFolder(): Promise<void> {
    try {
      if ((await stat(this.directory)).isDirectory()) return;
    } catch (error) {
      throw new CommandFailure(`the journal ${this.name} cannot be read: ${reasonOf(error)}`);
    }
    throw new CommandFailure(`the journal ${this.name} cannot be read: it is no folder`);
  }
}
