import type { RuleLabels } from '../spec/model.ts';

/** A label matcher of PromQL. The value is put in quotes as it is: give text from outside to `quoted` first. */
export type Matcher = `${string}${'=' | '=~'}${string}`;

/**
 * Text from outside as a string of PromQL in a dashboard. A dollar sign is written by its number, since Grafana would
 * take it for the beginning of a variable, and so is a bracket.
 */
export function quoted(text: string): string {
  const escaped = text.replace(/["\\\n$[]/g, (sign) => ESCAPES[sign] ?? sign);
  return `"${escaped}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  $: '\\u0024',
  '[': '\\u005b',
};

/** A regular expression of PromQL, in quotes, that matches these texts and no others. */
export function anyOf(texts: readonly string[]): string {
  return quoted(texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'));
}

/** Matchers for labels that have exactly these values. */
export function matchersOf(labels: RuleLabels): readonly Matcher[] {
  return Object.entries(labels).map(([name, value]): Matcher => `${name}=${quoted(value)}`);
}

/** A selector of series. */
export function series(name: string, ...matchers: readonly Matcher[]): string {
  return matchers.length === 0 ? name : `${name}{${matchers.join(', ')}}`;
}
