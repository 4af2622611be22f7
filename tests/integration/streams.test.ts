import { createReadStream } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { errorOf, testHub } from '../support.ts';

const CHUNK = Buffer.alloc(16_384, 7);

let server: http.Server;
let origin: string;
let underWay: http.ServerResponse[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    underWay.push(response);
    response.write(CHUNK);
    if (request.url === '/whole') {
      response.write(CHUNK);
      response.end(CHUNK);
    }
    if (request.url === '/cut') setTimeout(() => response.destroy(), 20);
    if (request.url === '/endless') {
      const more = (): void => {
        while (!response.destroyed && response.write(CHUNK));
      };
      response.on('drain', more);
      more();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function download(path: string, signal: AbortSignal): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get(`${origin}${path}`, { signal, agent: false }, resolve).on('error', reject);
  });
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}

const until = 'end';

describe('a download over HTTP', () => {
  it('is a success at its last byte', async () => {
    const policy = testHub().policy('files');
    const body = await policy.execute(({ signal }) => download('/whole', signal), { until });
    expect(policy.stats().callsInFlight).toBe(1);
    expect(await bytesOf(body)).toBe(3 * CHUNK.length);
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, callsInFlight: 0 });
  });

  it('is a failure of the dependency when the server breaks off', async () => {
    const policy = testHub().policy('files', { retry: { baseDelayMs: 1 } });
    const body = await policy.execute(({ signal }) => download('/cut', signal), { until });
    expect(await errorOf(bytesOf(body))).toMatchObject({ code: 'ECONNRESET' });
    expect(policy.stats()).toMatchObject({ calls: { failure: 1 }, attempts: { failure: 1 }, retries: 0 });
    expect(policy.circuit.window.failures).toBe(1);
  });

  it('is cut by the idle timeout when the server stalls, and its connection closed', async () => {
    const policy = testHub().policy('files');
    underWay = [];
    const body = await policy.execute(({ signal }) => download('/stall', signal), {
      until,
      idleTimeoutMs: 60,
    });
    expect(await errorOf(bytesOf(body))).toMatchObject({ code: 'TIMEOUT', scope: 'body' });
    await vi.waitFor(() => expect(underWay[0]?.destroyed).toBe(true));
    expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, callsInFlight: 0, attemptsInFlight: 0 });
  });

  it('comes no faster than it is taken, and ends with a client that goes', async () => {
    const policy = testHub().policy('files');
    underWay = [];
    const body = await policy.execute(({ signal }) => download('/endless', signal), { until });
    let taken = 0;
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        taken += chunk.length;
        if (taken > 20 * CHUNK.length) done(new Error('the client has gone'));
        else setImmediate(done);
      },
    });
    expect(await errorOf(pipeline(body, slow))).toMatchObject({ message: 'the client has gone' });
    await vi.waitFor(() => expect(underWay[0]?.destroyed).toBe(true));
    expect(policy.stats()).toMatchObject({ calls: { ignored: 1 }, callsInFlight: 0, attemptsInFlight: 0 });
  });

  it('as a web stream is protected too', async () => {
    const policy = testHub().policy('files');
    const open = policy.wrapWithContext(
      async ({ signal }, path: string) => (await fetch(`${origin}${path}`, { signal })).body,
      { until, idleTimeoutMs: 60 },
    );
    const whole = await open('/whole');
    expect((await new Response(whole).arrayBuffer()).byteLength).toBe(3 * CHUNK.length);
    const cut = await open('/cut');
    expect(await errorOf(new Response(cut).arrayBuffer())).toBeInstanceOf(Error);
    const stalled = await open('/stall');
    expect(await errorOf(new Response(stalled).arrayBuffer())).toMatchObject({ scope: 'body' });
    expect(policy.stats()).toMatchObject({ calls: { success: 1, failure: 1, timeout: 1 }, callsInFlight: 0 });
  });
});

describe('a file', () => {
  it('is read to its end, and a missing one fails before anybody reads', async () => {
    const policy = testHub().policy('disk');
    const path = fileURLToPath(import.meta.url);
    const text = await policy.execute(() => createReadStream(path, { encoding: 'utf8' }), { until });
    let read = '';
    for await (const part of text) read += part;
    expect(read).toContain('is read to its end');
    const missing = await policy.execute(() => createReadStream(`${path}.missing`), { until });
    await vi.waitFor(() => expect(policy.stats().callsInFlight).toBe(0));
    expect(await errorOf(bytesOf(missing))).toMatchObject({ code: 'ENOENT' });
    expect(policy.stats()).toMatchObject({ calls: { success: 1, failure: 1 } });
  });
});
