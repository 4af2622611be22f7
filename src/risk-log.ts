import type { ChaosEvent, Events } from './core/events.ts';
import type { Logger } from './incidents/logger.ts';

/** Logs, at `warn`, what a policy's owner has to know of at once: hazards, and faults that are made on purpose. */
export function logRisks(events: Events, logger: Logger): void {
  events.on('hazard', ({ policy, code, message }) => {
    logger.warn({ policy, hazard: code }, `breakwater: ${message}`);
  });
  events.on('chaos', (event) => {
    const { policy, status, faults, until } = event;
    if (status !== 'fault')
      logger.warn({ policy, chaos: status, faults, until }, `breakwater: ${wordsFor(event)}`);
  });
}

function wordsFor({ policy, status, reason, faults = 0, until }: ChaosEvent): string {
  const end = until === undefined ? 'until it is switched off' : `until ${new Date(until).toISOString()}`;
  switch (status) {
    case 'on':
      return `chaos of policy '${policy}' is ON ${end}: faults are made on purpose (${reason})`;
    case 'still-on':
      return `chaos of policy '${policy}' is still ON ${end}: ${faults} faults made on purpose so far`;
    default:
      return `chaos of policy '${policy}' is off (${reason}): ${faults === 1 ? 'one fault was' : `${faults} faults were`} made on purpose`;
  }
}
