import { InvalidOptionsError, type OptionsProblem } from '../../core/errors.ts';
import { shown, suggest } from '../../core/options.ts';
import { MAX_LIST_ENTRIES } from '../incident/bounded-list.ts';
import type { IncidentJson } from '../incident/document.ts';
import { redact } from '../redact.ts';
import type { IncidentCommand } from './command.ts';

/** The command of that name. */
export type CommandOf<Do extends IncidentCommand['do']> = Extract<IncidentCommand, { do: Do }>;

/** What a decision needs beside incident and command. */
export interface DecisionContext {
  /** Wall-clock time in milliseconds since the epoch. */
  readonly at: number;
  /**
   * Makes the id of a new part, such as `h-3fa9`, which no part of the incident has.
   *
   * @param letter n note, o observation, h hypothesis, m mitigation, a action, r data to repair, d decision
   */
  readonly newPartId: (letter: string) => string;
}

/** Longest texts, in characters, as `incidentCommand` has them. */
const LONG = 4_000;
const SHORT = 200;
const NAME = 100;

/** Most parts that one objection names. */
const MAX_NAMED = 10;

/** A decision while it is made: who decides when about what, and all that speaks against it. */
export class Draft {
  readonly incident: IncidentJson;
  readonly at: number;
  readonly by: string;
  readonly newPartId: (letter: string) => string;
  readonly #command: IncidentCommand['do'];
  readonly #problems: OptionsProblem[] = [];

  constructor(incident: IncidentJson, command: IncidentCommand, { at, newPartId }: DecisionContext) {
    this.incident = incident;
    this.at = at;
    this.newPartId = newPartId;
    this.#command = command.do;
    this.by = this.#redacted('by', command.by, NAME);
  }

  /** @param path the field of the command that is wrong; empty where it is none */
  object(path: string, message: string): void {
    this.#problems.push({ path, message });
  }

  /** @throws {InvalidOptionsError} when anything speaks against it, with all that does */
  settle(): void {
    if (this.#problems.length === 0) return;
    const { policy, id } = this.incident;
    throw new InvalidOptionsError(policy, `'${this.#command}' cannot be done to ${id}`, this.#problems);
  }

  text(path: string, text: string): string {
    return this.#redacted(path, text, LONG);
  }

  textIfAny(path: string, text: string | undefined): string | undefined {
    return text === undefined ? undefined : this.text(path, text);
  }

  short(path: string, text: string): string {
    return this.#redacted(path, text, SHORT);
  }

  person(path: string, person: string): string {
    return this.#redacted(path, person, NAME);
  }

  personIfAny(path: string, person: string | undefined): string | undefined {
    return person === undefined ? undefined : this.person(path, person);
  }

  #redacted(path: string, text: string, maxLength: number): string {
    const safe = redact(text, maxLength);
    if (safe === '') this.object(path, 'holds nothing that can be read');
    return safe;
  }

  /** The part that `reference` means: its id, or the beginning of no other's. What it is called is in `what`. */
  part<T extends { readonly id: string }>(
    path: string,
    reference: string,
    parts: readonly T[],
    what: string,
  ): T | undefined {
    const found = this.id(
      path,
      reference,
      parts.map(({ id }) => id),
      what,
    );
    return parts.find(({ id }) => id === found);
  }

  /** As `part`, of ids alone. */
  id(path: string, reference: string, ids: readonly string[], what: string): string | undefined {
    const wanted = reference.trim();
    if (ids.includes(wanted)) return wanted;
    const meant = ids.filter((id) => id.startsWith(wanted));
    if (meant.length === 1) return meant[0];
    this.object(path, meant.length > 1 ? ambiguous(wanted, meant) : unknown(wanted, ids, what));
    return undefined;
  }

  /** Objects where a list is full: what came now would push something else out. */
  room(list: readonly unknown[], what: string): void {
    if (list.length < MAX_LIST_ENTRIES) return;
    this.object('', `it has ${list.length} ${what} already, which is the most that an incident holds`);
  }
}

function ambiguous(wanted: string, meant: readonly string[]): string {
  return `${shown(wanted)} may be ${named(meant)}: write more of it`;
}

function unknown(wanted: string, ids: readonly string[], what: string): string {
  if (ids.length === 0) return `${shown(wanted)} names no ${what}; there is none`;
  const suggestion = suggest(wanted, ids);
  const hint = suggestion === undefined ? `there are ${named(ids)}` : `did you mean ${suggestion}?`;
  return `${shown(wanted)} names no ${what}; ${hint}`;
}

/** Ids in a row, those that are too many counted. */
export function named(ids: readonly string[]): string {
  const more = ids.length - MAX_NAMED;
  const some = ids.slice(0, MAX_NAMED).join(', ');
  return more > 0 ? `${some} and ${more} more` : some;
}

/** Whether two names are of one person, however they are written. */
export function isSamePerson(a: string | null | undefined, b: string | null | undefined): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return false;
  return normalized(a) === normalized(b);
}

function normalized(person: string): string {
  return person.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}
