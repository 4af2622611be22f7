import type { IncidentTrigger } from '../incident/changes/change.ts';
import type { Severity } from '../incident/severity.ts';
import type { Silence } from '../manager/hub-change.ts';
import { matchesPattern } from './pattern.ts';

/** Most silences and maintenance windows that are kept at once. */
export const MAX_SILENCES = 200;

/** What a silence picks incidents by. */
export interface Silenced {
  readonly policy: string;
  readonly severity: Severity;
  readonly trigger: IncidentTrigger;
}

/** Silences and maintenance windows by their ids. It is given the wall-clock time, since people set their ends. */
export class Silences {
  readonly #byId = new Map<string, Silence>();

  /** Whether there was room for it. The same id again changes nothing. */
  add(silence: Silence, now: number): boolean {
    this.#forgetEnded(now);
    if (this.#byId.size >= MAX_SILENCES) return false;
    if (!this.#byId.has(silence.id)) this.#byId.set(silence.id, silence);
    return true;
  }

  /** Ends one before its time. Whether there was one. */
  end(id: string): boolean {
    return this.#byId.delete(id);
  }

  /** Those that hold or are to come, in the order in which they were made. */
  all(now: number): readonly Silence[] {
    return [...this.#byId.values()].filter(({ until }) => until > now);
  }

  /** Of those that keep such an incident back now, the one that does so longest. */
  holding(incident: Silenced, now: number): Silence | undefined {
    return this.all(now)
      .filter((silence) => silence.from <= now && picks(silence, incident))
      .sort((a, b) => b.until - a.until)[0];
  }

  #forgetEnded(now: number): void {
    for (const { id, until } of [...this.#byId.values()]) if (until <= now) this.#byId.delete(id);
  }
}

function picks({ policies, severities, triggers }: Silence, incident: Silenced): boolean {
  return (
    (policies?.some((pattern) => matchesPattern(pattern, incident.policy)) ?? true) &&
    (severities?.includes(incident.severity) ?? true) &&
    (triggers?.includes(incident.trigger) ?? true)
  );
}
