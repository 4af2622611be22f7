import type { ContactSettings, Weekday } from './options.ts';

const DAY_BEFORE: Readonly<Record<Weekday, Weekday>> = {
  Mon: 'Sun',
  Tue: 'Mon',
  Wed: 'Tue',
  Thu: 'Wed',
  Fri: 'Thu',
  Sat: 'Fri',
  Sun: 'Sat',
};

/** Whether a contact can be reached at a wall-clock time, by the calendar of their own time zone. */
export function isOnDuty({ hours }: Pick<ContactSettings, 'hours'>, at: number): boolean {
  if (hours === undefined) return true;
  const { day, minutes } = localTime(at, hours.timeZone);
  const [from, to] = [minutesOf(hours.from), minutesOf(hours.to)];
  const on = (weekday: Weekday): boolean => hours.days?.includes(weekday) ?? true;
  if (from < to) return on(day) && minutes >= from && minutes < to;
  // Over midnight: the hours belong to the day on which they begin.
  return (on(day) && minutes >= from) || (on(DAY_BEFORE[day]) && minutes < to);
}

function localTime(at: number, timeZone: string): { readonly day: Weekday; readonly minutes: number } {
  const parts = new Map(
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const day = parts.get('weekday');
  return {
    day: isWeekday(day) ? day : 'Mon',
    minutes: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}

function isWeekday(day: string | undefined): day is Weekday {
  return day !== undefined && day in DAY_BEFORE;
}

function minutesOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
