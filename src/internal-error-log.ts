import { monotonicNow } from './core/clock.ts';
import type { Events } from './core/events.ts';
import type { Logger } from './incidents/logger.ts';
import { summarizeError } from './incidents/redact.ts';

/** After a line about a policy and component, how long the next one waits, in milliseconds. */
const QUIET_MS = 60_000;

/** How many policies and components are remembered; past that all are forgotten, and so logged again. */
const MAX_REMEMBERED = 1_000;

/**
 * Logs what fails inside and is kept from the caller, at `warn`, at most once a minute for each policy and component;
 * `internal_errors_total` counts them all. What becomes of notifications the incidents log themselves.
 */
export function logInternalErrors(events: Events, logger: Logger): void {
  const loggedAt = new Map<string, number>();
  events.on('internal-error', ({ policy, component, error }) => {
    if (component === 'sink') return;
    const key = `${component}\u0000${policy}`;
    const now = monotonicNow();
    const last = loggedAt.get(key);
    if (last !== undefined && now - last < QUIET_MS && now >= last) return;
    if (loggedAt.size >= MAX_REMEMBERED) loggedAt.clear();
    loggedAt.set(key, now);
    logger.warn(
      { policy, component, error: summarizeError(error) },
      `breakwater: ${component} failed inside, and the call went on without it`,
    );
  });
}
