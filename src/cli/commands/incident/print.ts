import { randomBytes } from 'node:crypto';
import { durationText } from '../../../incidents/duration-text.ts';
import type { IncidentJson } from '../../../incidents/incident/document.ts';

/** A value for programs. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** A time in UTC as `10:00:12`, for where the day is said already. */
export function clockText(iso: string): string {
  return iso.slice(11, 19);
}

/** A time in UTC as `2026-02-04 10:00:12`. */
export function timeText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

/** How long before `now` something was, such as `12 min ago`; never negative. */
export function agoText(iso: string, now: number): string {
  return `${durationText(Math.max(0, now - Date.parse(iso)))} ago`;
}

/** `text` as a shell takes it for one word. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** An id for a part of the incident that no other part of it has. */
export function newPartId(incident: IncidentJson, letter: string): string {
  const known = JSON.stringify(incident);
  for (;;) {
    const id = `${letter}-${randomBytes(3).toString('hex')}`;
    if (!known.includes(id)) return id;
  }
}
