/** How many keys are kept made. */
const MAX_KEYS = 1_000;

/**
 * The keys of one wrap, told apart from all others by what stands before them. Keys that come again, as those of a cache
 * do, are not joined and hashed anew each time.
 */
export class KeySpace {
  readonly #namespace: string;
  readonly #made = new Map<string, string>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** The key under which the wrap's `key` is stored. */
  keyOf(key: string): string {
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    if (this.#made.size >= MAX_KEYS) this.#made.clear();
    const joined = this.#namespace + key;
    this.#made.set(key, joined);
    return joined;
  }
}

let unnamedWraps = 0;

/** What stands before the keys of a wrap; of one without a name, what no other process or wrap has. */
export function namespaceOf(policy: string, wrap: string | undefined): string {
  unnamedWraps += 1;
  // No key that `execute` is given by accident begins with a control character.
  return wrap === undefined ? `\u0000${unnamedWraps}\u0000` : `${keyPart(policy)}:${keyPart(wrap)}:`;
}

/** A name as a part of a key, without the colon that ends it. */
function keyPart(name: string): string {
  return name.replaceAll('%', '%25').replaceAll(':', '%3A');
}
