import { z } from 'zod';
import { flag, oneOf, options, shown } from '../../../core/options.ts';
import { endpointOption, fetchOption, secretOption } from '../../http/options.ts';
import { type Severity, severities } from '../../incident/severity.ts';
import { type RunbookUrl, runbookUrlOption } from '../link-options.ts';
import { sinkName } from '../sink-name.ts';

/** Opsgenie's priorities, the highest first. */
export const opsgeniePriorities = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
/** A priority as Opsgenie knows it. */
export type OpsgeniePriority = (typeof opsgeniePriorities)[number];

/** Who is called, by id, or by name (a user: by `username`). */
export interface OpsgenieResponder {
  /** What the id or name is one of. */
  readonly type: 'team' | 'user' | 'escalation' | 'schedule';
  /** Opsgenie's own id of it. */
  readonly id?: string | undefined;
  /** Its name; a user has none. */
  readonly name?: string | undefined;
  /** Of a user, the e-mail address. */
  readonly username?: string | undefined;
}

/** Options of `opsgenieSink()`. */
export interface OpsgenieSinkOptions {
  /** The key of an API integration. Never logged. */
  readonly apiKey: string;
  /** Opsgenie in the `us` (default) or the `eu`, or `jsm`: the alerts of Jira Service Management. */
  readonly region?: 'us' | 'eu' | 'jsm' | undefined;
  /** What stands before `/v2/alerts` instead: https, or loopback. Default: the address of `region`. */
  readonly url?: string | URL | undefined;
  /** Who is called, at most 50. Default: whom the integration calls. */
  readonly responders?: readonly OpsgenieResponder[] | undefined;
  /** Tags beside `breakwater`, the severity and `drill`, at most 16 of 1 to 50 characters. Default: none. */
  readonly tags?: readonly string[] | undefined;
  /** Opsgenie's priority by our severity. Default: Critical P1, High P2, Medium P3, Low P4. */
  readonly priorities?: Readonly<Partial<Record<Severity, OpsgeniePriority>>> | undefined;
  /** A runbook to link to: one URL for all policies, or one by policy. Default: none. */
  readonly runbookUrl?: RunbookUrl | undefined;
  /** Lets a plain http URL be used that is not a loopback one. Default false. */
  readonly allowInsecure?: boolean | undefined;
  /** What to post with. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The sink's name. Default `opsgenie`. */
  readonly name?: string | undefined;
}

const short = z.custom<string>((value) => typeof value === 'string' && value !== '' && value.length <= 200, {
  error: 'must be a string of 1 to 200 characters',
});

const responder = options({
  type: oneOf(['team', 'user', 'escalation', 'schedule']),
  id: short.optional(),
  name: short.optional(),
  username: short.optional(),
}).refine(({ id, name, username }) => id !== undefined || name !== undefined || username !== undefined, {
  error: 'must have an id, a name or a username',
});

const tag = z.custom<string>((value) => typeof value === 'string' && /^[^,\s]{1,50}$/u.test(value), {
  error: (issue) =>
    `must be a tag of 1 to 50 characters without spaces and commas, not ${shown(issue.input)}`,
});

/** Checks `OpsgenieSinkOptions`, given what they say of `allowInsecure`. */
export function opsgenieSinkSchema(allowInsecure: boolean) {
  return options({
    apiKey: secretOption('the key of an API integration'),
    region: oneOf(['us', 'eu', 'jsm']).default('us'),
    url: endpointOption(allowInsecure).optional(),
    responders: z.array(responder).max(50, { error: 'must be at most 50 responders' }).default([]),
    tags: z.array(tag).max(16, { error: 'must be at most 16 tags' }).default([]),
    priorities: z.partialRecord(z.enum(severities), oneOf(opsgeniePriorities)).default({}),
    runbookUrl: runbookUrlOption.optional(),
    allowInsecure: flag.default(false),
    fetch: fetchOption.optional(),
    name: sinkName.default('opsgenie'),
  });
}
