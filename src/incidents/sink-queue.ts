import pRetry from 'p-retry';
import pTimeout from 'p-timeout';
import { monotonicNow } from '../core/clock.ts';
import { BackoffSequence } from '../strategies/retry/backoff.ts';
import { type RetrySettings, retrySchema } from '../strategies/retry/options.ts';
import type { Logger } from './logger.ts';
import type { DeliveryResult } from './ports.ts';
import { redact, summarizeError } from './redact.ts';
import { type Sink, type SinkAnswer, type SinkContext, SinkError } from './sink.ts';
import { afterDelay } from './timers.ts';

/** How a sink is used. */
export interface DeliverySettings {
  readonly deliveryTimeoutMs: number;
  readonly maxDeliveryRetries: number;
  readonly deliveryBaseDelayMs: number;
  readonly deliveryMaxDelayMs: number;
  readonly maxQueuedNotifications: number;
}

/** What a queue must know of a message. */
export interface Queued {
  /** The same on each try, another for each message. */
  readonly id: string;
  /** The policy it tells of. */
  readonly policy: string;
  /** What it is about: messages about one subject are sent in order. */
  readonly subject: string;
  /** Whether it is dropped before others where too many wait. */
  readonly expendable: boolean;
  /** Whether the sink takes such messages. */
  isFor(sink: Sink): boolean;
  /** Makes one try. */
  send(sink: Sink, context: SinkContext): SinkAnswer;
}

/** How a message to one sink ended. */
export interface Delivered<Message extends Queued> {
  readonly message: Message;
  readonly sink: string;
  readonly result: DeliveryResult;
  /** How many tries were made. */
  readonly tries: number;
  /** The receipt, or why there is none. Redacted. */
  readonly detail: string;
  /** What the last try threw. */
  readonly error: unknown;
}

/** How many subjects one sink is told about at the same time. Within one the order is kept. */
const CONCURRENT_SUBJECTS = 4;

/** The longest Retry-After that is believed. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/**
 * The messages for one sink: bounded in number, in order within a subject, each try bounded in time, what
 * failed tried again with backoff, and all of it held while the sink asks to be left alone. It throws at nobody.
 */
export class SinkQueue<Message extends Queued> {
  readonly sink: Sink;
  readonly #settings: DeliverySettings;
  readonly #retry: RetrySettings;
  readonly #logger: Logger;
  readonly #onEnd: (delivered: Delivered<Message>) => void;
  readonly #waiting: Message[] = [];
  readonly #busySubjects = new Set<string>();
  readonly #tries = new Set<AbortController>();
  readonly #sleepers = new Set<Sleeper>();
  #onIdle: (() => void)[] = [];
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Why no more is sent, once none is. */
  #ended: SinkError | undefined = undefined;

  constructor(
    sink: Sink,
    settings: DeliverySettings,
    logger: Logger,
    onEnd: (delivered: Delivered<Message>) => void,
  ) {
    this.sink = sink;
    this.#settings = settings;
    this.#retry = retrySchema.parse({
      maxRetries: settings.maxDeliveryRetries,
      baseDelayMs: settings.deliveryBaseDelayMs,
      maxDelayMs: settings.deliveryMaxDelayMs,
      jitter: 'equal',
    });
    this.#logger = logger;
    this.#onEnd = onEnd;
  }

  push(message: Message): void {
    if (this.#ended !== undefined) {
      this.#drop(message, this.#ended);
      return;
    }
    this.#waiting.push(message);
    // Those that a free place awaits do not count as waiting.
    this.#bound(CONCURRENT_SUBJECTS - this.#busySubjects.size);
    queueMicrotask(() => this.#pump());
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Cuts the backoff that is being waited for short. What a sink itself asked for is still waited for. */
  hurry(): void {
    for (const sleeper of [...this.#sleepers]) if (sleeper.hurries) sleeper.wake();
  }

  /** Sends no more, gives up what is under way and drops what waits. */
  stop(why: SinkError): void {
    this.#ended ??= why;
    for (const message of this.#waiting.splice(0)) this.#drop(message, this.#ended);
    for (const controller of this.#tries) controller.abort(why);
    for (const sleeper of [...this.#sleepers]) sleeper.wake();
    this.#tellIfIdle();
  }

  /** Drops what is too much, the oldest expendable first. */
  #bound(freePlaces: number): void {
    while (this.#waiting.length > this.#settings.maxQueuedNotifications + freePlaces) {
      const oldest = this.#waiting.findIndex(({ expendable }) => expendable);
      const [dropped] = this.#waiting.splice(Math.max(0, oldest), 1);
      if (dropped !== undefined) this.#drop(dropped, new SinkError('the queue is full', 'permanent'));
    }
  }

  #pump(): void {
    while (this.#busySubjects.size < CONCURRENT_SUBJECTS) {
      const at = this.#waiting.findIndex(({ subject }) => !this.#busySubjects.has(subject));
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (next === undefined) break;
      this.#busySubjects.add(next.subject);
      void this.#deliver(next).then((delivered) => {
        this.#busySubjects.delete(next.subject);
        this.#end(delivered);
        this.#pump();
        this.#tellIfIdle();
      });
    }
    this.#bound(0);
  }

  /** Brings one message to its end. It never rejects. */
  async #deliver(message: Message): Promise<Delivered<Message>> {
    const backoff = new BackoffSequence(this.#retry);
    const about = { message, sink: this.sink.name };
    let tries = 0;
    try {
      const detail = await pRetry(
        async () => {
          await this.#untilWelcome();
          tries += 1;
          return await this.#try(message, tries);
        },
        {
          retries: this.#retry.maxRetries,
          // The waits are our own.
          minTimeout: 0,
          shouldRetry: async ({ error, attemptNumber }) => {
            if (!(error instanceof SinkError) || error.failure !== 'transient') return false;
            if (this.#ended === undefined)
              await this.#sleep(backoff.next(attemptNumber, Math.random()), true);
            return true;
          },
        },
      );
      return { ...about, result: 'delivered', tries, detail, error: undefined };
    } catch (error) {
      const result = error === this.#ended && tries === 0 ? 'dropped' : 'failed';
      return { ...about, result, tries, detail: summarizeError(error).message, error };
    }
  }

  async #try(message: Message, attempt: number): Promise<string> {
    const controller = new AbortController();
    const { deliveryTimeoutMs } = this.#settings;
    const clearDeadline = afterDelay(deliveryTimeoutMs, () =>
      controller.abort(new SinkError(`no answer within ${deliveryTimeoutMs} ms`, 'transient')),
    );
    this.#tries.add(controller);
    try {
      const { signal } = controller;
      const context = { signal, attempt, logger: this.#logger };
      const sending = Promise.resolve().then(() => message.send(this.sink, context));
      const receipt: unknown = await pTimeout(sending, { milliseconds: Number.POSITIVE_INFINITY, signal });
      return receiptDetail(receipt);
    } catch (thrown) {
      const error = asSinkError(thrown);
      this.#heed(error);
      throw error;
    } finally {
      clearDeadline();
      this.#tries.delete(controller);
    }
  }

  #heed(error: SinkError): void {
    if (error.failure === 'gone') this.stop(error);
    if (error.retryAfterMs === undefined) return;
    const pauseMs = Math.min(error.retryAfterMs, LONGEST_PAUSE_MS);
    this.#pausedUntil = Math.max(this.#pausedUntil, monotonicNow() + pauseMs);
  }

  async #untilWelcome(): Promise<void> {
    for (;;) {
      if (this.#ended !== undefined) throw this.#ended;
      const leftMs = this.#pausedUntil - monotonicNow();
      if (leftMs <= 0) return;
      await this.#sleep(leftMs, false);
    }
  }

  #sleep(ms: number, hurries: boolean): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#sleepers.delete(sleeper);
        resolve();
      };
      const sleeper: Sleeper = { hurries, wake };
      const cancel = afterDelay(ms, wake);
      this.#sleepers.add(sleeper);
    });
  }

  #drop(message: Message, why: SinkError): void {
    const detail = summarizeError(why).message;
    this.#end({ message, sink: this.sink.name, result: 'dropped', tries: 0, detail, error: why });
  }

  #end(delivered: Delivered<Message>): void {
    this.#onEnd(delivered);
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#busySubjects.size === 0;
  }

  #tellIfIdle(): void {
    if (this.#isIdle()) for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

/** Something that waits for its time, or to be woken. */
interface Sleeper {
  /** Whether it may be woken before its time because the process is about to end. */
  readonly hurries: boolean;
  wake(): void;
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
