import { parseOptions } from '../../../core/options.ts';
import type { Logger } from '../../logger.ts';
import type { Notification } from '../../notification.ts';
import type { Sink } from '../../sink.ts';
import { type LogSinkOptions, logSinkSchema } from './options.ts';

/**
 * Logs each notification in one line: an incident that is Critical or High at `error`, the others and updates at
 * `warn`, a resolved one at `info`.
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
        dedupKey: notification.dedupKey,
        notification: notification.id,
      };
      const target = own ?? logger;
      target[levelOf(notification)](fields, `Incident ${notification.kind}: ${notification.summary}`);
      return { detail: 'logged' };
    },
  };
}

function levelOf({ kind, severity }: Notification): Exclude<keyof Logger, 'debug'> {
  if (kind === 'resolved') return 'info';
  return kind === 'opened' && (severity === 'Critical' || severity === 'High') ? 'error' : 'warn';
}
