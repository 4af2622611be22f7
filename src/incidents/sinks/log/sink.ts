import { parseOptions } from '../../../core/options.ts';
import type { AnnouncedSloEvent } from '../../announcement.ts';
import type { Logger } from '../../logger.ts';
import type { Notification } from '../../notification.ts';
import type { Sink } from '../../sink.ts';
import { alertKey, markedSummary } from '../told.ts';
import { type LogSinkOptions, logSinkSchema } from './options.ts';

/**
 * Logs each notification in one line: an incident that is Critical or High at `error`, the others and updates at
 * `warn`, a resolved one at `info`. A freeze of releases is announced at `warn`, its end at `info`.
 *
 * @throws {InvalidOptionsError} when an option is wrong
 */
export function logSink(options: LogSinkOptions = {}): Sink {
  const { name, logger: own } = parseOptions(logSinkSchema, options, '', 'Options of logSink()');
  return {
    name,
    send(notification, { logger }) {
      const { incident } = notification;
      const fields = {
        incident: incident.id,
        policy: incident.policy,
        kind: notification.kind,
        status: incident.status,
        severity: notification.severity,
        why: incident.why,
        dedupKey: alertKey(notification),
        notification: notification.id,
        ...(incident.drill ? { drill: true } : {}),
      };
      const target = own ?? logger;
      target[levelOf(notification)](fields, `Incident ${notification.kind}: ${markedSummary(notification)}`);
      return { detail: 'logged' };
    },
    announce({ id, event }, { logger }) {
      const { status, summary, time: _, ...facts } = event;
      const target = own ?? logger;
      target[announcementLevels[status]](
        { ...facts, kind: status, notification: id },
        `SLO ${status}: ${summary}`,
      );
      return { detail: 'logged' };
    },
  };
}

const announcementLevels = {
  frozen: 'warn',
  thawed: 'info',
} as const satisfies Readonly<Record<AnnouncedSloEvent['status'], keyof Logger>>;

function levelOf({ kind, severity }: Notification): Exclude<keyof Logger, 'debug'> {
  if (kind === 'resolved') return 'info';
  return kind === 'opened' && (severity === 'Critical' || severity === 'High') ? 'error' : 'warn';
}
