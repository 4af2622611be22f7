import { wallNow } from '../../core/clock.ts';
import { summarizeError } from '../redact.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** What is kept of one field, in characters. */
const MAX_FIELD_LENGTH = 500;
const MAX_FIELDS = 20;

/** A logger like `logger` that tells `note` a line for each message as well, whatever `note` throws. */
export function tapped<Logger extends object>(logger: Logger, note: (line: string) => void): Logger {
  const tap: Logger = Object.create(logger);
  for (const level of levels) {
    const original: unknown = Reflect.get(logger, level);
    if (typeof original !== 'function') continue;
    Object.defineProperty(tap, level, {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: readonly unknown[]): unknown {
        try {
          if (isEnabled(logger, level)) note(lineOf(level, args));
        } catch {
          // What cannot be read is not kept; it is still logged.
        }
        // Private fields are the logger's own, not those of what inherits from it.
        return Reflect.apply(original, this === tap ? logger : this, args);
      },
    });
  }
  const child: unknown = Reflect.get(logger, 'child');
  if (typeof child === 'function') {
    Object.defineProperty(tap, 'child', {
      configurable: true,
      writable: true,
      value: (...args: readonly unknown[]): unknown => {
        const made: unknown = Reflect.apply(child, logger, args);
        return typeof made === 'object' && made !== null ? tapped(made, note) : made;
      },
    });
  }
  return tap;
}

function isEnabled(logger: object, level: string): boolean {
  const asked: unknown = Reflect.get(logger, 'isLevelEnabled');
  return typeof asked !== 'function' || Reflect.apply(asked, logger, [level]) !== false;
}

/** `2026-02-04T10:00:00.000Z ERROR the message field="value"`. */
function lineOf(level: string, args: readonly unknown[]): string {
  const [first, ...rest] = args;
  const fields = typeof first === 'object' && first !== null ? fieldsOf(first) : [];
  const words = typeof first === 'object' && first !== null ? rest : args;
  const message = words.map((word) => (typeof word === 'string' ? word : textOf(word))).join(' ');
  return [new Date(wallNow()).toISOString(), level.toUpperCase(), message, ...fields]
    .join(' ')
    .replaceAll(/[\r\n]+/g, ' ');
}

function fieldsOf(given: object): readonly string[] {
  if (given instanceof Error) return [`err=${textOf(given)}`];
  return Object.entries(given)
    .slice(0, MAX_FIELDS)
    .map(([name, value]: [string, unknown]) => `${name}=${textOf(value)}`);
}

/** Objects are not gone into: how deep they are nobody knows. */
function textOf(value: unknown): string {
  if (value instanceof Error) {
    const { name, code, message } = summarizeError(value);
    return JSON.stringify(
      [name, code, message].filter((part) => part !== undefined && part !== '').join(' '),
    );
  }
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_FIELD_LENGTH));
  if (Array.isArray(value)) return `[${value.length} items]`;
  return typeof value === 'object' && value !== null ? '{...}' : String(value).slice(0, MAX_FIELD_LENGTH);
}
