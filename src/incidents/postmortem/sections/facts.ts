import { incidentRoles } from '../../incident/changes/people.ts';
import { countText, utcText } from '../clock.ts';
import { blocks, list, table } from '../markdown.ts';
import type { Page, SectionWriter } from '../page.ts';

/** Basic facts, as a table. */
export const facts: SectionWriter = (page) => {
  const { incident, words } = page;
  const { facts: names } = words;
  const optional = (name: string, value: string | null): string[][] =>
    value === null ? [] : [[name, page.text(value)]];
  const held = incidentRoles.flatMap((role) =>
    incident.roles[role].length === 0 ? [] : [`${words.role[role]}: ${page.texts(incident.roles[role])}`],
  );
  return blocks(
    table(names.head, [
      [names.incident, page.text(incident.id)],
      ...(incident.drill ? [[names.drill, names.isDrill]] : []),
      [names.policy, page.text(incident.policy)],
      ...optional(names.service, incident.service),
      [names.instance, page.text(incident.instance)],
      [names.status, words.status[incident.status]],
      [names.trigger, words.trigger[incident.trigger]],
      [names.severity, names.severitySet(words.severity[incident.severity], page.own(incident.why))],
      [names.start, utcText(incident.startedAt)],
      [names.detected, utcText(incident.detectedAt)],
      [names.end, incident.resolvedAt === null ? '-' : utcText(incident.resolvedAt)],
      [names.duration, lasted(page)],
      [
        names.scope,
        incident.affected.scope === null
          ? page.blank('scope', words.ask.scope)
          : page.text(incident.affected.scope),
      ],
      ...optional(names.warRoom, incident.warRoom),
      ...(held.length === 0 ? [] : [[names.roles, words.join(held)]]),
    ]),
    incident.severityHistory.length === 0 ? [] : [`${names.severityHistory}:`],
    list(
      incident.severityHistory.map(({ at, from, to, why, by }) => {
        const set = words.severity[to];
        const text =
          from === null
            ? names.severitySet(set, page.own(why))
            : names.severityMoved(words.severity[from], set, page.own(why));
        return `${utcText(at)}: ${page.signed(text, { by })}`;
      }),
    ),
  );
};

function lasted(page: Page): string {
  const { durationMs, startedAt } = page.incident;
  if (durationMs !== null) return page.duration(durationMs);
  if (page.now === undefined) return '-';
  return page.words.facts.openSince(page.duration(Math.max(0, page.now - Date.parse(startedAt))));
}

/** What the library recorded, and room for people's own words. */
export const summary: SectionWriter = (page) => {
  const { incident, words } = page;
  const said = page.lessons('summary');
  return blocks(
    [words.summary.recorded(page.own(incident.summary), page.own(incident.why))],
    said.length === 0 ? [page.blank('summary', words.ask.summary)] : said,
  );
};

/** What was seen: observations, and what callers got. */
export const symptoms: SectionWriter = (page) => {
  const { incident, words } = page;
  const { observations, impact } = incident;
  return blocks(
    observations.length === 0 ? [page.blank('symptoms', words.ask.symptoms)] : [words.symptoms.observed],
    list(observations.map((seen) => `${utcText(seen.at)}: ${page.signed(page.text(seen.text), seen)}`)),
    impact.errors.length === 0 ? [] : [words.symptoms.errors],
    list(
      impact.errors.map(({ kind, count, sample }) =>
        words.symptoms.error(page.text(kind), countText(count), page.own(sample)),
      ),
    ),
  );
};
