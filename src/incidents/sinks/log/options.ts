import { z } from 'zod';
import { options, shown } from '../../../core/options.ts';
import type { Logger } from '../../logger.ts';
import { sinkName } from '../sink-name.ts';

/** Options of `logSink()`. */
export interface LogSinkOptions {
  /** Anything with pino's level methods. Default: the hub's logger. */
  readonly logger?: Logger | undefined;
  /** The sink's name. Default `log`. */
  readonly name?: string | undefined;
}

const levels = ['debug', 'info', 'warn', 'error'];

export const logSinkSchema = options({
  logger: z
    .custom<Logger>(
      (value) => {
        if (typeof value !== 'object' || value === null) return false;
        return levels.every((level) => typeof Reflect.get(value, level) === 'function');
      },
      {
        error: (issue) =>
          `must have pino's level methods (${levels.join(', ')}), not be ${shown(issue.input)}`,
      },
    )
    .optional(),
  name: sinkName.default('log'),
});
