/** The longest name of an object. */
const MAX_LENGTH = 63;

/** A name as OpenSLO takes it, a label of DNS: lower case letters, digits and `-`, 63 at most. */
export function openSloName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LENGTH)
    .replace(/^-+|-+$/g, '');
  return plain === '' ? 'unnamed' : plain;
}

/** Names as OpenSLO takes them, each another, in the order of those that are given. */
export function openSloNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = openSloName(name);
    let free = plain;
    for (let n = 2; taken.has(free); n++) {
      const end = `-${n}`;
      free = `${plain.slice(0, MAX_LENGTH - end.length).replace(/-+$/, '')}${end}`;
    }
    taken.add(free);
    return free;
  });
}
