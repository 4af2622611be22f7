import type { SloFrozenEvent, SloThawedEvent } from '../../../core/slo-events.ts';
import type { SloAnnouncement } from '../../announcement.ts';
import { truncate } from '../../redact.ts';

/** What the body of every webhook about an error budget tells. What is not known is `null`. */
interface SloWebhookData {
  readonly policy: string;
  /** The service and the instance that see it. */
  readonly service: string | null;
  readonly instance: string;
  /** What happened, one sentence. */
  readonly summary: string;
}

interface SloWebhook<Type extends string, Data> {
  readonly type: Type;
  /** When it happened, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly data: SloWebhookData & Data;
}

/**
 * The body of a webhook about an error budget, after the payload structure that Standard Webhooks 1.0.0 recommends.
 *
 * - `slo.frozen`: releases of what calls the policy should wait. `slis`: the objectives that say so.
 * - `slo.thawed`: nothing speaks against releases any more. `reason`: `no-objection`, or `removed` with the policy.
 */
export type SloWebhookPayload =
  | SloWebhook<'slo.frozen', Pick<SloFrozenEvent, 'slis'>>
  | SloWebhook<'slo.thawed', Pick<SloThawedEvent, 'reason'>>;

/** The body for `announcement`; the same on each try. */
export function sloPayloadOf({ service, instance, event }: SloAnnouncement): SloWebhookPayload {
  const { policy } = event;
  const summary = truncate(event.summary, 1_000);
  const timestamp = new Date(event.time).toISOString();
  const data = { policy, service: service ?? null, instance, summary };
  switch (event.status) {
    case 'frozen':
      return { type: 'slo.frozen', timestamp, data: { ...data, slis: event.slis } };
    case 'thawed':
      return { type: 'slo.thawed', timestamp, data: { ...data, reason: event.reason } };
  }
}
