import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { release } from '../../../src/integrations/fetch/release.ts';

const CHUNK = 8_192;

/** A response that announces one length and has another, and what becomes of its body. */
function response(announced: string | undefined, bytes: number) {
  const seen = { read: 0, ended: false, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const length = Math.min(CHUNK, bytes - seen.read);
        seen.read += length;
        if (length > 0) controller.enqueue(new Uint8Array(length));
        else {
          seen.ended = true;
          controller.close();
        }
      },
      cancel: () => {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers(announced === undefined ? [] : [['content-length', announced]]);
  return { seen, response: new Response(body, { headers }) };
}

async function afterRelease(announced: string | undefined, bytes: number) {
  const { seen, response: given } = response(announced, bytes);
  release(given);
  for (let n = 0; n < 100 && !seen.ended && !seen.cancelled; n += 1) await setImmediate();
  return seen;
}

describe('a response that nobody gets', () => {
  it.each([
    ['0', 0],
    ['10', 10],
    ['65536', 65_536],
  ])('is read to its end where it announces %s bytes and keeps to it', async (announced, bytes) => {
    expect(await afterRelease(announced, bytes)).toEqual({ read: bytes, ended: true, cancelled: false });
  });

  it.each([['65537'], ['1000000'], ['x'], ['-1'], [undefined]])(
    'is cancelled unread where it announces %s',
    async (announced) => {
      expect(await afterRelease(announced, 10)).toEqual({ read: 0, ended: false, cancelled: true });
    },
  );

  it('is read for no more than 65 536 bytes and the chunk they end in, whatever it announces', async () => {
    const seen = await afterRelease('10', Number.POSITIVE_INFINITY);
    expect(seen).toEqual({ read: 65_536 + CHUNK, ended: false, cancelled: true });
  });
});
