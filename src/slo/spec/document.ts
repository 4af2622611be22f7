import { Composer, type CST, isDocument, Parser } from 'yaml';
import type { z } from 'zod';
import { locatedProblemsOf } from '../../core/options.ts';
import { type Position, SpecError, type SpecProblem } from './problems.ts';
import { SourceText, specProblem } from './source-text.ts';
import { type Entry, type Place, TreeReader } from './yaml-tree.ts';

/** Where in a document something stands: keys of mappings and places, from 0, in sequences. */
export type SpecPath = readonly PropertyKey[];

/** How deep values may stand in each other; also keeps the parser's recursion from overflowing the stack. */
const MAX_DEPTH = 64;

/** One YAML document as plain data, which knows where in the text each of its values stands. */
export class SpecDocument {
  /** Its value as plain data. */
  readonly value: unknown;
  readonly #source: SourceText;
  readonly #root: Place;

  constructor(source: SourceText, root: Place) {
    this.#source = source;
    this.#root = root;
    this.value = root.value;
  }

  /** Where the value at `path` stands; where it is missing, where the key of the innermost value around it stands. */
  position(path: SpecPath): Position {
    const { entry, isThere } = this.#find(path);
    if (entry === undefined) return this.#source.position(this.#root.offset);
    return this.#source.position(isThere ? entry.place.offset : entry.offset);
  }

  /** Where the key stands in which `path` ends. */
  keyPosition(path: SpecPath): Position {
    const { entry } = this.#find(path);
    return this.#source.position(entry?.offset ?? this.#root.offset);
  }

  /**
   * Where a character of the text at `path` stands. Exact for a text that stands in the file as it is and for a literal
   * block (`|`); for one with escapes or folded lines, where the text starts.
   *
   * @param offset of the character in the text, from 0
   */
  positionWithin(path: SpecPath, offset: number): Position {
    const { entry, isThere } = this.#find(path);
    const value = entry?.place.value;
    if (!isThere || entry === undefined || typeof value !== 'string') return this.position(path);
    return this.#source.position(offsetWithin(this.#source.text, entry.place.offset, value, offset));
  }

  /** A problem with the value at `path`. */
  problem(path: SpecPath, message: string): SpecProblem {
    return specProblem(this.position(path), message, path);
  }

  /** A problem with the key in which `path` ends. */
  keyProblem(path: SpecPath, message: string): SpecProblem {
    return specProblem(this.keyPosition(path), message, path);
  }

  /** A problem with the text at `path`, from its character `offset` on. */
  problemWithin(path: SpecPath, offset: number, message: string): SpecProblem {
    return specProblem(this.positionWithin(path, offset), message, path);
  }

  /** The innermost entry on the way of `path`, and whether it is the one at its end. */
  #find(path: SpecPath): { readonly entry: Entry | undefined; readonly isThere: boolean } {
    let entry: Entry | undefined;
    let place = this.#root;
    for (const part of path) {
      const next = typeof part === 'symbol' ? undefined : place.entries.get(part);
      if (next === undefined) return { entry, isThere: false };
      entry = next;
      place = next.place;
    }
    return { entry, isThere: true };
  }
}

function offsetWithin(text: string, start: number, value: string, offset: number): number {
  const quotes = text[start] === '"' || text[start] === "'" ? 1 : 0;
  if (text.startsWith(value, start + quotes)) return start + quotes + offset;
  if (text[start] !== '|') return start;
  const before = value.slice(0, offset).split('\n');
  let lineStart = start;
  for (const _ of before) lineStart = text.indexOf('\n', lineStart) + 1;
  const line = value.split('\n')[before.length - 1] ?? '';
  const indent = text.slice(lineStart).search(/[^ ]/) - Math.max(0, line.search(/[^ ]/));
  const found = lineStart + indent;
  return text.startsWith(line, found) ? found + (before.at(-1)?.length ?? 0) : start;
}

/**
 * Parses a text of one or more YAML 1.2 documents, strictly: no custom tags, no keys that are not strings or are there
 * twice, no more than 1 000 000 characters. Empty documents are passed over.
 *
 * @returns at least one document
 * @throws {SpecError} with all that is wrong
 */
export function parseDocuments(text: string): readonly [SpecDocument, ...SpecDocument[]] {
  const source = new SourceText(text);
  failOn(source.problems());
  const tokens = [...new Parser().parse(source.text)];
  failOn(tokens.flatMap((token) => tooDeep(token, source)));
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // `TreeReader` finds them in linear time.
    uniqueKeys: false,
    prettyErrors: false,
  });
  const parsed = [...composer.compose(tokens, true, source.text.length)];
  failOn(
    parsed.flatMap(({ errors, warnings, directives }) => [
      ...[...errors, ...warnings].map(({ pos, message }) => source.problemAt(pos[0], message)),
      ...(directives.yaml.version === '1.2'
        ? []
        : [source.problemAt(0, 'must be YAML 1.2, not an older version')]),
    ]),
  );
  const read = parsed.flatMap((document) => {
    const { contents } = document;
    if (!isDocument(document) || contents === null) return [];
    const reader = new TreeReader(source);
    return [{ root: reader.read(contents), problems: reader.problems }];
  });
  failOn(read.flatMap(({ problems }) => problems));
  const documents = read
    .filter(({ root }) => root.value !== null)
    .map(({ root }) => new SpecDocument(source, root));
  const [first, ...others] = documents;
  if (first === undefined) throw new SpecError([source.problemAt(0, 'is empty')]);
  return [first, ...others];
}

/**
 * Checks a document's value against `schema` and gives its output.
 *
 * @throws {SpecError} with all that is wrong, by position
 */
export function checkDocument<Schema extends z.ZodType>(
  schema: Schema,
  document: SpecDocument,
): z.output<Schema> {
  const result = schema.safeParse(document.value);
  if (result.success) return result.data;
  throw new SpecError(
    locatedProblemsOf(result.error, schema).map(({ path, message, ofKey, offset }) => {
      if (ofKey) return document.keyProblem(path, message);
      return offset === undefined
        ? document.problem(path, message)
        : document.problemWithin(path, offset, message);
    }),
  );
}

function failOn(problems: readonly SpecProblem[]): void {
  if (problems.length > 0) throw new SpecError(problems);
}

/** The first value of a document that stands too deep. */
function tooDeep(document: CST.Token, source: SourceText): SpecProblem[] {
  const stack: { readonly token: CST.Token; readonly depth: number }[] = [{ token: document, depth: 0 }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH)
      return [source.problemAt(token.offset, `stands more than ${MAX_DEPTH} levels deep`)];
    for (const inner of innerTokens(token)) stack.push({ token: inner, depth: depth + 1 });
  }
  return [];
}

function innerTokens(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((inner) => inner != null));
}
