import type { Terminal } from './terminal.ts';

const FIRST_AFTER_MS = 2_000;
const EVERY_MS = 1_000;
const CLEAR_LINE = '\r\u001b[2K';

/** Waits for `work`, and tells so on a terminal once that takes longer than two seconds. */
export async function withProgress<Result>(
  terminal: Terminal,
  what: string,
  work: Promise<Result>,
): Promise<Result> {
  if (!terminal.isTTY) return work;
  let seconds = FIRST_AFTER_MS / 1_000;
  let shown = false;
  const tell = (): void => {
    shown = true;
    terminal.write(`${CLEAR_LINE}${what}: ${seconds} s`).catch(() => undefined);
    seconds += EVERY_MS / 1_000;
    timer = setTimeout(tell, EVERY_MS);
  };
  let timer = setTimeout(tell, FIRST_AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (shown) await terminal.write(CLEAR_LINE).catch(() => undefined);
  }
}
