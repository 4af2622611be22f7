import type { SloEvent, SloFrozenEvent, SloThawedEvent } from '../core/slo-events.ts';
import { messageId } from './message-id.ts';
import { redact } from './redact.ts';

/** What happens to an error budget and is told to people, though it is no incident. Told apart by `status`. */
export type AnnouncedSloEvent = SloFrozenEvent | SloThawedEvent;

/**
 * What a sink is asked to announce: releases of what calls a policy should wait (`frozen`), or nothing speaks against
 * them any more (`thawed`). Each instance tells what it sees itself.
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

/** `undefined` for what is not announced but begins, joins or ends an incident: budgets that burn, or are spent. */
export function announcementOf(
  event: SloEvent,
  { service, instance }: Announcer,
): SloAnnouncement | undefined {
  if (event.status !== 'frozen' && event.status !== 'thawed') return undefined;
  return { id: messageId(), service, instance, event: { ...event, summary: redact(event.summary) } };
}
