import { runWithoutDeadline } from '../core/ambient-deadline.ts';
import type { AnnouncedSloEvent, SloAnnouncement } from './announcement.ts';
import { isOpen } from './incident/status.ts';
import type { Notification, NotificationKind } from './notification.ts';
import type { Queued } from './sink-queue.ts';

/** A notification of an incident, on its way to the sinks. */
export interface OutgoingNotification extends Queued {
  readonly type: 'incident notification';
  readonly kind: NotificationKind;
  readonly incident: string;
  readonly drill: boolean;
}

/** An announcement of what an error budget does, on its way to the sinks that take some. */
export interface OutgoingAnnouncement extends Queued {
  readonly type: 'SLO announcement';
  readonly kind: AnnouncedSloEvent['status'];
}

/** What goes to the sinks. */
export type Outgoing = OutgoingNotification | OutgoingAnnouncement;

/** @param sinks names of those that it is for */
export function outgoingNotification(
  notification: Notification,
  sinks: readonly string[],
): OutgoingNotification {
  const { id, kind, incident } = notification;
  return {
    type: 'incident notification',
    id,
    kind,
    policy: incident.policy,
    incident: incident.id,
    drill: incident.drill,
    subject: incident.id,
    expendable: kind === 'updated',
    mergeable: kind === 'updated',
    lasts: isOpen(incident.status),
    isFor: ({ name }) => sinks.includes(name),
    send: (sink, context) => runWithoutDeadline(() => sink.send(notification, context)),
  };
}

/** Expendable, since what begins and ends an incident must not make room for it. */
export function outgoingAnnouncement(announcement: SloAnnouncement): OutgoingAnnouncement {
  const { id, event } = announcement;
  return {
    type: 'SLO announcement',
    id,
    kind: event.status,
    policy: event.policy,
    subject: `slo/${event.policy}`,
    expendable: true,
    mergeable: false,
    lasts: false,
    isFor: (sink) => sink.announce !== undefined,
    send: (sink, context) => sink.announce?.(announcement, context),
  };
}
