import { decimal, nearest } from '../rational.ts';
import type { RuleLabels } from '../spec/model.ts';

/*
 * Text and numbers for where they go in a rule file: PromQL, Go's templates, and annotations for people. YAML quotes
 * by itself.
 */

/** Text that can be written as UTF-8: half of a surrogate pair alone is replaced, as it is on `/metrics`. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Characters that cannot be seen, that PromQL or YAML does not take as they are, or that stand for a wrong one. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}\ufffd]/gu;

/** Whether text has characters that are better written by their numbers. */
export function hasUnseen(text: string): boolean {
  return text.search(UNSEEN) !== -1;
}

/** Writes such characters by their numbers, as strings in double quotes have them in PromQL, Go and YAML. */
export function escapeUnseen(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Text as a string of PromQL. What JSON escapes and how, Go and so PromQL reads alike. */
export function quoted(text: string): string {
  return escapeUnseen(JSON.stringify(wellFormed(text)));
}

/** A regular expression of PromQL, in quotes, that matches these texts and no others. */
export function anyOf(texts: readonly string[]): string {
  return quoted(texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'));
}

/** A selector of series, or with braces only, a metric's labels. */
export function series(name: string, labels: RuleLabels, ...matchers: readonly string[]): string {
  const all = [...Object.entries(labels).map(([label, value]) => `${label}=${quoted(value)}`), ...matchers];
  return all.length === 0 ? name : `${name}{${all.join(', ')}}`;
}

/** Text that goes into a template of Go as it is: what would begin an action there is printed by one. */
export function literal(text: string): string {
  return wellFormed(text).replace(/\{{2,}|\{+$/g, (braces) => `{{"${braces}"}}`);
}

/** A share in percent, exact: `99.9%`. */
export function percentText(share: number): string {
  const { part, whole } = decimal(share);
  return `${nearest(part * 100n, whole)}%`;
}

const UNITS: readonly (readonly [ms: number, symbol: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/**
 * A duration as Prometheus writes it, in the largest unit that divides it: `30d`, `730h`. Windows have these names in
 * what is recorded, as in `slo:sli_error:ratio_rate30d`. Fractions of a millisecond are rounded.
 */
export function durationText(ms: number): string {
  const whole = Math.max(1, Math.round(ms));
  const [unitMs, symbol] = UNITS.find(([unit]) => whole % unit === 0) ?? [1, 'ms'];
  return `${whole / unitMs}${symbol}`;
}

/** Each line of `text` further to the right. */
export function indented(text: string, by = '  '): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n');
}
