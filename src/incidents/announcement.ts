import type { SloEvent, SloExhaustedEvent, SloFrozenEvent, SloThawedEvent } from '../core/events.ts';
import { messageId } from './message-id.ts';
import { redact } from './redact.ts';

/** What happens to an error budget and is told to people, though it is no incident. Told apart by `status`. */
export type AnnouncedSloEvent = SloFrozenEvent | SloThawedEvent | SloExhaustedEvent;

/**
 * What a sink is asked to announce: releases of what calls a policy should wait (`frozen`), nothing speaks against
 * them any more (`thawed`), or an error budget is spent (`exhausted`). Each instance tells what it sees itself.
 */
export interface SloAnnouncement {
  /** The message's own id: the same on each try, another for each message. */
  readonly id: string;
  /** The service and the instance that see it. */
  readonly service: string | undefined;
  readonly instance: string;
  /** What happened, with its summary redacted. */
  readonly event: AnnouncedSloEvent;
}

/** Who announces. */
export interface Announcer {
  readonly service?: string | undefined;
  readonly instance: string;
}

/** `undefined` for what is not announced: budgets that burn, and that do no more. */
export function announcementOf(
  event: SloEvent,
  { service, instance }: Announcer,
): SloAnnouncement | undefined {
  if (event.status === 'burning' || event.status === 'recovered') return undefined;
  return { id: messageId(), service, instance, event: { ...event, summary: redact(event.summary) } };
}
