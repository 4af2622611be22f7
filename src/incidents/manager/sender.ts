import { wallNow } from '../../core/clock.ts';
import type { Delivery } from '../delivery.ts';
import type { IncidentJson } from '../incident/document.ts';
import type { IncidentRecord } from '../incident/record.ts';
import { messageId } from '../message-id.ts';
import { type DigestEntry, type NotificationKind, notificationOf } from '../notification.ts';
import { type Outgoing, type OutgoingNotification, outgoingNotification } from '../outgoing.ts';
import { redact } from '../redact.ts';
import type { Ledger } from './ledger.ts';

/** A notification that is to be made. */
export interface ToSend {
  readonly kind: NotificationKind;
  readonly summary: string;
  /** Default: a new one. */
  readonly id?: string;
  /** Names of sinks. Where there is none, nothing is made. */
  readonly sinks: readonly string[];
  readonly digest?: readonly DigestEntry[];
  /** Whether it tells of an incident that is over as it was before, so that it opens an alert. Default false. */
  readonly asOpen?: boolean;
}

/** Makes notifications. Each is in the journal, and on disk, before its delivery begins. */
export class Sender {
  readonly #ledger: Ledger;
  readonly #delivery: Delivery<Outgoing>;

  constructor(ledger: Ledger, delivery: Delivery<Outgoing>) {
    this.#ledger = ledger;
    this.#delivery = delivery;
  }

  send(
    record: IncidentRecord,
    { id = messageId(), kind, summary, sinks, digest, asOpen = false }: ToSend,
  ): void {
    if (sinks.length === 0) return;
    const at = wallNow();
    const text = redact(record.drill ? `DRILL: ${summary}` : summary);
    const durable = this.#ledger.record(record, {
      type: 'notifying',
      at,
      notification: id,
      kind,
      summary: text,
      sinks: [...sinks],
    });
    const incident = asOpen ? beforeItWasOver(record.toJSON()) : record.toJSON();
    const notification = notificationOf(incident, { id, kind, summary: text, at, digest });
    this.#deliver(outgoingNotification(notification, sinks), durable);
  }

  /**
   * Sends again what a process that is no more may not have sent, with the same ids, and takes up the repeating of
   * what each sink was last told of an incident that is open, a sink included that could not be reached.
   */
  resume(record: IncidentRecord): void {
    const incident = record.toJSON();
    const tried = new Map<string, OutgoingNotification>();
    for (const { id, kind, summary, at, sinks } of incident.notifications) {
      const unsent = sinks.filter(({ result }) => result === null).map(({ sink }) => sink);
      const parts = { id, kind, summary, at: Date.parse(at) };
      const notification = notificationOf(incident, parts);
      if (unsent.length > 0) this.#delivery.send(outgoingNotification(notification, unsent));
      for (const { sink, result } of sinks) {
        if (result === 'delivered' || result === 'failed')
          tried.set(sink, outgoingNotification(notification, [sink]));
      }
    }
    // What was said to be over, and is open again, is told anew.
    for (const last of tried.values()) if (last.kind !== 'resolved') this.#delivery.resume(last);
  }

  /** Repeats nothing of an incident any more that another process tends. */
  handOver({ id }: IncidentRecord): void {
    this.#delivery.forget(id);
  }

  #deliver(outgoing: Outgoing, durable: Promise<void> | undefined): void {
    if (durable === undefined) this.#delivery.send(outgoing);
    else void durable.then(() => this.#delivery.send(outgoing));
  }
}

function beforeItWasOver(incident: IncidentJson): IncidentJson {
  return {
    ...incident,
    status: 'declared',
    resolvedAt: null,
    resolvedBy: null,
    closedAt: null,
    durationMs: null,
  };
}
