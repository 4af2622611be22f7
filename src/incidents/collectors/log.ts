import { options, parseOptions } from '../../core/options.ts';
import type { Collector } from './collector.ts';
import { LogRing, logRingShape } from './log-ring.ts';
import { collectorName } from './options.ts';

/** Options of `logCollector()`. */
export interface LogCollectorOptions {
  /** Default `log`, for the file `log.txt`; another name, such as `access`, is for `log-access.txt`. */
  readonly name?: string | undefined;
  /** How many lines are kept. Default 1 000, at most 100 000. */
  readonly lines?: number | undefined;
  /** The longest line that is kept whole, in characters. Default 2 000. */
  readonly maxLineLength?: number | undefined;
}

/** A collector with the ring that it reads. */
export interface LogCollector extends Collector {
  /** Where the application's log is to go too. */
  readonly ring: LogRing;
}

const schema = options({ name: collectorName.default('log'), ...logRingShape });

/**
 * The last lines of the application's own log. They come to it through `ring`: a stream for pino's `multistream` or
 * for anything that writes lines, or `ring.tap(logger)` for a logger that has level methods only.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options
 */
export function logCollector(given: LogCollectorOptions = {}): LogCollector {
  const { name, ...bounds } = parseOptions(schema, given, '', 'Options of logCollector()');
  const ring = new LogRing(bounds);
  return {
    name,
    file: name === 'log' ? 'log.txt' : `log-${name}.txt`,
    ring,
    collect: () => ring.lines().join('\n'),
  };
}
