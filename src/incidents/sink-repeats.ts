import { monotonicNow } from '../core/clock.ts';
import { afterDelay } from '../core/timers.ts';
import type { SinkError } from './sink.ts';

/** What a repeat must know of a message. */
export interface Repeatable {
  readonly subject: string;
}

/** What repeating needs of the queue that it belongs to. */
export interface RepeatPorts<Message> {
  /** Whether a newer message about the subject waits or is under way. */
  isBusy(subject: string): boolean;
  /** Takes a place for a try: 0, or how long there is none, in milliseconds. */
  take(): number;
  /** Makes one try. Gives what it failed with; it never rejects. */
  send(message: Message): Promise<SinkError | undefined>;
  /** A subject is free again. */
  onFree(): void;
  /** The first of a row of repeats that failed. It must not throw. */
  onFailed(message: Message, error: SinkError): void;
}

/** How many repeats one sink gets at the same time, beside the messages that are new. */
const CONCURRENT_REPEATS = 2;

/** How many subjects are repeated; beyond, those that were told of longest ago are not. */
const MAX_SUBJECTS = 1_000;

interface Entry<Message> {
  readonly message: Message;
  dueAt: number;
  /** Whether the last try failed, which is told once. */
  failing: boolean;
}

/**
 * Sends the last message about each subject again and again for as long as the subject goes on. A repeat has one try:
 * the next one makes up for it. It keeps no process alive.
 */
export class SinkRepeats<Message extends Repeatable> {
  readonly #everyMs: number;
  readonly #ports: RepeatPorts<Message>;
  readonly #entries = new Map<string, Entry<Message>>();
  readonly #sending = new Set<string>();
  #cancelTimer: (() => void) | undefined = undefined;
  #stopped = false;

  constructor(everyMs: number, ports: RepeatPorts<Message>) {
    this.#everyMs = everyMs;
    this.#ports = ports;
  }

  /** Repeats `message` from `inMs` on in place of what was said about its subject before. */
  keep(message: Message, failing: boolean, inMs = this.#everyMs): void {
    if (this.#stopped) return;
    const { subject } = message;
    this.#entries.delete(subject);
    this.#entries.set(subject, { message, dueAt: monotonicNow() + inMs, failing });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_SUBJECTS && oldest !== undefined) this.#entries.delete(oldest);
    this.#arm();
  }

  /** Says no more about the subject. */
  forget(subject: string): void {
    if (this.#entries.delete(subject)) this.#arm();
  }

  /** Whether a repeat about the subject is under way: what is new about it waits, so as not to be overtaken. */
  isSending(subject: string): boolean {
    return this.#sending.has(subject);
  }

  stop(): void {
    this.#stopped = true;
    this.#entries.clear();
    this.#arm();
  }

  #arm(waitMs = 0): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#stopped || this.#sending.size >= CONCURRENT_REPEATS) return;
    let nextAt = Number.POSITIVE_INFINITY;
    for (const [subject, { dueAt }] of this.#entries) {
      if (dueAt < nextAt && !this.#sending.has(subject)) nextAt = dueAt;
    }
    if (nextAt === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = afterDelay(Math.max(waitMs, nextAt - monotonicNow()), () => this.#look());
  }

  #look(): void {
    const now = monotonicNow();
    let waitMs = 0;
    for (const [subject, entry] of this.#entries) {
      if (this.#sending.size >= CONCURRENT_REPEATS) break;
      if (entry.dueAt > now || this.#sending.has(subject)) continue;
      if (this.#ports.isBusy(subject)) {
        entry.dueAt = now + this.#everyMs;
        continue;
      }
      waitMs = this.#ports.take();
      if (waitMs > 0) break;
      void this.#send(subject, entry, now);
    }
    this.#arm(waitMs);
  }

  async #send(subject: string, entry: Entry<Message>, now: number): Promise<void> {
    this.#sending.add(subject);
    const error = await this.#ports.send(entry.message);
    this.#sending.delete(subject);
    if (error === undefined) entry.failing = false;
    else this.#failed(subject, entry, error);
    entry.dueAt = Math.max(monotonicNow(), now + this.#everyMs);
    // To the end of the line, so that where there are too many repeats each gets its turn.
    if (this.#entries.get(subject) === entry) {
      this.#entries.delete(subject);
      this.#entries.set(subject, entry);
    }
    this.#ports.onFree();
    this.#arm();
  }

  /** What will not be taken is not said again. */
  #failed(subject: string, entry: Entry<Message>, error: SinkError): void {
    const isOver = error.failure !== 'transient';
    if (isOver && this.#entries.get(subject) === entry) this.#entries.delete(subject);
    if (!entry.failing && !this.#stopped) this.#ports.onFailed(entry.message, error);
    entry.failing = true;
  }
}
