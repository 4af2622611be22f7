import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deadlines } from '../../../src/core/deadlines.ts';
import { withCopiedBody, withGuardedBody } from '../../../src/integrations/fetch/guarded-body.ts';

const bounds = { policy: 'p', timeoutMs: 1_000, signal: undefined };

/** A response whose body the test feeds. */
function fedResponse() {
  let feed: ReadableStreamDefaultController<Uint8Array> | undefined;
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      feed = controller;
    },
    cancel: (reason) => void cancelled.push(reason),
  });
  const send = (text: string) => feed?.enqueue(new TextEncoder().encode(text));
  return { response: new Response(stream), send, close: () => feed?.close(), cancelled };
}

describe('a guarded body', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    expect(deadlines.waiting).toBe(0);
  });

  it('times out exactly when no bytes have come for that long', async () => {
    const { response, send, cancelled } = fedResponse();
    const text = withGuardedBody(response, bounds).text();
    const failed = expect(text).rejects.toMatchObject({ code: 'TIMEOUT', scope: 'body', timeoutMs: 1_000 });
    for (let n = 0; n < 3; n += 1) {
      await vi.advanceTimersByTimeAsync(900);
      send('x');
      await vi.advanceTimersByTimeAsync(0);
    }
    await vi.advanceTimersByTimeAsync(990);
    expect(cancelled).toEqual([]);
    await vi.advanceTimersByTimeAsync(30);
    await failed;
    expect(cancelled).toHaveLength(1);
  });

  it('takes no byte of what it passes on from anybody else', async () => {
    const pooled = Buffer.from('pooled');
    const neighbour = Buffer.from('neighbour');
    expect(pooled.buffer).toBe(neighbour.buffer);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(pooled);
        controller.enqueue(new Uint8Array(0));
        controller.enqueue(Buffer.from(' bytes'));
        controller.close();
      },
    });
    expect(await withGuardedBody(new Response(stream), bounds).text()).toBe('pooled bytes');
    expect([pooled.toString(), neighbour.toString()]).toEqual(['pooled', 'neighbour']);
  });

  it('passes a cancel on at once, and waits for nothing', async () => {
    const { response, cancelled } = fedResponse();
    await withGuardedBody(response, bounds).body?.cancel('why');
    expect(cancelled).toEqual(['why']);
  });

  it('fails at once for a signal that has aborted', async () => {
    const { response, cancelled } = fedResponse();
    const signal = AbortSignal.abort('gone');
    const guarded = withGuardedBody(response, { ...bounds, signal });
    await expect(guarded.text()).rejects.toBe('gone');
    expect(cancelled).toEqual(['gone']);
  });

  it('shares one listener with all others that have the same signal', async () => {
    const caller = new AbortController();
    const { signal } = caller;
    const parts = Array.from({ length: 20 }, () => fedResponse());
    const bodies = parts.map(({ response }) => withGuardedBody(response, { ...bounds, signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    const [first, ...others] = bodies;
    const text = first?.text();
    parts[0]?.send('whole');
    parts[0]?.close();
    expect(await text).toBe('whole');
    caller.abort('gone');
    for (const body of others) await expect(body.text()).rejects.toBe('gone');
    expect(parts.map(({ cancelled }) => cancelled)).toEqual([[], ...others.map(() => ['gone'])]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a copied body', () => {
  it('is copied whole without being read, and given up when it is too long', async () => {
    for (const [limit, expected] of [
      [10, 'ten bytes!'],
      [9, undefined],
    ] as const) {
      const { response, send, close } = fedResponse();
      const copied = withCopiedBody(response, bounds, limit);
      send('ten ');
      send('bytes!');
      close();
      const read = limit === 9 ? await copied.response.text() : undefined;
      const copy = await copied.copy;
      expect(copy === undefined ? undefined : Buffer.from(copy).toString()).toBe(expected);
      expect(read ?? (await copied.response.text())).toBe('ten bytes!');
    }
  });

  it('is not there for a body that was cancelled', async () => {
    const { response, send } = fedResponse();
    const copied = withCopiedBody(response, bounds, 10);
    send('x');
    await copied.response.body?.cancel();
    expect(await copied.copy).toBeUndefined();
    expect(deadlines.waiting).toBe(0);
  });
});
