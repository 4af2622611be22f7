import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandContext } from '../../../src/cli/context.ts';
import type { ChangeOf, IncidentChange } from '../../../src/incidents/incident/changes/change.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { encodeEntry } from '../../../src/incidents/journal/entry.ts';
import { writeEntries } from '../../../src/incidents/journal/write.ts';
import { breakwater, type Outcome, temporaryFolder } from '../support.ts';

/** When the incidents of these tests begin. */
export const BEGAN = Date.parse('2026-02-04T10:00:00.000Z');
/** When the command runs. */
export const NOW = BEGAN + 20 * 60_000;
export const ID = 'INC-20260204-001-9f3a01bc';

/** A journal in a folder that goes with the test. */
export class TestJournal {
  readonly directory: string = temporaryFolder();
  #writers = 0;

  /** Writes an incident's changes as an application does. */
  async add(incident: string, changes: readonly IncidentChange[]): Promise<void> {
    this.#writers += 1;
    const bodies = changes.map((change) => ({ incident, change }));
    await writeEntries(this.directory, `app${this.#writers}`, bodies);
  }

  /** Writes an incident as it begins. */
  async begin(given: Partial<ChangeOf<'detected'>> = {}): Promise<string> {
    const change = detected(given);
    await this.add(change.id, [change, { type: 'declared', at: change.at }]);
    return change.id;
  }

  /** Writes as another process does while a command looks the other way. */
  addAtOnce(incident: string, change: IncidentChange): void {
    this.#writers += 1;
    this.spoil(encodeEntry(`app${this.#writers}`, 1, { incident, change }).toString());
  }

  /** Adds a line as it is to the journal's latest file. */
  spoil(line: string): void {
    const file = readdirSync(this.directory).findLast((name) => name.startsWith('journal-'));
    appendFileSync(join(this.directory, file ?? 'journal-2026-02.jsonl'), line);
  }

  /** Runs `breakwater incident` on it, as alice at `NOW`. */
  run(
    args: readonly string[],
    given: Partial<CommandContext> & { readonly input?: string } = {},
  ): Promise<Outcome> {
    return breakwater(['incident', ...args], {
      cwd: this.directory,
      env: { BREAKWATER_INCIDENTS: this.directory, BREAKWATER_BY: 'alice' },
      now: () => NOW,
      ...given,
    });
  }

  /** Runs it, and gives the incident that it prints. Throws where the command fails. */
  async json(args: readonly string[]): Promise<IncidentJson> {
    const { code, out, err } = await this.run([...args, '--json']);
    if (code !== 0) throw new Error(err);
    return JSON.parse(out);
  }
}

/** How an incident of the policy `database` begins. */
export function detected(given: Partial<ChangeOf<'detected'>> = {}): ChangeOf<'detected'> {
  const id = given.id ?? ID;
  return {
    type: 'detected',
    at: BEGAN,
    id,
    policy: 'database',
    service: 'shop',
    instance: 'shop-1',
    dedupKey: `breakwater/${id}`,
    drill: false,
    trigger: 'circuit',
    summary: "The circuit of 'database' opened",
    severity: 'High',
    why: "'database' is of high criticality.",
    startedAt: BEGAN - 30_000,
    dependants: ['checkout'],
    usedBy: [],
    ...given,
  };
}
