/** A name as sloth takes it: letters, digits, `.`, `_` and `-`, two at least, the first and the last no sign. */
export function slothName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[._-]+|[._-]+$/g, '');
  return plain.length >= 2 ? plain : `slo-${plain === '' ? 'unnamed' : plain}`;
}

/** Names as sloth takes them, each another, in the order of those that are given. */
export function slothNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = slothName(name);
    let free = plain;
    for (let n = 2; taken.has(free); n++) free = `${plain}-${n}`;
    taken.add(free);
    return free;
  });
}

/** Whether `written` may be what `slothNames` made of `name`. */
export function isSlothNameOf(written: string, name: string): boolean {
  const plain = slothName(name);
  return (
    written === plain || (written.startsWith(`${plain}-`) && /^[0-9]+$/.test(written.slice(plain.length + 1)))
  );
}
