import { z } from 'zod';
import { durationMs, oneOf, options, policyName, shown, textUpTo } from '../../core/options.ts';
import { type Severity, severities } from '../incident/severity.ts';
import { listOf } from '../quiet/options.ts';
import { sinkName } from '../sinks/sink-name.ts';

/** Days of the week. */
export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
/** A day of the week. */
export type Weekday = (typeof weekdays)[number];

/** When a contact can be reached. */
export interface ContactHours {
  /** The days on which the hours begin. Default: all. */
  readonly days?: readonly Weekday[] | undefined;
  /** Local time such as `09:00`. */
  readonly from: string;
  /** Local time, `24:00` for midnight. Where it is not later than `from` it is on the next day. */
  readonly to: string;
  /** Such as `Asia/Tokyo`. Default `UTC`. */
  readonly timeZone?: string | undefined;
}

/** Somebody who is told, through sinks of their own. */
export interface Contact {
  /** 1 to 100 characters, unlike other contacts'. */
  readonly name: string;
  /** Names of sinks that reach them. */
  readonly sinks: readonly string[];
  /** Default: always. */
  readonly hours?: ContactHours | undefined;
}

/** Who is told of which incidents. The first route that fits is taken. */
export interface Route {
  /** Default: all. */
  readonly severities?: readonly Severity[] | undefined;
  /** Names of policies, where `*` stands for any characters. Default: all. */
  readonly policies?: readonly string[] | undefined;
  /**
   * Names of contacts by level: the first level is told at once, the next when nobody acknowledges in time. A level is
   * told as of something new also by a sink that knows of the incident; but PagerDuty and Opsgenie take that for the alert
   * that they have and call nobody anew, so that a contact to be called by them needs a sink with a key of their own.
   */
  readonly contacts?: readonly (readonly string[])[] | undefined;
  /** Names of sinks that are told whatever the hour. Default: all that belong to no contact. */
  readonly sinks?: readonly string[] | undefined;
}

/** Options of who is told, and when the next one is. */
export interface EscalationOptions {
  /** At most 100. Default: none; then all sinks are told. */
  readonly contacts?: readonly Contact[] | undefined;
  /** At most 100. Default: all incidents to all sinks. */
  readonly routes?: readonly Route[] | undefined;
  /** How long a level has to acknowledge before the next one is told. Default 900 000 ms. */
  readonly escalateAfterMs?: number | undefined;
}

const clockTime = z.custom<string>(
  (value) => typeof value === 'string' && /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(value),
  { error: (issue) => `must be a time such as 09:00, not ${shown(issue.input)}` },
);

const timeZone = z.custom<string>(
  (value) => {
    if (typeof value !== 'string') return false;
    try {
      new Intl.DateTimeFormat('en-US', { timeZone: value });
      return true;
    } catch {
      return false;
    }
  },
  { error: (issue) => `must be a time zone such as Asia/Tokyo, not ${shown(issue.input)}` },
);

const names = z
  .array(textUpTo(100), { error: (issue) => `must be an array of names, not ${shown(issue.input)}` })
  .max(100, { error: 'must have at most 100 entries' });

const contact = options({
  name: textUpTo(100),
  sinks: z
    .array(sinkName, { error: (issue) => `must be an array of names of sinks, not ${shown(issue.input)}` })
    .min(1, { error: 'must name at least one sink' }),
  hours: options({
    days: listOf(oneOf(weekdays), 'days'),
    from: clockTime,
    to: clockTime,
    timeZone: timeZone.default('UTC'),
  }).optional(),
});

const route = options({
  severities: listOf(oneOf(severities), 'severities'),
  policies: listOf(policyName, 'policies'),
  contacts: z
    .array(names.min(1, { error: 'must name at least one contact' }), {
      error: (issue) => `must be an array of levels, each an array of names, not ${shown(issue.input)}`,
    })
    .max(20, { error: 'must have at most 20 levels' })
    .default([]),
  sinks: z
    .array(sinkName, { error: (issue) => `must be an array of names of sinks, not ${shown(issue.input)}` })
    .optional(),
});

/** The part of the incidents' options that says who is told. */
export const escalationShape = {
  contacts: z
    .array(contact, { error: (issue) => `must be an array of contacts, not ${shown(issue.input)}` })
    .max(100, { error: 'must be at most 100 contacts' })
    .default([]),
  routes: z
    .array(route, { error: (issue) => `must be an array of routes, not ${shown(issue.input)}` })
    .max(100, { error: 'must be at most 100 routes' })
    .default([]),
  escalateAfterMs: durationMs.default(900_000),
};

/** A checked contact. */
export type ContactSettings = z.output<typeof contact>;
/** A checked route. */
export type RouteSettings = z.output<typeof route>;

/** What is checked together: names must be known, and each contact's its own. */
export interface NamedParts {
  readonly sinks: readonly { readonly name: string }[];
  readonly contacts: readonly ContactSettings[];
  readonly routes: readonly RouteSettings[];
}

/** Where a name is used twice, or one is not known. */
export function namingProblems({ sinks, contacts, routes }: NamedParts): readonly {
  readonly path: readonly (string | number)[];
  readonly message: string;
}[] {
  const isSink = (name: string): boolean => sinks.some((sink) => sink.name === name);
  const isContact = (name: string): boolean => contacts.some((known) => known.name === name);
  return [
    ...contacts.flatMap(({ name, sinks: own }, at) => [
      ...(contacts.findIndex((other) => other.name === name) === at
        ? []
        : [{ path: ['contacts', at, 'name'], message: `'${name}' is the name of another contact` }]),
      ...own.flatMap((sink, place) =>
        isSink(sink)
          ? []
          : [{ path: ['contacts', at, 'sinks', place], message: `there is no sink of the name '${sink}'` }],
      ),
    ]),
    ...routes.flatMap((route, at) => [
      ...route.contacts.flatMap((level, number) =>
        level.flatMap((name, place) =>
          isContact(name)
            ? []
            : [
                {
                  path: ['routes', at, 'contacts', number, place],
                  message: `there is no contact of the name '${name}'`,
                },
              ],
        ),
      ),
      ...(route.sinks ?? []).flatMap((sink, place) =>
        isSink(sink)
          ? []
          : [{ path: ['routes', at, 'sinks', place], message: `there is no sink of the name '${sink}'` }],
      ),
    ]),
  ];
}
