import type { SloAnnouncement } from './announcement.ts';
import type { Logger } from './logger.ts';
import type { Notification } from './notification.ts';

/** What a sink is given beside the message. */
export interface SinkContext {
  /** Aborts when this try has run out of time, or when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** 1 for the first try of this message. */
  readonly attempt: number;
  /** The hub's logger. */
  readonly logger: Logger;
  /** How many earlier updates of the incident were left out because this one, which waited too, is newer. Default 0. */
  readonly merged?: number | undefined;
  /** Whether this was sent before and is only sent again because the incident lasts (`repeatMs`). Default false. */
  readonly repeat?: boolean | undefined;
}

/** How often a sink may be tried. */
export interface SinkPace {
  /** Tries that may begin within `perMs`; a whole number from 1. */
  readonly messages: number;
  /** In milliseconds, above 0. */
  readonly perMs: number;
}

/** What the other side said when it took a message. */
export interface Receipt {
  /** For the timeline, such as `HTTP 204`. Nothing secret. */
  readonly detail: string;
}

/** What a try gives: a receipt, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a sink written without a receipt returns nothing
export type SinkAnswer = Receipt | void | Promise<Receipt | void>;

/**
 * Where an incident's notifications go. `send` makes one try: it resolves, if it likes with a receipt, once the other
 * side has taken the notification, and throws a `SinkError`, or anything, when it has not. Bounding, repeating and
 * ordering the tries is not its part.
 */
export interface Sink {
  /** Names it in metrics, logs and timelines; unique among the sinks of a hub. 1 to 64 of `a-z A-Z 0-9 _ -`. */
  readonly name: string;
  /**
   * Keeps tries below the other side's rate limit: they are spaced, and of several updates of one incident that wait
   * in a row only the latest is sent. Default: no limit, and nothing is left out.
   */
  readonly pace?: SinkPace | undefined;
  /**
   * While an incident lasts, its last notification is sent again this often, in milliseconds, for a receiver that
   * takes silence for the end. A repeat is neither counted nor on the timeline. Default: nothing is repeated.
   */
  readonly repeatMs?: number | undefined;
  send(notification: Notification, context: SinkContext): SinkAnswer;
  /**
   * Makes one try to tell that releases are frozen or thawed, or that an error budget is spent; by the rules of
   * `send`. A sink without it is told of incidents only.
   */
  announce?(announcement: SloAnnouncement, context: SinkContext): SinkAnswer;
}

/**
 * What a failed try means.
 *
 * - `transient`: another try may do.
 * - `permanent`: this message will not be taken.
 * - `gone`: the other side wants none any more (HTTP 410): the sink is used no further.
 */
export type SinkFailure = 'transient' | 'permanent' | 'gone';

/** A try that failed. Its message must hold nothing secret. */
export class SinkError extends Error {
  /** Whether another try may do. */
  readonly failure: SinkFailure;
  /** How long the other side asked to be left alone, in milliseconds. Never shortened. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, failure: SinkFailure, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }

  override get name(): string {
    return 'SinkError';
  }
}
