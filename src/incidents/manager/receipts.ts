import { wallNow } from '../../core/clock.ts';
import type { Delivery } from '../delivery.ts';
import type { Outgoing } from '../outgoing.ts';
import type { IncidentRegister } from '../register.ts';
import type { Delivered } from '../sink-queue.ts';
import type { Ledger } from './ledger.ts';
import type { Teller } from './teller.ts';

/** What takes receipts. */
export interface ReceiptParts {
  readonly register: IncidentRegister;
  readonly ledger: Ledger;
  readonly teller: Teller;
}

/** Puts how a notification ended at a sink on its incident. */
export function takeReceipt(
  { register, ledger, teller }: ReceiptParts,
  delivery: Delivery<Outgoing>,
  { message, sink, result, tries, detail }: Delivered<Outgoing>,
): void {
  if (message.type !== 'incident notification') return;
  const { id: notification, kind, incident } = message;
  const record = register.get(incident);
  if (record === undefined) {
    // Another process tends it, or nobody: what was on its way is not to be repeated.
    delivery.forget(incident);
    return;
  }
  const about = { notification, sink, kind, result, tries, detail };
  ledger.record(record, { type: 'notified', at: wallNow(), ...about });
  const watch = register.watchOf(incident);
  if (watch !== undefined) teller.delivered(watch, about);
}
