import { countText, utcText } from '../clock.ts';
import { blocks, list, table } from '../markdown.ts';
import type { SectionWriter } from '../page.ts';
import { timelineRows } from '../timeline-rows.ts';

/** The timeline as a table: what happened left, what people did right. */
export const timeline: SectionWriter = (page) => {
  const { timeline: words } = page.words;
  return blocks(
    table(
      words.head,
      timelineRows(page).map(({ at, side, text }) =>
        side === 'event' ? [utcText(at), text, ''] : [utcText(at), '', text],
      ),
    ),
    list(
      Object.entries(page.incident.leftOut).map(([name, count]) =>
        words.leftOut(countText(count), page.text(name)),
      ),
    ),
  );
};
