import pTimeout from 'p-timeout';
import { afterDelay } from '../core/timers.ts';
import type { Logger } from './logger.ts';
import { redact, summarizeError } from './redact.ts';
import { type Sink, type SinkAnswer, type SinkContext, SinkError } from './sink.ts';

/** One try, and what the sink is told of it. */
export interface Try extends Pick<SinkContext, 'attempt' | 'merged' | 'repeat'> {
  send(sink: Sink, context: SinkContext): SinkAnswer;
}

/** The tries that are under way at one sink, each bounded in time. */
export class SinkTries {
  readonly #sink: Sink;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  readonly #underWay = new Set<AbortController>();

  constructor(sink: Sink, timeoutMs: number, logger: Logger) {
    this.#sink = sink;
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
  }

  /**
   * Makes one try. Resolves with the receipt's detail, redacted.
   *
   * @throws {SinkError} as a rejection, whatever the sink threw
   */
  async make({ send, attempt, merged, repeat }: Try): Promise<string> {
    const controller = new AbortController();
    const clearDeadline = afterDelay(this.#timeoutMs, () =>
      controller.abort(new SinkError(`no answer within ${this.#timeoutMs} ms`, 'transient')),
    );
    this.#underWay.add(controller);
    try {
      const { signal } = controller;
      const context = { signal, attempt, merged, repeat, logger: this.#logger };
      const sending = Promise.resolve().then(() => send(this.#sink, context));
      const receipt: unknown = await pTimeout(sending, { milliseconds: Number.POSITIVE_INFINITY, signal });
      return receiptDetail(receipt);
    } catch (thrown) {
      throw asSinkError(thrown);
    } finally {
      clearDeadline();
      this.#underWay.delete(controller);
    }
  }

  /** Gives up what is under way. */
  abort(why: SinkError): void {
    for (const controller of this.#underWay) controller.abort(why);
  }
}

function receiptDetail(receipt: unknown): string {
  const detail =
    typeof receipt === 'object' && receipt !== null && 'detail' in receipt ? receipt.detail : undefined;
  return typeof detail === 'string' ? redact(detail, 200) : 'taken';
}

/** Recognised by its shape, so that a sink that was built on another copy of this package is understood. */
function asSinkError(error: unknown): SinkError {
  if (error instanceof SinkError) return error;
  const { message } = summarizeError(error);
  if (typeof error !== 'object' || error === null) return new SinkError(message, 'transient');
  const failure = 'failure' in error ? error.failure : undefined;
  const known = failure === 'permanent' || failure === 'gone' ? failure : 'transient';
  const retryAfterMs = 'retryAfterMs' in error ? error.retryAfterMs : undefined;
  const asked = typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : undefined;
  return new SinkError(message, known, asked, { cause: error });
}
