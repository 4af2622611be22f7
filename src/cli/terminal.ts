import { styleText } from 'node:util';
import { CommandFailure } from './context.ts';
import { reasonOf } from './system-error.ts';

/** Where text goes: a terminal, a file or a pipe. */
export interface Terminal {
  readonly isTTY: boolean;
  /** Width in characters; `undefined` where lines may be as long as they are. */
  readonly columns: number | undefined;
  /** Whether colours are wanted. */
  readonly colors: boolean;
  /** Resolves once the text is handed over. Rejects when it cannot be written, unless the reader has gone away. */
  write(text: string): Promise<void>;
}

/** The parts of a stream that a terminal is made of. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A terminal on a stream of the process. Colours are only for a TTY, and not where `NO_COLOR` is set. */
export function terminalOn(
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const isTTY = stream.isTTY === true;
  // What fails is told to whoever writes; without a listener it would end the process.
  stream.on('error', () => {});
  return {
    isTTY,
    get columns() {
      return isTTY && stream.columns !== undefined && stream.columns > 0 ? stream.columns : undefined;
    },
    // https://no-color.org: present and not empty, whatever its value.
    colors: isTTY && !env.NO_COLOR && env.TERM !== 'dumb',
    write: (text) =>
      new Promise((resolve, reject) => {
        if (text === '') resolve();
        else {
          stream.write(text, (error) => {
            if (!error || isClosedPipe(error)) resolve();
            else reject(new CommandFailure(`the output cannot be written: ${reasonOf(error)}`));
          });
        }
      }),
  };
}

/** Whether nobody reads any more, as after `| head`: no error of ours. */
function isClosedPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}

/** How a text is set off. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** The text in that style, where the terminal has colours. */
export function styled(terminal: Terminal, style: Style | undefined, text: string): string {
  if (style === undefined || !terminal.colors) return text;
  return styleText(style, text, { validateStream: false });
}
