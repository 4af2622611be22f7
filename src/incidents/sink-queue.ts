import pRetry from 'p-retry';
import { afterDelay } from '../core/timers.ts';
import { BackoffSequence } from '../strategies/retry/backoff.ts';
import { type RetrySettings, retrySchema } from '../strategies/retry/options.ts';
import type { Logger } from './logger.ts';
import type { Delivered, DeliverySettings, Queued } from './queued.ts';
import { summarizeError } from './redact.ts';
import { type Sink, type SinkContext, SinkError } from './sink.ts';
import { Pacer } from './sink-pace.ts';
import { SinkRepeats } from './sink-repeats.ts';
import { SinkTries } from './sink-tries.ts';

export type { Delivered, DeliverySettings, Queued } from './queued.ts';

/** How many subjects one sink is told about at the same time. Within one the order is kept. */
const CONCURRENT_SUBJECTS = 4;

/**
 * The messages for one sink: bounded in number, in order within a subject, at the sink's own pace, each try bounded in
 * time, what failed tried again with backoff, and all of it held while the sink asks to be left alone. It throws at
 * nobody.
 */
export class SinkQueue<Message extends Queued> {
  readonly sink: Sink;
  readonly #settings: DeliverySettings;
  readonly #retry: RetrySettings;
  readonly #logger: Logger;
  readonly #onEnd: (delivered: Delivered<Message>) => void;
  readonly #waiting: Message[] = [];
  readonly #busySubjects = new Set<string>();
  readonly #pacer: Pacer;
  readonly #tries: SinkTries;
  readonly #repeats: SinkRepeats<Message> | undefined;
  readonly #sleepers = new Set<Sleeper>();
  #onIdle: (() => void)[] = [];
  /** Takes back the look at what waits for the sink's pace or pause. */
  #cancelPump: (() => void) | undefined = undefined;
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
    this.#pacer = new Pacer(sink.pace);
    this.#tries = new SinkTries(sink, settings.deliveryTimeoutMs, logger);
    this.#repeats = this.#makeRepeats(sink.repeatMs);
  }

  push(message: Message): void {
    if (this.#ended !== undefined) {
      this.#drop(message, this.#ended);
      return;
    }
    if (!message.lasts) this.#repeats?.forget(message.subject);
    this.#waiting.push(message);
    // Those that a free place awaits do not count as waiting.
    this.#bound(CONCURRENT_SUBJECTS - this.#busySubjects.size);
    queueMicrotask(() => this.#pump());
  }

  /** Repeats, from now on, what was sent in an earlier life of the process, where the sink wants repeats. */
  resume(message: Message): void {
    if (message.lasts && this.#ended === undefined) this.#repeats?.keep(message, false, 0);
  }

  /** Repeats nothing about the subject any more. */
  forget(subject: string): void {
    this.#repeats?.forget(subject);
  }

  /** Resolves when nothing waits and nothing is under way, repeats apart. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /**
   * Repeats nothing any more, and cuts the backoff that is being waited for short. What a sink itself asked for is still
   * waited for, and its pace is kept.
   */
  hurry(): void {
    this.#repeats?.stop();
    for (const sleeper of [...this.#sleepers]) if (sleeper.hurries) sleeper.wake();
  }

  /** Sends no more, gives up what is under way and drops what waits. */
  stop(why: SinkError): void {
    this.#ended ??= why;
    this.#cancelPump?.();
    this.#repeats?.stop();
    for (const message of this.#waiting.splice(0)) this.#drop(message, this.#ended);
    this.#tries.abort(why);
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
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    while (this.#ended === undefined && this.#busySubjects.size < CONCURRENT_SUBJECTS) {
      const at = this.#waiting.findIndex(({ subject }) => this.#isFree(subject));
      if (at < 0) break;
      if (!this.#pacer.take()) {
        this.#cancelPump = afterDelay(this.#pacer.waitMs(), () => this.#pump());
        break;
      }
      this.#start(at);
    }
    this.#bound(0);
  }

  #start(at: number): void {
    const [first] = this.#waiting.splice(at, 1);
    if (first === undefined) return;
    const { message, older } = this.#newest(first);
    const { id, subject } = message;
    this.#busySubjects.add(subject);
    for (const left of older) {
      const detail = 'merged into a later update';
      this.#end({
        ...this.#about(left),
        result: 'dropped',
        tries: 0,
        detail,
        error: undefined,
        mergedInto: id,
      });
    }
    void this.#deliver(message, older.length).then((delivered) => {
      this.#busySubjects.delete(subject);
      this.#end(delivered);
      this.#pump();
      this.#tellIfIdle();
    });
  }

  /** What is sent in place of `first` at a sink that has a pace: the last of a row of messages that may be merged. */
  #newest(first: Message): { readonly message: Message; readonly older: readonly Message[] } {
    const older: Message[] = [];
    let message = first;
    while (this.sink.pace !== undefined && message.mergeable) {
      const at = this.#waiting.findIndex(({ subject }) => subject === first.subject);
      const next = this.#waiting[at];
      if (next === undefined || !next.mergeable) break;
      this.#waiting.splice(at, 1);
      older.push(message);
      message = next;
    }
    return { message, older };
  }

  /** Brings one message to its end; the place for its first try is taken. It never rejects. */
  async #deliver(message: Message, merged: number): Promise<Delivered<Message>> {
    const backoff = new BackoffSequence(this.#retry);
    let tries = 0;
    try {
      const detail = await pRetry(
        async () => {
          if (tries > 0) await this.#untilWelcome();
          if (this.#ended !== undefined) throw this.#ended;
          tries += 1;
          return await this.#try(message, { attempt: tries, merged, repeat: false });
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
      return { ...this.#about(message), result: 'delivered', tries, detail, error: undefined };
    } catch (error) {
      const result = error === this.#ended && tries === 0 ? 'dropped' : 'failed';
      return { ...this.#about(message), result, tries, detail: summarizeError(error).message, error };
    }
  }

  async #try(message: Message, about: Pick<SinkContext, 'attempt' | 'merged' | 'repeat'>): Promise<string> {
    try {
      return await this.#tries.make({ ...about, send: (sink, context) => message.send(sink, context) });
    } catch (error) {
      if (error instanceof SinkError) this.#heed(error);
      throw error;
    }
  }

  #heed(error: SinkError): void {
    if (error.failure === 'gone') this.stop(error);
    if (error.retryAfterMs !== undefined) this.#pacer.pause(error.retryAfterMs);
  }

  #makeRepeats(everyMs: number | undefined): SinkRepeats<Message> | undefined {
    if (everyMs === undefined) return undefined;
    return new SinkRepeats<Message>(everyMs, {
      isBusy: (subject) => !this.#isFree(subject) || this.#waiting.some((other) => other.subject === subject),
      take: () => (this.#pacer.take() ? 0 : this.#pacer.waitMs()),
      send: (message) =>
        this.#try(message, { attempt: 1, merged: 0, repeat: true }).then(
          () => undefined,
          (error) => (error instanceof SinkError ? error : new SinkError('unknown', 'transient')),
        ),
      onFree: () => this.#pump(),
      onFailed: (message, error) => this.#logFailedRepeat(message, error),
    });
  }

  #logFailedRepeat({ id, policy }: Message, error: SinkError): void {
    try {
      const fields = { policy, sink: this.sink.name, notification: id, error: summarizeError(error) };
      this.#logger.warn(fields, 'An incident notification could not be repeated');
    } catch {
      // Nobody is left to tell.
    }
  }

  async #untilWelcome(): Promise<void> {
    while (this.#ended === undefined && !this.#pacer.take()) {
      await this.#sleep(this.#pacer.waitMs(), false);
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
    this.#end({ ...this.#about(message), result: 'dropped', tries: 0, detail, error: why });
  }

  #about(message: Message): { readonly message: Message; readonly sink: string } {
    return { message, sink: this.sink.name };
  }

  #end(delivered: Delivered<Message>): void {
    this.#repeatAfter(delivered);
    this.#onEnd(delivered);
  }

  /** What was refused for good is not repeated, nor what was never sent. */
  #repeatAfter({ message, result, tries, error }: Delivered<Message>): void {
    if (!message.lasts) this.#repeats?.forget(message.subject);
    else if (tries > 0 && !(error instanceof SinkError && error.failure !== 'transient')) {
      this.#repeats?.keep(message, result === 'failed');
    }
  }

  /** Whether nothing about the subject is under way. */
  #isFree(subject: string): boolean {
    return !this.#busySubjects.has(subject) && this.#repeats?.isSending(subject) !== true;
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
