import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { SpecProblem } from './problems.ts';
import type { SourceText } from './source-text.ts';

/** Values that a document may have, what its aliases repeat included. */
const MAX_VALUES = 100_000;

/** A value of a document as plain data, and where it stands. */
export interface Place {
  readonly value: unknown;
  /** Where the value starts. */
  readonly offset: number;
  /** Values in it, itself included. */
  readonly size: number;
  /** Where the key stands and the value to it, of a mapping's; the value, of a sequence's. */
  readonly entries: ReadonlyMap<string | number, Entry>;
}

/** A place inside another. */
export interface Entry {
  readonly offset: number;
  readonly place: Place;
}

const noEntries: Place['entries'] = new Map();

/**
 * Turns YAML nodes into plain values. An alias is replaced by the value that it names, which is made once, however often
 * it is named. `__proto__` is a key like any other.
 */
export class TreeReader {
  readonly problems: SpecProblem[] = [];
  readonly #source: SourceText;
  /** The value of an anchor; `undefined` while it is being read. */
  readonly #anchors = new Map<string, Place | undefined>();
  #tooLarge = false;

  constructor(source: SourceText) {
    this.#source = source;
  }

  read(node: Node): Place {
    return this.#read(node, node.range?.[0] ?? 0, []);
  }

  #read(node: unknown, missingAt: number, path: readonly PropertyKey[]): Place {
    if (isAlias(node)) return this.#alias(node.source, node.range?.[0] ?? missingAt, path);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const place = this.#content(node, missingAt, path);
    if (anchor !== undefined) this.#anchors.set(anchor, place);
    if (place.size > MAX_VALUES && !this.#tooLarge) {
      this.#tooLarge = true;
      this.#report(place.offset, path, `holds more than ${MAX_VALUES} values`);
    }
    return place;
  }

  #content(node: unknown, missingAt: number, path: readonly PropertyKey[]): Place {
    if (isMap(node)) return this.#mapping(node.items, node.range?.[0] ?? missingAt, path);
    if (isSeq(node)) return this.#sequence(node.items, node.range?.[0] ?? missingAt, path);
    // An empty value stands nowhere: its key stands for it.
    if (!isScalar(node) || node.value === null) return scalar(null, scalarOffset(node, missingAt));
    return scalar(node.value, node.range?.[0] ?? missingAt);
  }

  #alias(name: string, offset: number, path: readonly PropertyKey[]): Place {
    const target = this.#anchors.get(name);
    if (target !== undefined) return { ...target, offset };
    const why = this.#anchors.has(name) ? 'is part of what it stands for' : 'stands for nothing before it';
    this.#report(offset, path, `the alias *${name} ${why}`);
    return scalar(null, offset);
  }

  #mapping(pairs: readonly Pair[], offset: number, path: readonly PropertyKey[]): Place {
    const value: Record<string, unknown> = {};
    const entries = new Map<string, Entry>();
    let size = 1;
    for (const pair of pairs) {
      const keyAt = offsetOf(pair.key) ?? offset;
      const key = this.#key(pair.key, keyAt, path);
      const place = this.#read(pair.value, keyAt, [...path, key ?? '?']);
      size += place.size;
      if (key === undefined) continue;
      const before = entries.get(key);
      if (before === undefined) {
        entries.set(key, { offset: keyAt, place });
        Object.defineProperty(value, key, {
          value: place.value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      } else {
        const { line } = this.#source.position(before.offset);
        this.#report(keyAt, [...path, key], `is there twice; the first is in line ${line}`);
      }
    }
    return { value, offset, size, entries };
  }

  #key(node: unknown, offset: number, path: readonly PropertyKey[]): string | undefined {
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    const source = isScalar(node) ? node.source : undefined;
    const advice = source ? `; write it in quotes: '${source}'` : '';
    this.#report(offset, path, `a key must be a string${advice}`);
    return undefined;
  }

  #sequence(items: readonly unknown[], offset: number, path: readonly PropertyKey[]): Place {
    const places = items.map((item, at) => this.#read(item, offset, [...path, at]));
    return {
      value: places.map((place) => place.value),
      offset,
      size: places.reduce((size, place) => size + place.size, 1),
      entries: new Map(places.map((place, at) => [at, { offset: place.offset, place }])),
    };
  }

  #report(offset: number, path: readonly PropertyKey[], message: string): void {
    this.problems.push(this.#source.problemAt(offset, message, path));
  }
}

function scalar(value: unknown, offset: number): Place {
  return { value, offset, size: 1, entries: noEntries };
}

function scalarOffset(node: unknown, missingAt: number): number {
  const isEmpty = !isScalar(node) || node.source === undefined || node.source === '';
  return isEmpty ? missingAt : (node.range?.[0] ?? missingAt);
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
