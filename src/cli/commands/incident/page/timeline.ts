import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import { clockText, quoted } from '../print.ts';
import { commandStart, type Page, type PageOptions, type Span } from './layout.ts';

/** The latest `most` entries of the timeline, with the day where it changes. */
export function addTimeline(
  page: Page,
  { id, timeline }: IncidentJson,
  most: number,
  options: PageOptions,
): void {
  const shown = timeline.slice(Math.max(0, timeline.length - most));
  page.heading(
    `Timeline (UTC)${shown.length < timeline.length ? `, the latest ${shown.length} of ${timeline.length}` : ''}`,
  );
  if (shown.length < timeline.length)
    page.command(`${commandStart(options)} show ${quoted(id)} --timeline all${options.suffix}`);
  let day = '';
  let rows: [Span, Span][] = [];
  const flush = (): void => {
    page.fields(rows);
    rows = [];
  };
  for (const { at, text } of shown) {
    if (at.slice(0, 10) !== day) {
      flush();
      day = at.slice(0, 10);
      page.item(day, 'dim');
    }
    rows.push([{ text: clockText(at), style: 'dim' }, { text }]);
  }
  flush();
}

/** What collectors wrote, and where. A file that was written again is one: what it says now counts. */
export function addFiles(page: Page, { files }: IncidentJson, folder: string): void {
  if (files.length === 0) return;
  page.heading(`Files in ${folder}`);
  const latest = new Map(files.map((entry) => [entry.file ?? `/${entry.collector}`, entry]));
  for (const { file, collector, bytes, truncated, error } of latest.values()) {
    if (file === null) page.item(`${collector} wrote nothing: ${error ?? 'unknown'}`, 'yellow');
    else page.item(`${file}  ${bytes} bytes${truncated ? ', cut' : ''}${error === null ? '' : `, ${error}`}`);
  }
}

/** Who was told by which way, and what failed. */
export function addTold(page: Page, { notifications, escalations, contacted }: IncidentJson): void {
  const sent = notifications.flatMap(({ kind, sinks }) =>
    sinks.map(({ sink, result, tries, detail }) => ({ kind, sink, result, tries, detail })),
  );
  if (sent.length + escalations.length + contacted.length === 0) return;
  page.heading('Told');
  const ways = new Map<string, { delivered: number; waiting: number; lost: string[] }>();
  for (const { sink, result, detail } of sent) {
    const way = ways.get(sink) ?? { delivered: 0, waiting: 0, lost: [] };
    ways.set(sink, way);
    if (result === null) way.waiting += 1;
    else if (result === 'delivered') way.delivered += 1;
    else way.lost.push(`${result}${detail === null ? '' : `: ${detail}`}`);
  }
  for (const [sink, { delivered, waiting, lost }] of ways) {
    const parts = [
      delivered > 0 ? `${delivered} delivered` : undefined,
      waiting > 0 ? `${waiting} under way` : undefined,
      lost.length > 0 ? `${lost.length} lost, the last ${lost.at(-1)}` : undefined,
    ].filter((part) => part !== undefined);
    page.item(`${sink}: ${parts.join(', ')}`, lost.length > 0 ? 'yellow' : undefined);
  }
  for (const { contact, level, via } of escalations) {
    page.item(`${contact}, level ${level}${via.length === 0 ? '' : `, by ${via.join(', ')}`}`);
  }
  for (const { contact, reached, text } of contacted) {
    page.item(
      `${contact} ${reached ? 'was told' : 'was not reached'}${text === null ? '' : `: ${text}`}`,
      reached ? undefined : 'yellow',
    );
  }
}
