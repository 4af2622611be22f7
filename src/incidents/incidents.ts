import { z } from 'zod';
import { durationMsOrZero, oneOf, options, policyName, shown } from '../core/options.ts';
import type { Incident } from './incident/record.ts';
import { type Severity, severities } from './incident/severity.ts';

/** An incident that a person declares. */
export interface IncidentDeclaration {
  /** The policy it is about. */
  readonly policy: string;
  /** What is the matter, one sentence of up to 500 characters. */
  readonly summary: string;
  /** Default: what the severity rule says. */
  readonly severity?: Severity | undefined;
  /** Who declares it, up to 100 characters. */
  readonly by?: string | undefined;
}

/** How long a flush may take. */
export interface FlushOptions {
  /** In milliseconds, 0 or more. Default 5 000. */
  readonly timeoutMs?: number | undefined;
}

/** The incidents of a hub: `breakwater.incidents`. */
export interface Incidents {
  /** All that are kept, oldest first: the open ones and the latest resolved ones. */
  list(): readonly Incident[];
  /** The open ones, oldest first; at most one per policy. */
  open(): readonly Incident[];
  /** The incident of that id; `undefined` when there is none, or none any more. */
  get(id: string): Incident | undefined;
  /**
   * Declares an incident by hand, or adds to the one that is open for the policy. One that a person began is only
   * resolved by a person.
   *
   * @throws {InvalidOptionsError} when an argument is wrong or there is no such policy
   * @throws {ClosedError} once the hub is closed
   */
  declare(declaration: IncidentDeclaration): Incident;
  /**
   * Resolves an incident by hand, whatever the circuits' state. A circuit that opens afterwards, a failed probe
   * included, begins a new one. Does nothing to an incident that is resolved already.
   *
   * @param by who resolves it
   * @throws {InvalidOptionsError} when an argument is wrong or there is no such incident
   */
  resolve(id: string, by: string): Incident;
  /**
   * Waits until every notification and announcement is delivered or given up, at most `timeoutMs`. Whether it came to that.
   *
   * @throws {InvalidOptionsError} as a rejection, when an argument is wrong
   */
  flush(options?: FlushOptions): Promise<boolean>;
}

function text(maxLength: number) {
  return z.custom<string>(
    (value) => typeof value === 'string' && value.trim() !== '' && value.length <= maxLength,
    { error: (issue) => `must be a string of 1 to ${maxLength} characters, not ${shown(issue.input)}` },
  );
}

export const declarationSchema = options({
  policy: policyName,
  summary: text(500),
  severity: oneOf(severities).optional(),
  by: text(100).optional(),
});

export const resolveSchema = options({ id: text(200), by: text(100) });

export const flushSchema = options({ timeoutMs: durationMsOrZero.default(5_000) });
