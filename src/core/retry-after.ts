import { wallNow } from './clock.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const IMF_FIXDATE = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/i;
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const RFC_850_DATE = /^[a-z]{6,9}, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/i;
/** `Sun Nov  6 08:49:37 1994` */
const ASCTIME_DATE = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;

/**
 * What a Retry-After header asks for (RFC 9110, section 10.2.3), in milliseconds from now: a whole number of seconds,
 * or a date in one of HTTP's three formats, where a past one is 0. `undefined` for what cannot be read.
 */
export function retryAfterMs(header: string | null | undefined): number | undefined {
  if (header === null || header === undefined) return undefined;
  const value = header.trim();
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1_000, Number.MAX_SAFE_INTEGER);
  const date = httpDate(value);
  return date === undefined ? undefined : Math.max(0, date - wallNow());
}

/** An HTTP-date (RFC 9110, section 5.6.7) as milliseconds since the epoch. */
function httpDate(value: string): number | undefined {
  const fixed = IMF_FIXDATE.exec(value);
  if (fixed !== null) {
    const [, day, month, year, ...time] = fixed;
    return utc(Number(year), month, day, time);
  }
  const obsolete = RFC_850_DATE.exec(value);
  if (obsolete !== null) {
    const [, day, month, year, ...time] = obsolete;
    return utc(nearYear(Number(year)), month, day, time);
  }
  const asctime = ASCTIME_DATE.exec(value);
  if (asctime === null) return undefined;
  const [, month, day, hours, minutes, seconds, year] = asctime;
  return utc(Number(year), month, day, [hours, minutes, seconds]);
}

function utc(
  year: number,
  monthName: string | undefined,
  dayText: string | undefined,
  time: readonly (string | undefined)[],
): number | undefined {
  const month = MONTHS.indexOf(String(monthName).toLowerCase());
  const day = Number(dayText);
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
  // A leap second is allowed.
  if (month === -1 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hours, minutes, seconds);
}

/** The year of these two digits that is nearest; one more than 50 years ahead is the last that ends so. */
function nearYear(twoDigits: number): number {
  const thisYear = new Date(wallNow()).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  if (year > thisYear + 50) return year - 100;
  return year <= thisYear - 50 ? year + 100 : year;
}
