import type { Events } from './core/events.ts';
import { updateText } from './core/update-text.ts';
import type { Logger } from './incidents/logger.ts';

/** Logs, at `info`, each change of a policy's options while it runs. */
export function logUpdates(events: Events, logger: Logger): void {
  events.on('update', (event) => {
    const { policy, status, keys } = event;
    logger.info({ policy, update: status, keys }, `breakwater: options changed of ${updateText(event)}`);
  });
}
