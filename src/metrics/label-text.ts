import type { Labels } from './family.ts';

/** The labels of an owner or a series are the same object at every scrape, and go with the policy they belong to. */
const known = new WeakMap<Labels, string>();

/** `labels` as the text format has them, without the braces: `policy="database",outcome="success"`. */
export function labelText(labels: Labels): string {
  const before = known.get(labels);
  if (before !== undefined) return before;
  const text = labelListText(labels);
  known.set(labels, text);
  return text;
}

/** The same, of labels that are not met again. */
export function labelListText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(',');
}

/** A label's value with what the text format escapes in it: backslash, line feed and double quote. */
function escaped(value: string): string {
  return value.replace(/[\\\n"]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
