import { wallNow } from '../../core/clock.ts';

/**
 * What a Retry-After header asks for, in milliseconds from now: a number of seconds, or a date, where a past one is
 * 0 (RFC 9110, section 10.2.3). `undefined` where there is none that can be read.
 */
export function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const value = header.trim();
  if (/^\d{1,15}$/.test(value)) return Number(value) * 1_000;
  // A date has a name of a day or a month in it; anything else that Date.parse takes is not one.
  if (!/^[a-z]{3,9},? /i.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallNow());
}
