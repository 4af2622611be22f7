import type { DeliveryResult } from './ports.ts';
import type { Sink, SinkAnswer, SinkContext } from './sink.ts';

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
  /** Whether the next message about its subject may stand for it, if that is such a one too. */
  readonly mergeable: boolean;
  /** Whether its subject goes on after it, so that a sink may want it repeated. */
  readonly lasts: boolean;
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
  /** The id of the later message that stands for this one, which was dropped for it. */
  readonly mergedInto?: string;
}
