import { anyOf as anyOfInPromql, quoted as quotedInPromql } from '../rules/text.ts';
import type { RuleLabels } from '../spec/model.ts';

/** A label matcher of PromQL. The value is put in quotes as it is: give text from outside to `quoted` first. */
export type Matcher = `${string}${'=' | '=~'}${string}`;

/**
 * Text from outside as a string of PromQL in a dashboard. Dollar signs and brackets are written by their numbers, since
 * Grafana would take them for the beginning of a variable.
 */
export function quoted(text: string): string {
  return withoutVariables(quotedInPromql(text));
}

/** A regular expression of PromQL, in quotes, that matches these texts and no others. */
export function anyOf(texts: readonly string[]): string {
  return withoutVariables(anyOfInPromql(texts));
}

function withoutVariables(string: string): string {
  return string.replaceAll('$', '\\u0024').replaceAll('[', '\\u005b');
}

/** Matchers for labels that have exactly these values. */
export function matchersOf(labels: RuleLabels): readonly Matcher[] {
  return Object.entries(labels).map(([name, value]): Matcher => `${name}=${quoted(value)}`);
}

/** A selector of series. */
export function series(name: string, ...matchers: readonly Matcher[]): string {
  return matchers.length === 0 ? name : `${name}{${matchers.join(', ')}}`;
}
