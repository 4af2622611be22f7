import { monotonicNow } from '../../core/clock.ts';
import { deadlines } from '../../core/deadlines.ts';
import { Deadline } from '../../core/scope.ts';
import { isResponse } from './http-response.ts';

/** A body announced as no longer than this is read to its end, which keeps its connection for the next request. */
const MAX_DRAINED_BYTES = 65_536;

/** How long that may take, in milliseconds. */
const MAX_DRAIN_MS = 500;

/**
 * Lets go of a response that nobody will get, so that it holds no connection: a short body is read to its end, any
 * other cancelled. It does not throw and nobody waits for it.
 */
export function release(value: unknown): void {
  if (!isResponse(value) || !value.body || value.bodyUsed || value.body.locked) return;
  const { body, headers } = value;
  const length = headers.get('content-length');
  if (length !== null && /^\d+$/.test(length) && Number(length) <= MAX_DRAINED_BYTES) {
    new Drain(body.getReader()).run().catch(() => undefined);
  } else body.cancel().catch(() => undefined);
}

/** Reads a body to its end, within bounds of its own: what a server announces it need not keep to. */
class Drain extends Deadline {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    super();
    this.#reader = reader;
  }

  async run(): Promise<void> {
    deadlines.arm(this, MAX_DRAIN_MS, monotonicNow());
    try {
      let bytes = 0;
      while (bytes <= MAX_DRAINED_BYTES) {
        const { done, value } = await this.#reader.read();
        if (done) return;
        bytes += value.byteLength;
      }
      await this.#reader.cancel();
    } finally {
      deadlines.clear(this);
    }
  }

  override expire(_now: number): void {
    this.#reader.cancel().catch(() => undefined);
  }
}
