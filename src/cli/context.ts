import type { Terminal } from './terminal.ts';

/** What a command came to: 0 done, or yes; 1 no; 2 it could not be done, or nobody can say. */
export type ExitCode = 0 | 1 | 2;

/** What a command has of the process it runs in. */
export interface CommandContext {
  /** Where results go. */
  readonly out: Terminal;
  /** Where errors, warnings and progress go. */
  readonly err: Terminal;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Who runs it. */
  userName(): string;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Calls `listener` instead of ending when the process is asked to end, until the function that this returns is called.
   * Absent where nobody can ask.
   */
  readonly onInterrupt?: ((listener: (signal: string) => void) => () => void) | undefined;
}

/** A command could not be done. It is told without a stack: it is no bug. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;

  /** @param exitCode 1 where the answer is no, as for a file that is wrong; 2 where the command could not be done */
  constructor(message: string, exitCode: ExitCode = 2) {
    super(message);
    this.exitCode = exitCode;
  }

  override get name(): string {
    return 'CommandFailure';
  }
}
