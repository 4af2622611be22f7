import type { Severity } from '../incident/severity.ts';
import { matchesPattern } from '../quiet/pattern.ts';
import { isOnDuty } from './hours.ts';
import type { ContactSettings, RouteSettings } from './options.ts';

/** What routes pick incidents by. */
export interface Routed {
  readonly policy: string;
  readonly severity: Severity;
}

/** A level of a route: who is told, and why they are. */
export interface Level {
  /** 1 for the first. */
  readonly number: number;
  readonly contacts: readonly ContactSettings[];
  /** Whether all of them are told although it is nobody's hour. */
  readonly outOfHours: boolean;
}

/** Who is told of which incidents, and who next. It decides only, and is given the wall-clock time. */
export class Routing {
  readonly #sinks: readonly string[];
  readonly #contacts: ReadonlyMap<string, ContactSettings>;
  readonly #routes: readonly RouteSettings[];

  constructor(
    sinks: readonly string[],
    contacts: readonly ContactSettings[],
    routes: readonly RouteSettings[],
  ) {
    this.#sinks = sinks;
    this.#contacts = new Map(contacts.map((contact) => [contact.name, contact]));
    this.#routes = routes;
  }

  /** Which route such an incident falls under, by its place; -1 for none. */
  routeOf({ policy, severity }: Routed): number {
    return this.#routes.findIndex(
      ({ policies, severities }) =>
        (policies?.some((pattern) => matchesPattern(pattern, policy)) ?? true) &&
        (severities?.includes(severity) ?? true),
    );
  }

  /** Sinks that are told of such an incident whoever is on duty. Without a route that fits, all. */
  sinksFor(incident: Routed): readonly string[] {
    const route = this.#routeOf(incident);
    if (route === undefined) return this.#sinks;
    return route.sinks ?? this.#sinks.filter((name) => !this.#belongsToAContact(name));
  }

  /**
   * The first level above `after` on which somebody is on duty. Where nobody is on any level, level 1 is told
   * whatever the hour: an incident that reaches nobody is worse than one that wakes somebody up.
   */
  levelAbove(after: number, incident: Routed, at: number): Level | undefined {
    const levels = this.#routeOf(incident)?.contacts ?? [];
    const known = levels.map((names) => names.flatMap((name) => this.#contacts.get(name) ?? []));
    for (const [place, contacts] of known.entries()) {
      const onDuty = contacts.filter((contact) => isOnDuty(contact, at));
      if (place + 1 > after && onDuty.length > 0)
        return { number: place + 1, contacts: onDuty, outOfHours: false };
    }
    const [first] = known;
    if (after > 0 || first === undefined) return undefined;
    return { number: 1, contacts: first, outOfHours: true };
  }

  /** Whether there is a level above `after`, whoever is on duty. */
  hasLevelAbove(after: number, incident: Routed): boolean {
    return (this.#routeOf(incident)?.contacts.length ?? 0) > after;
  }

  #routeOf(incident: Routed): RouteSettings | undefined {
    return this.#routes[this.routeOf(incident)];
  }

  #belongsToAContact(sink: string): boolean {
    return [...this.#contacts.values()].some(({ sinks }) => sinks.includes(sink));
  }
}
