import { z } from 'zod';
import { flag, oneOf, options, text } from '../../../core/options.ts';
import { endpointOption, fetchOption, linkOption } from '../../http/options.ts';
import { type Severity, severities } from '../../incident/severity.ts';
import { type RunbookUrl, runbookUrlOption } from '../link-options.ts';
import { sinkName } from '../sink-name.ts';

/** PagerDuty's severities. */
export const pagerDutySeverities = ['critical', 'error', 'warning', 'info'] as const;
/** A severity as PagerDuty knows it. */
export type PagerDutySeverity = (typeof pagerDutySeverities)[number];

/** Options of `pagerDutySink()`. */
export interface PagerDutySinkOptions {
  /** The integration key of a service's "Events API v2" integration, 32 characters. Never logged. */
  readonly routingKey: string;
  /** Where the account is. Default `us`. */
  readonly region?: 'us' | 'eu' | undefined;
  /** Where to post to instead, such as a proxy: https, or loopback. Default: PagerDuty's address in `region`. */
  readonly url?: string | URL | undefined;
  /** What is shown as the sender. Default `breakwater`. */
  readonly client?: string | undefined;
  /** Where the sender can be looked at, such as a dashboard. Default: none. */
  readonly clientUrl?: string | undefined;
  /** PagerDuty's severity by ours. Default: Critical critical, High error, Medium warning, Low info. */
  readonly severities?: Readonly<Partial<Record<Severity, PagerDutySeverity>>> | undefined;
  /** A runbook to link to: one URL for all policies, or one by policy. Default: none. */
  readonly runbookUrl?: RunbookUrl | undefined;
  /** Lets a plain http URL be used that is not a loopback one. Default false. */
  readonly allowInsecure?: boolean | undefined;
  /** What to post with. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The sink's name. Default `pagerduty`. */
  readonly name?: string | undefined;
}

/** Checks `PagerDutySinkOptions`, given what they say of `allowInsecure`. */
export function pagerDutySinkSchema(allowInsecure: boolean) {
  return options({
    routingKey: z.custom<string>((value) => typeof value === 'string' && /^[A-Za-z0-9]{32}$/.test(value), {
      error: 'must be an integration key of 32 letters and digits',
    }),
    region: oneOf(['us', 'eu']).default('us'),
    url: endpointOption(allowInsecure).optional(),
    client: text.default('breakwater'),
    clientUrl: linkOption.optional(),
    severities: z.partialRecord(z.enum(severities), oneOf(pagerDutySeverities)).default({}),
    runbookUrl: runbookUrlOption.optional(),
    allowInsecure: flag.default(false),
    fetch: fetchOption.optional(),
    name: sinkName.default('pagerduty'),
  });
}
