import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { parseOptions } from '../../../src/core/options.ts';
import { type IncidentCommand, incidentCommand } from '../../../src/incidents/commands/command.ts';
import { decide } from '../../../src/incidents/commands/decide.ts';
import type { IncidentChange } from '../../../src/incidents/incident/changes/change.ts';
import type { ChecklistJson, IncidentJson } from '../../../src/incidents/incident/document.ts';
import { IncidentRecord } from '../../../src/incidents/incident/record.ts';
import { AT, detected, ID } from '../incident/changes.ts';

type Given<Command> = Command extends unknown ? Omit<Command, 'by'> & { readonly by?: string } : never;

/** Plays commands on an incident, a second apart; parts are named `n-1`, `h-2` and so on, in the order of their coming. */
export class Player {
  readonly record = new IncidentRecord(ID);
  readonly effects: boolean[] = [];
  #at = AT;
  #parts = 0;
  readonly #byLetter = new Map<string, number>();
  /** Whether parts are numbered by their letter instead: `o-1`, `h-1`, `o-2`. */
  numbersByLetter = false;

  constructor(...changes: readonly IncidentChange[]) {
    this.apply(detected(), { type: 'declared', at: AT }, ...changes);
  }

  get json(): IncidentJson {
    return this.record.toJSON();
  }

  get now(): number {
    return this.#at;
  }

  apply(...changes: readonly IncidentChange[]): this {
    for (const change of changes) this.effects.push(this.record.apply(change));
    return this;
  }

  /** By Ada, unless it says otherwise. */
  decide(command: Given<IncidentCommand>): readonly IncidentChange[] {
    this.#at += 1_000;
    const parsed = parseOptions(incidentCommand, { by: 'Ada', ...command }, '', 'The command');
    const newPartId = (letter: string): string => `${letter}-${this.#nextNumber(letter)}`;
    return decide(this.json, parsed, { at: this.#at, newPartId });
  }

  #nextNumber(letter: string): number {
    if (!this.numbersByLetter) {
      this.#parts += 1;
      return this.#parts;
    }
    const number = (this.#byLetter.get(letter) ?? 0) + 1;
    this.#byLetter.set(letter, number);
    return number;
  }

  do(...commands: readonly Given<IncidentCommand>[]): this {
    for (const command of commands) this.apply(...this.decide(command));
    return this;
  }

  /** What speaks against the command, each as `path: message`. */
  against(command: Given<IncidentCommand>): string[] {
    try {
      this.decide(command);
    } catch (error) {
      if (!(error instanceof InvalidOptionsError)) throw error;
      return error.problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    }
    return [];
  }

  item(id: string): ChecklistJson['items'][number] | undefined {
    return this.json.checklists.flatMap(({ items }) => items).find((item) => item.id === id);
  }
}
