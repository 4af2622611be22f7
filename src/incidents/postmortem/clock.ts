import { escapeMarkdown } from './markdown.ts';

/** `2026-02-04 10:00:00 UTC`. What is no time stays as it is. */
export function utcText(time: string | number): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return escapeMarkdown(String(time));
  const [day, clock = ''] = at.toISOString().split('T');
  return `${day} ${clock.slice(0, 8)} UTC`;
}

/** Milliseconds between two times of a document; `undefined` where one is not known or they run backwards. */
export function betweenMs(from: string | null, to: string | null): number | undefined {
  if (from === null || to === null) return undefined;
  const ms = Date.parse(to) - Date.parse(from);
  return ms >= 0 ? ms : undefined;
}

/** How a language writes amounts of time. */
export interface TimeUnits {
  readonly units: readonly (readonly [ms: number, text: (amount: number) => string])[];
  readonly ms: (amount: number) => string;
  readonly between: string;
}

/** A duration in words, in its two largest units. Below a second, in milliseconds. */
export function durationWords(ms: number, { units, ms: milliseconds, between }: TimeUnits): string {
  if (ms < 1_000) return milliseconds(Math.round(ms));
  let rest = Math.round(ms / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [unitMs, text] of units) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) parts.push(text(amount));
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(between);
}

/** A count with its thousands apart, `12,345`; the same in every locale of the process. */
export function countText(count: number): string {
  return Number.isInteger(count) ? String(count).replace(/\B(?=(\d{3})+$)/g, ',') : String(count);
}

/** A share as a percentage with at most two decimals. */
export function percentText(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** Milliseconds of a latency, with at most one decimal. */
export function latencyText(ms: number | null): string {
  return ms === null ? '-' : `${countText(Number(ms.toFixed(ms < 100 ? 1 : 0)))} ms`;
}
