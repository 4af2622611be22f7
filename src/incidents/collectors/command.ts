import { z } from 'zod';
import { wallNow } from '../../core/clock.ts';
import { options, parseOptions, shown } from '../../core/options.ts';
import type { CollectContext, Collector } from './collector.ts';
import { collectorBounds, collectorName } from './options.ts';
import { runProgram } from './program.ts';

/** Options of `commandCollector()`. */
export interface CommandCollectorOptions {
  /** Its file is `command-<name>.txt`. */
  readonly name: string;
  /**
   * A program and its arguments, as in `['kubectl', 'describe', 'nodes']`. It is run as it stands, never through a
   * shell, so that nothing in it has a meaning of its own. Never build it from what comes from outside.
   */
  readonly command: readonly [string, ...string[]];
  /**
   * Variables that it is given beside `PATH`, `HOME`, `USER`, `LOGNAME`, `LANG`, `LC_ALL`, `TZ`, `TMPDIR` and
   * `KUBECONFIG`, the only ones of the process that it gets; `undefined` takes one away. Default: none.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The folder that it is run in. Default: the process' own. */
  readonly cwd?: string | undefined;
  /** How long it may take, in milliseconds. Then it is killed with all that it started. Default: see `collectors`. */
  readonly timeoutMs?: number | undefined;
  /** How much it may print, in bytes. Then it is killed. Default: see `collectors`. */
  readonly maxBytes?: number | undefined;
}

const NUL = '\u0000';

const part = z.custom<string>((value) => typeof value === 'string' && !value.includes(NUL), {
  error: ({ input }) => `must be a string without NUL, not ${shown(input)}`,
});

const command = z
  .array(part, {
    error: ({ input }) =>
      `must be a program with its arguments, such as ['kubectl', 'describe', 'nodes'], not ${shown(input)}`,
  })
  .refine(([program]) => program !== undefined && program !== '', { error: 'must name a program first' });

const schema = options({
  name: collectorName,
  command,
  env: z.record(z.string(), part.optional()).default({}),
  cwd: part.optional(),
  ...collectorBounds,
});

const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'KUBECONFIG'];
/** Windows starts hardly anything without these. */
const PASSED_ON_WINDOWS = ['SystemRoot', 'ComSpec', 'PATHEXT', 'USERPROFILE', 'TEMP', 'TMP'];

/**
 * What a command prints, its errors among it, with its exit code.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options
 */
export function commandCollector(given: CommandCollectorOptions): Collector {
  const settings = parseOptions(schema, given, '', 'Options of commandCollector()');
  const { name, env, cwd, timeoutMs, maxBytes } = settings;
  const [program = '', ...args] = settings.command;
  return {
    name: `command-${name}`.slice(0, 64),
    file: `command-${name}.txt`,
    timeoutMs,
    maxBytes,
    async collect({ write, signal }: CollectContext): Promise<string> {
      write(`${new Date(wallNow()).toISOString()} ${settings.command.join(' ')}\n`);
      const end = await runProgram(program, args, { env: environment(env), cwd, signal, write });
      if (end.code === 0) return '\nexited with 0\n';
      const how = end.code === null ? `was ended by ${end.signal ?? 'a signal'}` : `exited with ${end.code}`;
      if (!end.isCut) write(`\n${how}\n`);
      if (end.isCut) return '';
      throw new Error(`'${program}' ${how}`);
    },
  };
}

function environment(given: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const names = process.platform === 'win32' ? [...PASSED_ON, ...PASSED_ON_WINDOWS] : PASSED_ON;
  const passed = names.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries([...passed, ...Object.entries(given)].filter(([, value]) => value !== undefined));
}
