import type { LintRule } from './finding.ts';

/** Words that are no prevention, and where they are all right. */
export interface Phrase {
  readonly rule: Extract<LintRule, 'relies-on-people' | 'blames-person' | 'hindsight'>;
  /** Global. */
  readonly pattern: RegExp;
  /** What the sentence must not say anywhere. */
  readonly unless?: RegExp;
  /** What must not stand before it in the sentence. */
  readonly unlessBefore?: RegExp;
  /** What must not stand after it in the sentence. */
  readonly unlessAfter?: RegExp;
}

/** The first place of the sentence at which the phrase is no prevention. */
export function findPhrase(
  sentence: string,
  { pattern, unless, unlessBefore, unlessAfter }: Phrase,
): { readonly index: number; readonly text: string } | undefined {
  if (unless?.test(sentence)) return undefined;
  for (const match of sentence.matchAll(pattern)) {
    if (unlessBefore?.test(sentence.slice(0, match.index))) continue;
    if (unlessAfter?.test(sentence.slice(match.index + match[0].length))) continue;
    return { index: match.index, text: match[0].trim() };
  }
  return undefined;
}
