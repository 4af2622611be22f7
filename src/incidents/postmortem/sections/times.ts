import { betweenMs, utcText } from '../clock.ts';
import { blocks, list, table } from '../markdown.ts';
import type { Page, SectionWriter } from '../page.ts';
import type { Words } from '../words.ts';

type Point = keyof Words['times']['point'];

/** How long it took to see it, to work on it, to serve callers again and to repair it; with what that means. */
export const times: SectionWriter = (page) => {
  const { times: names } = page.words;
  return blocks(
    table(names.head, [
      measure(page, names.mttd, 'start', 'declared'),
      measure(page, names.mtta, 'declared', 'acknowledged'),
      measure(page, names.mttm, 'start', 'mitigated'),
      measure(page, names.mttr, 'start', 'resolved'),
    ]),
    list(names.definitions),
  );
};

function measure(page: Page, name: string, from: Point, to: Point): string[] {
  const { point } = page.words.times;
  return [name, point[from], point[to], lasted(page, from, to)];
}

function lasted(page: Page, from: Point, to: Point): string {
  const { times: names } = page.words;
  const [start, end] = [timeOf(page, from), timeOf(page, to)];
  if (start === null) return names.missing(names.point[from]);
  if (end === null) return names.missing(names.point[to]);
  const ms = betweenMs(start, end);
  return ms === undefined
    ? names.backwards
    : page.duration(ms) + page.words.parenthesis(`${utcText(start)} - ${utcText(end)}`);
}

function timeOf({ incident }: Page, point: Point): string | null {
  switch (point) {
    case 'start':
      return incident.startedAt;
    case 'declared':
      return incident.declaredAt;
    case 'acknowledged':
      return incident.acknowledgedAt;
    case 'mitigated':
      return incident.mitigatedAt;
    case 'resolved':
      return incident.resolvedAt;
  }
}
