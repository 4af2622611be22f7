import { type Logger, pino } from 'pino';

/** Fields that a line begins with already, or that are of no use in a terminal. */
const untold: ReadonlySet<string> = new Set(
  'level time pid hostname name msg dedupKey notification kind status'.split(' '),
);

/**
 * A logger of one readable line each, for a person at a terminal. A service would let pino write its JSON.
 *
 * @param write takes a line, without its end
 */
export function readableLogger(write: (line: string) => void): Logger {
  return pino({}, { write: (json) => write(readable(json)) });
}

function readable(json: string): string {
  const fields: Readonly<Record<string, unknown>> = JSON.parse(json);
  const time = new Date(Number(fields.time)).toISOString().slice(11, 19);
  const level = (pino.levels.labels[Number(fields.level)] ?? '').toUpperCase();
  const others = Object.entries(fields).filter(([name]) => !untold.has(name));
  const details = others.map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [`  ${time} ${level.padEnd(5)} ${fields.msg}`, ...details].join('  ');
}
