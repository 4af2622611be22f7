import { en } from '../en.ts';
import { ja } from '../ja.ts';
import { type PostmortemLanguage, postmortemLanguages } from '../language.ts';
import { type SectionName, sectionNames } from '../words.ts';

/** A line of a post-mortem, as far as it is judged. */
export interface SourceLine {
  /** From 1. */
  readonly number: number;
  /** As it stands in the file; empty in code blocks and in the last comment. */
  readonly text: string;
  /** The same length, with spaces where there are comments, code and addresses; empty in quotes and headings. */
  readonly prose: string;
  readonly section: SectionName | undefined;
}

/** A post-mortem as the rules read it. */
export interface Source {
  readonly language: PostmortemLanguage;
  readonly lines: readonly SourceLine[];
  /** The sections that it has, and where their headings stand. */
  readonly sections: ReadonlyMap<SectionName, number>;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const CODE = /(?<![\\`])(`+)(?!`)(?:.*?[^`])?\1(?!`)/g;
const ADDRESS = /\]\([^)]{0,500}\)|https?:\S+/g;

const headings: Readonly<Record<PostmortemLanguage, readonly (readonly [SectionName, string])[]>> = {
  en: sectionNames.map((name) => [name, plain(en.headings[name])]),
  ja: sectionNames.map((name) => [name, plain(ja.headings[name])]),
};

/** Reads a post-mortem for the rules. */
export function readSource(markdown: string): Source {
  const raw = markdown.split(/\r\n|\r|\n/);
  const language = languageOf(raw);
  const sections = new Map<SectionName, number>();
  const lines: SourceLine[] = [];
  let fence: string | undefined;
  let inComment = false;
  let section: SectionName | undefined;
  raw.forEach((text, index) => {
    const number = index + 1;
    const skipped: SourceLine = { number, text: '', prose: '', section };
    if (fence !== undefined) {
      const closing = FENCE.exec(text)?.[1];
      if (closing?.startsWith(fence) && text.trim() === closing) fence = undefined;
      lines.push(skipped);
      return;
    }
    const masked = maskComments(text, inComment);
    const wasInComment = inComment;
    inComment = masked.open;
    if (wasInComment) {
      lines.push({ ...skipped, prose: masked.text });
      return;
    }
    fence = FENCE.exec(text)?.[1];
    const heading = HEADING.exec(text);
    if (heading !== null) {
      const named = sectionOf(heading[2] ?? '', language);
      if (named !== undefined && !sections.has(named)) sections.set(named, number);
      if (named !== undefined || (heading[1] ?? '').length <= 2) section = named;
    }
    const quiet = fence !== undefined || heading !== null || /^ {0,3}>/.test(text);
    lines.push({
      number,
      text: fence === undefined ? text : '',
      prose: quiet ? '' : mask(masked.text),
      section,
    });
  });
  return { language, lines, sections };
}

function mask(text: string): string {
  const spaces = (found: string): string => ' '.repeat(found.length);
  return text.replace(CODE, spaces).replace(ADDRESS, spaces);
}

/** The line without its comments, and whether the last of them goes on. */
function maskComments(text: string, open: boolean): { readonly text: string; readonly open: boolean } {
  let masked = '';
  let rest = text;
  let inside = open;
  while (rest !== '') {
    const at = rest.indexOf(inside ? '-->' : '<!--');
    const end = at < 0 ? rest.length : at + (inside ? 3 : 0);
    masked += inside ? ' '.repeat(end) : rest.slice(0, end);
    rest = rest.slice(end);
    if (at < 0) break;
    inside = !inside;
  }
  return { text: masked, open: inside };
}

/** The language that more of its headings are in. */
function languageOf(lines: readonly string[]): PostmortemLanguage {
  const titles = lines.flatMap((line) => HEADING.exec(line)?.[2] ?? []);
  const count = (language: PostmortemLanguage): number =>
    titles.filter((title) => sectionOf(title, language) !== undefined).length;
  const [first, ...others] = postmortemLanguages;
  return others.reduce<PostmortemLanguage>((best, next) => (count(next) > count(best) ? next : best), first);
}

/** The section that a heading names; a number before it or a note after it does no harm. */
function sectionOf(heading: string, language: PostmortemLanguage): SectionName | undefined {
  const title = plain(heading);
  const known = headings[language];
  const found = known.find(([, own]) => title === own) ?? known.find(([, own]) => title.startsWith(own));
  return found?.[0];
}

function plain(title: string): string {
  return title
    .normalize('NFKC')
    .replace(/^\s*[\d.)]*\d[.)]\s*/, '')
    .replace(/[*_`\s]/g, '')
    .toLowerCase();
}
