import type { SloExhaustedEvent, SloFrozenEvent, SloThawedEvent } from '../../../core/events.ts';
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
 * - `slo.exhausted`: the error budget of one objective is spent. `sli` and `objective` name it (0.999 is 99.9 %),
 *   `budgetRemaining` is the share that is left, negative when it is overspent, and `good` and `bad` are the events of
 *   its period.
 */
export type SloWebhookPayload =
  | SloWebhook<'slo.frozen', Pick<SloFrozenEvent, 'slis'>>
  | SloWebhook<'slo.thawed', Pick<SloThawedEvent, 'reason'>>
  | SloWebhook<
      'slo.exhausted',
      Pick<SloExhaustedEvent, 'sli' | 'objective' | 'good' | 'bad'> & {
        readonly budgetRemaining: number | null;
      }
    >;

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
    case 'exhausted': {
      const { sli, objective, good, bad } = event;
      const budgetRemaining = event.budgetRemaining ?? null;
      return {
        type: 'slo.exhausted',
        timestamp,
        data: { ...data, sli, objective, budgetRemaining, good, bad },
      };
    }
  }
}
