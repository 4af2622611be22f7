/** Logs `message` with `fields`, as pino's level methods do. */
export type LogMethod = (fields: object, message: string) => void;

/** Anything with pino's level methods. */
export interface Logger {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
}
