import { utcText } from '../clock.ts';
import { badFacts, goodFacts } from '../fact.ts';
import { blocks, list } from '../markdown.ts';
import type { SectionWriter } from '../page.ts';
import type { LessonSection } from '../words.ts';

function lesson(section: LessonSection, facts: SectionWriter = () => []): SectionWriter {
  return (page) => {
    const said = page.lessons(section);
    const offered = facts(page);
    return blocks(
      said.length === 0 ? [page.blank(section, page.words.ask[section])] : list(said),
      offered.length === 0 ? [] : [page.words.offered],
      list(offered),
    );
  };
}

export const contributing = lesson('contributing');
export const wentWell = lesson('went-well', goodFacts);
export const wentBadly = lesson('went-badly', badFacts);
export const lucky = lesson('lucky');
export const secondStage = lesson('second-stage');
export const thanks = lesson('thanks');

/** What was looked at and is not the cause. */
export const deadEnds: SectionWriter = (page) => {
  const found = page.incident.notes.filter(({ deadEnd }) => deadEnd);
  if (found.length === 0) return [page.words.nothing];
  return list(found.map((note) => `${utcText(note.at)}: ${page.signed(page.text(note.text), note)}`));
};
