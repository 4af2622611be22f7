import { setImmediate as turn } from 'node:timers/promises';
import { redact } from '../redact.ts';
import { REDACTED, tellsSecret } from '../secret-values.ts';
import { MAX_LINE_LENGTH } from './redact-lines.ts';

/** Deeper than this nothing is kept. */
const MAX_DEPTH = 20;
/** The longest name of a value, in characters. */
const MAX_NAME_LENGTH = 200;
/** How much is done before others get their turn, in characters of text; each value counts for some more. */
const WORK_PER_TURN = 20_000;
const WORK_PER_VALUE = 10;
/** Texts that are short enough to come again, and how many of them are remembered. */
const REMEMBERED_LENGTH = 100;
const REMEMBERED = 2_000;

/** What plain data comes to as text. */
export interface JsonText {
  readonly text: string;
  /** Whether it went on, so that the text is no JSON. */
  readonly isCut: boolean;
}

/**
 * Plain data as JSON, each text in it redacted, and what stands under a name that tells of a secret, whatever it is. It
 * goes no farther than `maxBytes`, and gives other work its turn in between.
 */
export async function jsonText(value: unknown, maxBytes: number): Promise<JsonText> {
  const writer = new JsonWriter(maxBytes);
  for (const _ of writer.write(value, 0)) await turn();
  return { text: writer.text, isCut: writer.isFull };
}

class JsonWriter {
  readonly #maxBytes: number;
  readonly #parts: string[] = [];
  readonly #texts = new Map<string, string>();
  readonly #names = new Map<string, { readonly text: string; readonly isSecret: boolean }>();
  #bytes = 0;
  #work = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get text(): string {
    return this.#parts.join('');
  }

  get isFull(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** Writes a value, and gives something each time that others should have their turn. */
  *write(given: unknown, depth: number): Generator<undefined, void> {
    const value = plain(given);
    this.#work += WORK_PER_VALUE;
    if (this.#work >= WORK_PER_TURN) {
      this.#work = 0;
      yield;
    }
    if (typeof value !== 'object' || value === null) this.#add(this.#scalar(value));
    else if (depth >= MAX_DEPTH) this.#add(JSON.stringify(REDACTED));
    else if (Array.isArray(value)) yield* this.#array(value, depth);
    else yield* this.#object(value, depth);
  }

  *#array(items: readonly unknown[], depth: number): Generator<undefined, void> {
    const line = lineOf(depth + 1);
    for (let at = 0; at < items.length && !this.isFull; at += 1) {
      this.#add(at === 0 ? `[${line}` : `,${line}`);
      yield* this.write(items[at], depth + 1);
    }
    this.#add(items.length === 0 ? '[]' : `${lineOf(depth)}]`);
  }

  *#object(given: object, depth: number): Generator<undefined, void> {
    const line = lineOf(depth + 1);
    let isEmpty = true;
    for (const key of Object.keys(given)) {
      if (this.isFull) return;
      const value: unknown = Reflect.get(given, key);
      if (value === undefined || typeof value === 'function' || typeof value === 'symbol') continue;
      const { text, isSecret } = this.#name(key);
      this.#add(`${isEmpty ? '{' : ','}${line}${text}: `);
      isEmpty = false;
      // That there is none, or is one, is no secret.
      if (isSecret && value !== null && typeof value !== 'boolean') this.#add(JSON.stringify(REDACTED));
      else yield* this.write(value, depth + 1);
    }
    this.#add(isEmpty ? '{}' : `${lineOf(depth)}}`);
  }

  #add(part: string): void {
    if (this.isFull) return;
    this.#bytes += Buffer.byteLength(part);
    this.#parts.push(part);
  }

  #scalar(value: unknown): string {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value === 'bigint') return JSON.stringify(String(value));
    return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
      ? String(value)
      : 'null';
  }

  #string(value: string): string {
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    this.#work += Math.min(value.length, MAX_LINE_LENGTH * 4);
    const text = JSON.stringify(redact(value, MAX_LINE_LENGTH));
    if (value.length <= REMEMBERED_LENGTH && this.#texts.size < REMEMBERED) this.#texts.set(value, text);
    return text;
  }

  #name(key: string) {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    this.#work += Math.min(key.length, MAX_NAME_LENGTH * 4);
    const name = { text: JSON.stringify(redact(key, MAX_NAME_LENGTH)), isSecret: tellsSecret(key) };
    if (key.length <= REMEMBERED_LENGTH && this.#names.size < REMEMBERED) this.#names.set(key, name);
    return name;
  }
}

/** What a value is as plain data: a date its text. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const convert: unknown = Reflect.get(value, 'toJSON');
  return typeof convert === 'function' ? Reflect.apply(convert, value, []) : value;
}

function lineOf(depth: number): string {
  return `\n${' '.repeat(depth)}`;
}
