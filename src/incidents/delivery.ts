import pTimeout, { TimeoutError } from 'p-timeout';
import { LONGEST_TIMER_MS } from '../core/deadlines.ts';
import type { Logger } from './logger.ts';
import { type Sink, SinkError } from './sink.ts';
import { type Delivered, type DeliverySettings, type Queued, SinkQueue } from './sink-queue.ts';

/** Brings messages to the sinks that they are for, off the call path; each has its own queue and holds up no other. */
export class Delivery<Message extends Queued> {
  readonly #queues: readonly SinkQueue<Message>[];

  constructor(
    sinks: readonly Sink[],
    settings: DeliverySettings,
    logger: Logger,
    onEnd: (delivered: Delivered<Message>) => void,
  ) {
    this.#queues = sinks.map((sink) => new SinkQueue(sink, settings, logger, onEnd));
  }

  send(message: Message): void {
    for (const queue of this.#queues) if (message.isFor(queue.sink)) queue.push(message);
  }

  /**
   * Takes up the repeating of what was sent before this process began: the last notification of an incident that is
   * still open, to the sinks that want repeats. The first is sent at once; none is reported.
   */
  resume(message: Message): void {
    for (const queue of this.#queues) if (message.isFor(queue.sink)) queue.resume(message);
  }

  /** Repeats nothing about the subject any more. What is on its way, or waits, is still sent. */
  forget(subject: string): void {
    for (const queue of this.#queues) queue.forget(subject);
  }

  /** Waits until everything is delivered or given up, at most `timeoutMs`. Whether it came to that. */
  async flush(timeoutMs: number): Promise<boolean> {
    const idle = Promise.all(this.#queues.map((queue) => queue.idle()));
    try {
      await pTimeout(idle, { milliseconds: Math.min(Math.max(1, timeoutMs), LONGEST_TIMER_MS) });
      return true;
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    }
  }

  /** Ends the repeating, tries what is left once more without waiting, then, after at most `timeoutMs`, gives up the rest. */
  async close(timeoutMs: number): Promise<void> {
    for (const queue of this.#queues) queue.hurry();
    await this.flush(timeoutMs);
    const closed = new SinkError('closed before it was delivered', 'permanent');
    for (const queue of this.#queues) queue.stop(closed);
    await Promise.all(this.#queues.map((queue) => queue.idle()));
  }
}
