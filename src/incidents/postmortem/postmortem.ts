import type { IncidentJson } from '../incident/document.ts';
import { isOpen } from '../incident/status.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';
import type { PostmortemLanguage } from './language.ts';
import { blocks } from './markdown.ts';
import { withBase } from './merge/base.ts';
import { Page } from './page.ts';
import { sections } from './sections.ts';
import { sectionNames, type Words } from './words.ts';

/** How a post-mortem is written. */
export interface PostmortemOptions {
  /** Its language. The library's own sentences on an incident are translated where the incident has their parts. */
  readonly language: PostmortemLanguage;
  /**
   * When it is written, in milliseconds since the epoch: says how long an open incident has lasted. Default: nothing
   * depends on when it is written, so that the same incident gives the same text.
   */
  readonly now?: number | undefined;
}

const words: Readonly<Record<PostmortemLanguage, Words>> = { en, ja };

/**
 * The draft of a post-mortem, in Markdown: what the incident knows as facts, and marked blanks where people must think.
 * It never invents a cause: only a hypothesis that people confirmed becomes one. Texts from outside are escaped, so
 * that any renderer of CommonMark or GitHub Flavored Markdown shows them as they were. It ends in a comment by which
 * `mergePostmortem` tells what people wrote from what was generated.
 */
export function postmortem(incident: IncidentJson, { language, now }: PostmortemOptions): string {
  const page = new Page(incident, words[language], now);
  const { words: said } = page;
  const title = said.title(page.text(incident.id), page.own(incident.summary));
  const lines = blocks(
    [`# ${incident.drill ? `[${said.drillTitle}] ` : ''}${title}`],
    incident.drill ? [`**${said.drillNote}**`] : [],
    isOpen(incident.status) ? [`**${said.openNote}**`] : [],
    [said.howTo],
    ...sectionNames.flatMap((name) => [[`## ${said.headings[name]}`], sections[name](page)]),
  );
  return withBase(lines);
}
