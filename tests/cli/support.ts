import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CommandContext, ExitCode } from '../../src/cli/context.ts';
import { run } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** What a command printed and came to. */
export interface Outcome {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** A terminal that keeps what is written to it. */
export class CapturedTerminal implements Terminal {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly colors: boolean;

  constructor({ isTTY = false, columns, colors = false }: Partial<Omit<Terminal, 'write'>> = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.colors = colors;
  }

  write(text: string): Promise<void> {
    this.text += text;
    return Promise.resolve();
  }
}

/** Runs a command line in this process, in a folder of its own unless one is given. */
export async function breakwater(
  args: readonly string[],
  given: Partial<CommandContext> & { readonly input?: string | Uint8Array } = {},
): Promise<Outcome> {
  const out = new CapturedTerminal();
  const err = new CapturedTerminal();
  const { input, ...context } = given;
  const code = await run(args, {
    out,
    err,
    stdin: chunks(input),
    cwd: context.cwd ?? temporaryFolder(),
    env: {},
    userName: () => 'alice',
    now: Date.now,
    ...context,
  });
  return { code, out: out.text, err: err.text };
}

async function* chunks(input: string | Uint8Array = ''): AsyncGenerator<Uint8Array | string> {
  yield input;
}

/** A folder that goes when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Serves on loopback until the test is over, and tells where. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${portOf(server.address())}`;
}

/** An address on loopback at which nobody listens any more. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server.address());
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}
