import type { LintRule } from './finding.ts';

/** Characters of a sentence that are looked at on either side of a phrase. */
const REACH = 400;

/** Words that are no prevention, and where they are all right. */
export interface Phrase {
  readonly rule: Extract<LintRule, 'relies-on-people' | 'blames-person' | 'hindsight'>;
  /** Global. */
  readonly pattern: RegExp;
  /** What the sentence must not say anywhere. */
  readonly unless?: RegExp;
  /** What must not stand before it in the sentence: none of these. */
  readonly unlessBefore?: readonly RegExp[];
  /** What must not stand after it in the sentence: none of these. */
  readonly unlessAfter?: readonly RegExp[];
}

/** The first place of the sentence at which the phrase is no prevention. */
export function findPhrase(
  sentence: string,
  { pattern, unless, unlessBefore = [], unlessAfter = [] }: Phrase,
): { readonly index: number; readonly text: string } | undefined {
  if (unless?.test(sentence)) return undefined;
  for (const match of sentence.matchAll(pattern)) {
    const end = match.index + match[0].length;
    const before = sentence.slice(Math.max(0, match.index - REACH), match.index);
    const after = sentence.slice(end, end + REACH);
    if (unlessBefore.some((words) => words.test(before))) continue;
    if (unlessAfter.some((words) => words.test(after))) continue;
    return { index: match.index, text: match[0].trim() };
  }
  return undefined;
}
