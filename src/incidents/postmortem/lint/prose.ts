import type { SectionName } from '../words.ts';
import type { LintFinding } from './finding.ts';
import type { LintMessages } from './messages.ts';
import { findPhrase } from './phrase.ts';
import { englishPhrases } from './phrases-en.ts';
import { japanesePhrases } from './phrases-ja.ts';
import type { Source, SourceLine } from './source.ts';

/** Sections that report what was seen, said and done: nothing in them is offered as a cause or as prevention. */
const reported: ReadonlySet<SectionName> = new Set<SectionName>([
  'facts',
  'symptoms',
  'impact',
  'timeline',
  'times',
  'dead-ends',
  'decisions',
  'data',
  'thanks',
  'similar',
  'files',
]);

const phrases = [...englishPhrases, ...japanesePhrases];
const STARTS_ANEW = /^\s*(?:[-*+]\s|\d+[.)]\s|\||$)/;
const QUOTED = /"[^"]*"|“[^”]*”|「[^「」]*」|『[^『』]*』/g;

/** Lines that belong together: a paragraph, an item of a list, a row of a table. */
interface Passage {
  readonly text: string;
  readonly lines: readonly SourceLine[];
}

/** Where people are asked to try harder, or are the cause. */
export function proseFindings({ lines }: Source, messages: LintMessages): LintFinding[] {
  const judged = lines.filter(({ section }) => section === undefined || !reported.has(section));
  return passages(judged).flatMap((passage) =>
    sentences(passage.text).flatMap(({ text, index }) => {
      const said = withoutQuotes(text);
      return phrases.flatMap((phrase) => {
        const found = findPhrase(said, phrase);
        if (found === undefined) return [];
        const message = {
          'relies-on-people': messages.relies,
          'blames-person': messages.blames,
          hindsight: messages.hindsight,
        }[phrase.rule](found.text.replace(/\s+/g, ' '));
        return [{ ...placeOf(passage, index + found.index), rule: phrase.rule, message }];
      });
    }),
  );
}

/** Where the lines are taken together, and where one begins. */
export function passages(lines: readonly SourceLine[]): readonly Passage[] {
  const found: SourceLine[][] = [];
  let last: SourceLine | undefined;
  for (const line of lines) {
    const follows = last !== undefined && last.number === line.number - 1 && last.prose.trim() !== '';
    if (follows && !STARTS_ANEW.test(line.prose)) found.at(-1)?.push(line);
    else found.push([line]);
    last = line;
  }
  return found.map((group) => ({ text: group.map(({ prose }) => prose).join('\n'), lines: group }));
}

/** Where a character of a passage stands in the file. */
export function placeOf(
  { text, lines }: Passage,
  index: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, index).split('\n');
  return { line: lines[before.length - 1]?.number ?? 1, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Sentences, cells and fields, each with where it begins. Line breaks are spaces in them. */
function sentences(text: string): readonly { readonly text: string; readonly index: number }[] {
  const found: { readonly text: string; readonly index: number }[] = [];
  for (const { 0: part, index } of text.matchAll(/(?:[^.!?。！？;；|·]|[.!?](?!\s|$))+/g)) {
    if (!/\p{L}/u.test(part)) continue;
    const lead =
      part.length - part.replace(/^\s*(?:(?:[-*+]|\d+[.)])\s+)?(?:\[[ xX]\]\s+)?[\s*_~]*/, '').length;
    found.push({ text: part.slice(lead).replaceAll('\n', ' '), index: index + lead });
  }
  return found;
}

/** With spaces where somebody is quoted; a sentence that is nothing but a quote stays. */
function withoutQuotes(sentence: string): string {
  const said = sentence.replace(QUOTED, (quote) => ' '.repeat(quote.length));
  return (said.match(/[\p{L}\p{N}]/gu) ?? []).length < 4 ? sentence : said;
}
