import { wallNow } from '../../core/clock.ts';
import type { Level, Routing } from '../escalation/routing.ts';
import type { IncidentRecord } from '../incident/record.ts';
import { isWorse } from '../incident/severity.ts';
import { isBefore } from '../incident/status.ts';
import type { Watch } from '../watch.ts';
import type { Ledger } from './ledger.ts';

/** Whom an incident's route names, which of them were told, and when the next ones are. */
export class Contacts {
  readonly #ledger: Ledger;
  readonly #routing: Routing;
  readonly #escalateAfterMs: number;

  constructor(ledger: Ledger, routing: Routing, escalateAfterMs: number) {
    this.#ledger = ledger;
    this.#routing = routing;
    this.#escalateAfterMs = escalateAfterMs;
  }

  /** The first level above `after` that is to be told now. */
  levelAbove(after: number, record: IncidentRecord): Level | undefined {
    return this.#routing.levelAbove(after, record, wallNow());
  }

  /** Sinks that are told of the incident whoever is on duty. */
  sinksFor(record: IncidentRecord): readonly string[] {
    return this.#routing.sinksFor(record);
  }

  /** Sinks that hear of the incident when it begins. */
  firstSinks(record: IncidentRecord): readonly string[] {
    return [...new Set([...this.sinksFor(record), ...sinksOf(this.levelAbove(0, record))])];
  }

  /** Records that a level is told. */
  tell({ record, telling }: Watch, level: Level | undefined, because: string): void {
    if (level === undefined) return;
    telling.level = level.number;
    const why = level.outOfHours
      ? `${because} It is nobody's hour, so that the first level is told.`
      : because;
    for (const { name, sinks } of level.contacts) {
      this.#ledger.record(record, {
        type: 'escalated',
        at: wallNow(),
        contact: name,
        level: level.number,
        via: [...sinks],
        why,
      });
    }
  }

  /** Has the next level wait for somebody to acknowledge, if there is one. */
  awaitAcknowledgement({ record, telling }: Watch, now: number): void {
    const waits =
      isBefore(record.status, 'acknowledged') && this.#routing.hasLevelAbove(telling.level, record);
    telling.escalateAt = waits ? now + this.#escalateAfterMs : Number.POSITIVE_INFINITY;
  }

  /** It is told by the route that it falls under now. */
  follow({ record, telling }: Watch): void {
    telling.route = this.#routing.routeOf(record);
    telling.toldAs = record.severity;
  }

  /**
   * Goes on where another process stopped. Whether nobody is told yet of those whom its route names: it came under that
   * route too late.
   */
  resume(watch: Watch): boolean {
    const { record, telling } = watch;
    this.follow(watch);
    const isNew =
      isBefore(record.status, 'acknowledged') &&
      telling.level === 0 &&
      this.#routing.hasLevelAbove(0, record);
    if (isNew) telling.route = undefined;
    return isNew;
  }

  /**
   * The first level of the route that it falls under now, where that is another one than it was told by. While somebody
   * works on it, it is told only of what became worse.
   */
  levelOfNewRoute({ record, telling }: Watch): Level | undefined {
    const { toldAs } = telling;
    if (this.#routing.routeOf(record) === telling.route) return undefined;
    telling.level = 0;
    const isTended = !isBefore(record.status, 'acknowledged');
    if (isTended && toldAs !== undefined && !isWorse(record.severity, toldAs)) return undefined;
    return this.levelAbove(0, record);
  }
}

/** The sinks of a level's contacts. */
export function sinksOf(level: Level | undefined): readonly string[] {
  return level?.contacts.flatMap(({ sinks }) => sinks) ?? [];
}
