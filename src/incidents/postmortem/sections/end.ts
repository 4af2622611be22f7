import { countText, utcText } from '../clock.ts';
import { blocks, list, table } from '../markdown.ts';
import type { SectionWriter } from '../page.ts';

/** Incidents that looked alike, and what had changed shortly before. */
export const similar: SectionWriter = (page) => {
  const { similar: words, nothing } = page.words;
  const alike = page.incident.situation?.similar ?? [];
  const changes = page.incident.situation?.changes ?? [];
  return blocks(
    alike.length === 0
      ? [nothing]
      : table(
          words.head,
          alike.map(({ incident, summary, resolvedAt, why }) => [
            page.text(incident),
            page.own(summary),
            resolvedAt === null ? '-' : utcText(resolvedAt),
            page.text(why),
          ]),
        ),
    changes.length === 0 ? [] : [words.changes],
    list(
      changes.map(({ at, version, what }) => {
        const said = `${utcText(at)}: ${page.text(what)}`;
        return version === null ? said : said + page.words.parenthesis(page.text(version));
      }),
    ),
  );
};

/** Files in the incident's folder. */
export const files: SectionWriter = (page) => {
  const { files: words, nothing } = page.words;
  if (page.incident.files.length === 0) return [nothing];
  return table(
    words.head,
    page.incident.files.map(({ file, collector, bytes, truncated, error }) => [
      page.text(file),
      page.text(collector),
      countText(bytes),
      error === null ? (truncated ? words.cut : '-') : words.failed(page.text(error)),
    ]),
  );
};
