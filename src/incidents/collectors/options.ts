import { z } from 'zod';
import { count, durationMs, options, shown } from '../../core/options.ts';
import type { Collector } from './collector.ts';

/** What gathers evidence into files when an incident begins. Only with `directory`; each takes its own bounds first. */
export interface CollectorOptions {
  /** At most 20. */
  readonly collectors: readonly Collector[];
  /** How long each may take, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** How large each file may become, in bytes. Default 1 000 000. */
  readonly maxBytes?: number | undefined;
  /** How many may run at once, over all incidents. Default 4. */
  readonly concurrency?: number | undefined;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
const FILE = /^[a-z0-9][a-z0-9-]{0,99}(?:\.[a-z0-9]{1,10}){1,2}$/;

/** A collector's name. */
export const collectorName = z.custom<string>((name) => typeof name === 'string' && NAME.test(name), {
  error: ({ input }) => `must be 1 to 64 characters of a-z, 0-9 and -, not ${shown(input)}`,
});

/** Bounds of one collector's own. */
export const collectorBounds = { timeoutMs: durationMs.optional(), maxBytes: count.optional() };

const fileName = z.custom<string>((file) => typeof file === 'string' && FILE.test(file), {
  error: ({ input }) =>
    `must be a file name of a-z, 0-9 and - with an extension, such as 'log.txt', not ${shown(input)}`,
});

const collector = z
  .custom<Collector>(
    (value) =>
      typeof value === 'object' && value !== null && typeof Reflect.get(value, 'collect') === 'function',
    { error: ({ input }) => `must be a collector, such as logCollector(), not ${shown(input)}` },
  )
  .superRefine((given, context) => {
    const bounds = options({
      name: collectorName,
      file: fileName,
      ...collectorBounds,
    });
    const { name, file, timeoutMs, maxBytes } = given;
    for (const { path, message } of bounds.safeParse({ name, file, timeoutMs, maxBytes }).error?.issues ??
      []) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

const collectors = z
  .array(collector, { error: ({ input }) => `must be an array of collectors, not ${shown(input)}` })
  .max(20, { error: 'must be at most 20 collectors' })
  .superRefine((given, context) => {
    for (const [at, { name, file }] of given.entries()) {
      const others = given.slice(0, at);
      const twice = (path: string, value: string): void =>
        context.addIssue({
          code: 'custom',
          path: [at, path],
          message: `'${value}' is that of another collector; give each its own`,
        });
      if (others.some((other) => other.name === name)) twice('name', name);
      if (others.some((other) => other.file === file)) twice('file', file);
    }
  });

const settings = options({
  collectors,
  timeoutMs: durationMs.default(10_000),
  maxBytes: count.default(1_000_000),
  concurrency: count.default(4),
});

/** Checks the option `collectors`: an array of them, or an object with bounds beside it. */
export const collectorSchema = z
  .union([collectors, settings], {
    error: ({ input }) =>
      `must be an array of collectors, or { collectors, timeoutMs, maxBytes, concurrency }, not ${shown(input)}`,
  })
  .transform((given): CollectorSettings => {
    const { collectors: all, ...bounds } = Array.isArray(given)
      ? settings.parse({ collectors: given })
      : given;
    return { collectors: [...all], ...bounds };
  });

/** Checked options. */
export interface CollectorSettings {
  readonly collectors: readonly Collector[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly concurrency: number;
}

/** No collectors. */
export const collectorDefaults: CollectorSettings = collectorSchema.parse([]);
