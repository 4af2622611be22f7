import { z } from 'zod';
import { durationMsOrZero, oneOf, options, policyName, textUpTo } from '../core/options.ts';
import type { IncidentCommand } from './commands/command.ts';
import type { Incident } from './incident/record.ts';
import { type Severity, severities } from './incident/severity.ts';
import type { Silence } from './manager/hub-change.ts';
import type { SilenceRequest } from './quiet/options.ts';
import type { PolicyRecovery } from './recovery/options.ts';
import type { RecoveryRequest } from './recovery/request.ts';

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

/** How a person resolves an incident. */
export interface ResolveOptions {
  /** Why it is over, up to 4 000 characters. */
  readonly reason?: string | undefined;
  /** Ids of checklist items that are left out, such as `impact.policy.checkout`. */
  readonly waive?: readonly string[] | undefined;
  /** Why they are; required with `waive`. */
  readonly waiveReason?: string | undefined;
}

/** Something that was changed and may have to do with an incident. */
export interface HubChangeNote {
  /** What was changed, up to 500 characters. */
  readonly what: string;
  /** Such as the version that was released, up to 100 characters. */
  readonly version?: string | undefined;
  /** Who changed it, up to 100 characters. */
  readonly by?: string | undefined;
}

/** How long a flush may take. */
export interface FlushOptions {
  /** In milliseconds, 0 or more. Default 5 000. */
  readonly timeoutMs?: number | undefined;
}

/** The incidents of a hub: `breakwater.incidents`. */
export interface Incidents {
  /** All that are kept, oldest first: the open ones and the latest of those that are over. */
  list(): readonly Incident[];
  /** The open ones, neither resolved nor closed, oldest first; at most one per policy beside a drill. */
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
   * Does what a person wants done to an incident: acknowledges it, adds a note, ticks an item of a checklist, and all
   * else that `IncidentCommand` lists.
   *
   * @throws {InvalidOptionsError} when an argument is wrong, there is no such incident, or something speaks against it,
   *   such as an item of a checklist that must be done before; `problems` has all of it
   * @throws {ClosedError} once the hub is closed
   */
  do(id: string, command: IncidentCommand): Incident;
  /** Says that somebody works on it, which ends the escalation. As `do(id, { do: 'acknowledge', by })`. */
  acknowledge(id: string, by: string): Incident;
  /**
   * Resolves an incident by hand, whatever the circuits' state, once what its checklists demand of it is done or waived.
   * A circuit that opens afterwards, a failed probe included, begins a new one; so do limits that go on turning calls
   * away, and an error budget that still burns once the short window of its alert has passed. Does nothing to an incident
   * that is over already, unless it resolved itself and shares its alert with other instances (`dedupScope: 'service'`):
   * then the alert ends.
   *
   * @param by who resolves it
   * @throws {InvalidOptionsError} when an argument is wrong, there is no such incident, or checklists speak against it
   */
  resolve(id: string, by: string, options?: ResolveOptions): Incident;
  /**
   * Tells of a release or another change, for incidents to come: each lists the recent ones.
   *
   * @throws {InvalidOptionsError} when an argument is wrong
   */
  change(note: HubChangeNote): void;
  /**
   * Keeps notifications of some incidents back until it ends, or is ended with `unsilence`. What is open then is told.
   *
   * @throws {InvalidOptionsError} when an argument is wrong, or there are 200 silences and maintenance windows
   */
  silence(request: SilenceRequest): Silence;
  /**
   * Ends a silence or a maintenance window before its time. Whether there was one. A window stays ended also after a
   * restart, as long as the options have it word for word; its id is `M-` and a hash of it.
   */
  unsilence(id: string, by: string): boolean;
  /** Silences and maintenance windows that hold or are to come. */
  silences(): readonly Silence[];
  /**
   * Why people were or were not told of an incident, one sentence each, oldest first; last, how it stands now.
   *
   * @throws {InvalidOptionsError} when there is no such incident
   */
  why(id: string): readonly string[];
  /**
   * What can be done about an incident, for its policy, for those that it depends on by its options, and for those that
   * depend on it: the runbook's steps, and what the library itself can do.
   *
   * @throws {InvalidOptionsError} when there is no such incident
   */
  recovery(id: string): readonly PolicyRecovery[];
  /**
   * Does something of it, or ends it: probes now, forces circuits open or closed for a time, switches the fallback on,
   * changes a limit. It is recorded on the incident, and so is its end.
   *
   * @throws {InvalidOptionsError} when an argument is wrong, there is no such incident, or it cannot be done
   * @throws {ClosedError} once the hub is closed
   */
  recover(id: string, request: RecoveryRequest): Incident;
  /**
   * Waits until everything is on disk and every notification and announcement is delivered or given up, at most
   * `timeoutMs`. Whether it came to that.
   *
   * @throws {InvalidOptionsError} as a rejection, when an argument is wrong
   */
  flush(options?: FlushOptions): Promise<boolean>;
}

export const declarationSchema = options({
  policy: policyName,
  summary: textUpTo(500),
  severity: oneOf(severities).optional(),
  by: textUpTo(100).optional(),
});

export const hubChangeSchema = options({
  what: textUpTo(500),
  version: textUpTo(100).optional(),
  by: textUpTo(100).optional(),
});

export const idSchema = options({ id: textUpTo(200) });

export const resolveSchema = options({
  id: textUpTo(200),
  by: textUpTo(100),
  reason: textUpTo(4_000).optional(),
  waive: z.array(textUpTo(200)).optional(),
  waiveReason: textUpTo(4_000).optional(),
});

export const unsilenceSchema = options({ id: textUpTo(200), by: textUpTo(100) });

export const flushSchema = options({ timeoutMs: durationMsOrZero.default(5_000) });
