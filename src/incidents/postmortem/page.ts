import type { Authored, IncidentJson, LearnedTopic } from '../incident/document.ts';
import { durationWords } from './clock.ts';
import { blankMark, escapeMarkdown } from './markdown.ts';
import type { Words } from './words.ts';

/** What a section is written from: the incident, a language's words, and both put together. */
export class Page {
  readonly incident: IncidentJson;
  readonly words: Words;
  /** In milliseconds since the epoch; `undefined` where nothing may depend on when it is written. */
  readonly now: number | undefined;

  constructor(incident: IncidentJson, words: Words, now: number | undefined) {
    this.incident = incident;
    this.words = words;
    this.now = now;
  }

  /** Text from outside as Markdown; a dash where there is none. */
  text(text: string | null): string {
    const escaped = escapeMarkdown(text ?? '');
    return escaped === '' ? '-' : escaped;
  }

  /** Text that the library may have worded itself: in the page's language where it is known. */
  own(text: string): string {
    return this.text(this.words.own(text));
  }

  /** Who did it; the library where nobody is named. */
  who(by: string | null): string {
    return by === null ? this.words.library : this.text(by);
  }

  /** What a person said or did, with who it was where that is known. */
  signed(text: string, { by }: Pick<Authored, 'by'>): string {
    return by === null ? text : this.words.byPerson(text, this.text(by));
  }

  texts(texts: readonly string[]): string {
    return texts.length === 0 ? '-' : this.words.join(texts.map((text) => this.text(text)));
  }

  duration(ms: number): string {
    return durationWords(ms, this.words.time);
  }

  blank(id: string, ask: string): string {
    return blankMark(id, this.words.blank(ask));
  }

  lessons(topic: LearnedTopic): readonly string[] {
    return this.incident.learned
      .filter((lesson) => lesson.topic === topic)
      .map((lesson) => {
        const text = this.signed(this.text(lesson.text), lesson);
        return lesson.evidence === null ? text : text + this.words.parenthesis(this.text(lesson.evidence));
      });
  }
}

/** Writes the body of a section: lines of Markdown. */
export type SectionWriter = (page: Page) => readonly string[];
