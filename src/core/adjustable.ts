import type { z } from 'zod';
import { parseOptions } from './options.ts';

/** How the options of a strategy at work are changed. */
export interface Adjustable {
  /** What it was made with, or last given: what an update is merged into. */
  readonly given: unknown;
  /**
   * Checks what is to hold from now on, and changes nothing yet.
   *
   * @param given all options of the strategy, as its factory takes them
   * @returns what puts them in force; it must not throw
   * @throws {InvalidOptionsError} with paths from the strategy's options on
   */
  prepare(given: unknown): () => void;
}

/**
 * The checked options of a strategy, which may change while it works: whoever needs one reads it from `current` at that
 * moment, and keeps no copy.
 */
export class LiveSettings<Schema extends z.ZodType> implements Adjustable {
  readonly #schema: Schema;
  readonly #subject: string;
  readonly #onChange: ((now: z.output<Schema>, before: z.output<Schema>) => void)[] = [];
  given: unknown;
  /** What holds now. */
  current: z.output<Schema>;

  /**
   * @param subject what is checked, for messages, as in `Options of retry()`
   * @throws {InvalidOptionsError} naming all that is wrong with the options
   */
  constructor(schema: Schema, given: unknown, subject: string) {
    this.#schema = schema;
    this.#subject = subject;
    this.given = given;
    this.current = parseOptions(schema, given, '', subject);
  }

  /** Calls `changed` right after each change, for what cannot be read from `current` when it is needed. It must not throw. */
  onChange(changed: (now: z.output<Schema>, before: z.output<Schema>) => void): void {
    this.#onChange.push(changed);
  }

  prepare(given: unknown): () => void {
    const next = parseOptions(this.#schema, given, '', this.#subject);
    return () => {
      const before = this.current;
      this.given = given;
      this.current = next;
      for (const changed of this.#onChange) changed(next, before);
    };
  }
}
