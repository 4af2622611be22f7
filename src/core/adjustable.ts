import type { z } from 'zod';
import { InvalidOptionsError } from './errors.ts';
import { copied, isPlainObject, sameOption } from './merged-options.ts';
import { parseOptions } from './options.ts';

/** How the options of a strategy at work are changed. */
export interface Adjustable {
  /** What it was made with, or last given: what an update is merged into. */
  readonly given: unknown;
  /** What holds now, checked and with its defaults. */
  readonly current: unknown;
  /**
   * Checks what is to hold from now on, and changes nothing yet.
   *
   * @param given all options of the strategy, as its factory takes them
   * @param isRestored whether they are what is left since an update that held for a time has ended
   * @returns what puts them in force; it must not throw
   * @throws {InvalidOptionsError} with paths from the strategy's options on
   */
  prepare(given: unknown, isRestored?: boolean): () => void;
  /** Writes options out in full that may be given in a short form, such as a function alone. */
  inFull?(given: unknown): unknown;
}

/** Hears of a change; `isRestored` as in `Adjustable.prepare`. */
type Changed<Settings> = (now: Settings, before: Settings, isRestored: boolean) => void;

/** What a strategy says of its options beside their schema. */
export interface LiveSettingsDetails<Settings> {
  /** Options that cannot change while the strategy works. Default: none. */
  readonly fixed?: readonly string[] | undefined;
  /** What to do instead of changing one of them. Default: to make the policy anew. */
  readonly instead?: Readonly<Record<string, string>> | undefined;
  /** Refuses an update, by an `InvalidOptionsError`, that changes what must stay as it is within an option. */
  readonly check?: ((now: Settings, next: Settings) => void) | undefined;
  /** As in `Adjustable`. */
  readonly inFull?: ((given: unknown) => unknown) | undefined;
}

/**
 * The checked options of a strategy, which may change while it works: whoever needs one reads it from `current` at that
 * moment, and keeps no copy.
 */
export class LiveSettings<Schema extends z.ZodType> implements Adjustable {
  readonly #schema: Schema;
  readonly #subject: string;
  readonly #details: LiveSettingsDetails<z.output<Schema>>;
  readonly #onChange: Changed<z.output<Schema>>[] = [];
  given: unknown;
  /** What holds now. */
  current: z.output<Schema>;

  /**
   * @param subject what is checked, for messages, as in `Options of retry()`
   * @throws {InvalidOptionsError} naming all that is wrong with the options
   */
  constructor(
    schema: Schema,
    given: unknown,
    subject: string,
    details: LiveSettingsDetails<z.output<Schema>> = {},
  ) {
    this.#schema = schema;
    this.#subject = subject;
    this.#details = details;
    this.current = parseOptions(schema, given, '', subject);
    // An update is merged into plain objects only; and who gave one may change it afterwards.
    this.given = isObject(given) && !isPlainObject(given) ? this.current : copied(given);
  }

  /** Calls `changed` right after each change, for what cannot be read from `current` when it is needed. It must not throw. */
  onChange(changed: Changed<z.output<Schema>>): void {
    this.#onChange.push(changed);
  }

  prepare(given: unknown, isRestored = false): () => void {
    const next = parseOptions(this.#schema, given, '', this.#subject);
    this.#refuseFixed(next);
    this.#details.check?.(this.current, next);
    return () => {
      const before = this.current;
      this.given = given;
      this.current = next;
      for (const changed of this.#onChange) changed(next, before, isRestored);
    };
  }

  inFull(given: unknown): unknown {
    return this.#details.inFull?.(given) ?? given;
  }

  #refuseFixed(next: z.output<Schema>): void {
    const { fixed = [], instead = {} } = this.#details;
    const changed = fixed.filter((key) => !sameOption(optionOf(this.current, key), optionOf(next, key)));
    if (changed.length === 0) return;
    throw new InvalidOptionsError(
      '',
      `${this.#subject} cannot be used`,
      changed.map((path) => ({
        path,
        message: `cannot change while the policy runs; ${instead[path] ?? 'remove the policy and make it anew'}`,
      })),
    );
  }
}

function optionOf(settings: unknown, key: string): unknown {
  return isObject(settings) ? Reflect.get(settings, key) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
