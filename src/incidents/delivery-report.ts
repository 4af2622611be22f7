import type { Outgoing } from './outgoing.ts';
import type { IncidentPorts } from './ports.ts';
import { summarizeError } from './redact.ts';
import type { Delivered } from './sink-queue.ts';

/**
 * Counts how a message to one sink ended, unless it was of a drill, and reports and logs one that did not arrive, unless
 * a later one stands for it.
 */
export function reportDelivery(
  { counters, report, logger }: Pick<IncidentPorts, 'counters' | 'report' | 'logger'>,
  { message, sink, result, tries, error, mergedInto }: Delivered<Outgoing>,
): void {
  const drill = message.type === 'incident notification' && message.drill;
  if (!drill) counters.notified(sink, result);
  if (result === 'delivered' || mergedInto !== undefined) return;
  const { type, id, policy, kind } = message;
  report(policy, 'sink', error);
  const incident = message.type === 'incident notification' ? { incident: message.incident } : {};
  logger.error(
    { ...incident, policy, sink, kind, notification: id, tries, error: summarizeError(error) },
    `An ${type} ${result === 'failed' ? 'failed' : 'was dropped'}`,
  );
}
