import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { IncidentEvent } from '../../core/events.ts';
import type { Routing } from '../escalation/routing.ts';
import type { IncidentRecord } from '../incident/record.ts';
import { isOverHereOnly } from '../incident/shared-alert.ts';
import { isBefore, isOpen } from '../incident/status.ts';
import { messageId } from '../message-id.ts';
import { messages } from '../messages.ts';
import type { NotificationKind } from '../notification.ts';
import type { IncidentPorts } from '../ports.ts';
import type { Quiet } from '../quiet/quiet.ts';
import type { Upstream } from '../quiet/upstream.ts';
import type { IncidentRegister } from '../register.ts';
import type { Watch } from '../watch.ts';
import { Contacts, sinksOf } from './contacts.ts';
import { Digests } from './digests.ts';
import type { Ledger } from './ledger.ts';
import { newPartId } from './part-id.ts';
import type { Sender } from './sender.ts';
import type { DeliveredNotification, Hold } from './telling.ts';

/** What a `Teller` works with. */
export interface TellerParts {
  readonly ports: Pick<IncidentPorts, 'events'>;
  readonly ledger: Ledger;
  readonly register: IncidentRegister;
  readonly sender: Sender;
  readonly quiet: Quiet;
  readonly routing: Routing;
  readonly escalateAfterMs: number;
  /** How long what an incident waits for must be over. */
  readonly resolveAfterMs: number;
  /** The open incident that the incident waits for. */
  readonly upstreamOf: (incident: IncidentRecord) => Upstream | undefined;
}

/** How something is told. */
export interface TellOptions {
  /** Whether it is told although the incident flaps or much was told of it. Default false. */
  readonly urgent?: boolean;
}

/**
 * Tells people of incidents: by whom a route names, when nothing holds it back, and the next ones when nobody
 * acknowledges. What is held back is pending until what holds it ends; nothing is forgotten but what is over before.
 */
export class Teller {
  readonly #parts: TellerParts;
  readonly #contacts: Contacts;
  readonly #digests: Digests;

  constructor(parts: TellerParts) {
    this.#parts = parts;
    this.#contacts = new Contacts(parts.ledger, parts.routing, parts.escalateAfterMs);
    this.#digests = new Digests({
      ...parts,
      contacts: this.#contacts,
      release: (watch) => this.#release(watch),
      open: (watch, summary, digest) => this.#open(watch, summary, digest),
      markTold: (watch) => this.#markTold(watch),
    });
  }

  /** An incident began, or is back. */
  begin(watch: Watch, summary: string): void {
    const { record, telling } = watch;
    const mayWait = !record.drill && record.trigger !== 'person' && record.status === 'detected';
    const upstream = mayWait ? this.#parts.upstreamOf(record) : undefined;
    if (upstream !== undefined) {
      telling.upstream = { ...upstream, overAt: undefined };
      this.#list(upstream, record);
    }
    telling.add(summary, true);
    this.#release(watch);
    this.#emit(record, 'opened');
  }

  /** Goes on where another process stopped: what nobody was told of is told, unless something holds it back. */
  resume(watch: Watch): void {
    const { record, telling } = watch;
    if (!isOpen(record.status)) {
      this.#tellLate(watch);
      return;
    }
    if (telling.told) {
      if (this.#contacts.resume(watch)) this.update(watch, record.summary, { urgent: true });
      if (telling.escalateAt === Number.POSITIVE_INFINITY)
        this.#contacts.awaitAcknowledgement(watch, monotonicNow());
      return;
    }
    this.begin(watch, record.summary);
  }

  /** Something happened that people should know. Of one that is over, only those hear it who were told that it is. */
  update(watch: Watch, summary: string, { urgent = false }: TellOptions = {}): void {
    const { record, telling } = watch;
    if (isOpen(record.status)) {
      telling.add(summary, urgent);
      this.#release(watch);
    } else if (this.#parts.quiet.silenceOf(watch) === undefined) {
      this.#parts.sender.send(record, { kind: 'updated', summary, sinks: [...telling.former] });
    }
    this.#emit(record, 'updated');
  }

  /** What people know is back: they are told, and from the first level on until somebody acknowledges. */
  relapse(watch: Watch, summary: string): void {
    watch.telling.level = 0;
    this.update(watch, summary, { urgent: true });
    this.#contacts.awaitAcknowledgement(watch, monotonicNow());
  }

  /**
   * It is over, which is told at once to all who know of it; it ends an alert and makes none.
   *
   * @param kind `updated` where others may still be affected
   */
  end(watch: Watch, kind: Extract<NotificationKind, 'resolved' | 'updated'>, summary: string): void {
    const { record, telling } = watch;
    const { hold, muted, carries } = telling;
    const isKnown = telling.told || telling.digest !== undefined;
    const sinks = isKnown ? this.#known(watch) : [];
    telling.forget();
    for (const name of sinks) telling.former.add(name);
    if (isKnown) this.#parts.sender.send(record, { kind, summary, sinks });
    else if (record.severity === 'Critical' && hold !== undefined && !muted) {
      // Told when no silence holds it back any more: a critical incident is not kept from people for good.
      telling.hold = hold;
      telling.add(messages.notToldBefore(hold.text, summary), true);
      this.#tellLate(watch);
    }
    this.#emit(record, 'resolved');
    if (carries) this.#digests.carrierEnded(record.id);
  }

  /** What was over here is over for all who share its alert: those who were told the one are told the other. */
  endForAll({ record, telling }: Watch, summary: string): void {
    this.#parts.sender.send(record, { kind: 'resolved', summary, sinks: [...telling.former] });
    this.#emit(record, 'updated');
  }

  /**
   * A notification came to its end at a sink. One that the beginning did not reach hears of it with what comes next, or,
   * where what came next was on its way already, right after that.
   */
  delivered(watch: Watch, { notification, kind, sink, result }: DeliveredNotification): void {
    const { record, telling } = watch;
    if (kind === 'opened' && result !== 'delivered') telling.missed(sink, notification);
    if (kind !== 'updated' || result !== 'delivered' || !isOpen(record.status)) return;
    const isMissing = telling.sinks.has(sink) && !telling.knows(sink);
    if (isMissing && this.#parts.quiet.silenceOf(watch) === undefined)
      this.#openAt(watch, record.summary, [sink]);
  }

  /** This process ends while the incident is open. */
  closing(watch: Watch): void {
    const { record, telling } = watch;
    const { ledger, sender } = this.#parts;
    const journaled = ledger.journal !== undefined;
    const text = journaled ? messages.closingForNow : messages.closing;
    ledger.record(record, { type: 'noted', at: wallNow(), id: newPartId('n'), text, deadEnd: false });
    if (telling.told)
      sender.send(record, { kind: 'updated', summary: text, sinks: [...telling.sinks.keys()] });
    this.#emit(record, 'updated');
  }

  /** When the incident is to be looked at because of people, on the monotonic clock. */
  nextAt({ record, telling }: Watch, now: number): number {
    const wall = wallNow();
    if (!isOpen(record.status)) return telling.holdEndsAt(now, wall);
    return telling.nextAt(now, wall, this.#parts.resolveAfterMs);
  }

  /** Does what is due: tells what nothing holds back any more, the next level, and that an update is due. */
  look(watch: Watch, now: number): void {
    if (!isOpen(watch.record.status)) {
      this.#tellLate(watch);
      return;
    }
    this.#digests.outlive(watch, now);
    this.#release(watch);
    this.#escalate(watch, now);
    this.#remind(watch);
  }

  /** Tells of many incidents that began at once. */
  tellTogether(watches: readonly Watch[]): void {
    this.#digests.tellTogether(watches);
  }

  /** Tells what is pending, unless something holds it back. */
  #release(watch: Watch): void {
    const { telling } = watch;
    const { pending } = telling;
    if (pending === undefined) return;
    const now = monotonicNow();
    const hold = this.#parts.quiet.holdOf(watch, now);
    if (hold !== undefined) {
      this.#holdBack(watch, hold);
      return;
    }
    const wasHeld = telling.hold;
    telling.pending = undefined;
    telling.hold = undefined;
    if (!telling.told) {
      const { summary } = watch.record;
      this.#open(watch, wasHeld === undefined ? pending.summary : messages.wasHeld(summary, wasHeld.text));
      return;
    }
    const summary = pending.count > 1 ? messages.latestOf(pending.summary, pending.count) : pending.summary;
    telling.updates.count(now);
    const level = this.#contacts.levelOfNewRoute(watch);
    this.#markTold(watch);
    this.#contacts.tell(watch, level, 'The route that it falls under now names them.');
    this.#update(watch, summary, [...new Set([...this.#known(watch), ...sinksOf(level)])]);
    if (level !== undefined) this.#contacts.awaitAcknowledgement(watch, now);
  }

  /** People know of it from here on. */
  #markTold(watch: Watch): void {
    const { record, telling } = watch;
    if (record.status === 'detected') this.#parts.ledger.record(record, { type: 'declared', at: wallNow() });
    telling.told = true;
    telling.pending = undefined;
    telling.hold = undefined;
    this.#contacts.follow(watch);
  }

  #holdBack({ record, telling }: Watch, hold: Hold): void {
    const before = telling.hold;
    telling.hold = hold;
    const isKnown =
      before?.because === hold.because && (before.text === hold.text || hold.because === 'rate-limit');
    if (!isKnown) this.#parts.ledger.record(record, { type: 'held-back', at: wallNow(), ...hold });
  }

  /** Tells the first level. */
  #open(watch: Watch, summary: string, digest?: Parameters<Sender['send']>[1]['digest']): void {
    const { record, telling } = watch;
    const now = monotonicNow();
    this.#markTold(watch);
    telling.updates.count(now);
    const level = this.#contacts.levelAbove(telling.level, record);
    this.#contacts.tell(watch, level, 'The route of the incident names them.');
    this.#openAt(watch, summary, [...this.#known(watch), ...sinksOf(level)], digest);
    telling.digest = undefined;
    this.#contacts.awaitAcknowledgement(watch, now);
  }

  /** To a sink that does not know of it the incident opens, whatever others are told. */
  #update(watch: Watch, summary: string, sinks: readonly string[]): void {
    const { record, telling } = watch;
    const others = sinks.filter((name) => !telling.knows(name));
    const knowing = sinks.filter((name) => telling.knows(name));
    this.#openAt(watch, messages.openedLate(record.summary, summary), others);
    this.#parts.sender.send(record, { kind: 'updated', summary, sinks: knowing });
  }

  #openAt(
    { record, telling }: Watch,
    summary: string,
    sinks: readonly string[],
    digest?: Parameters<Sender['send']>[1]['digest'],
  ): void {
    const id = messageId();
    const all = [...new Set(sinks)];
    for (const name of all) telling.sinks.set(name, id);
    const more = digest === undefined ? {} : { digest };
    this.#parts.sender.send(record, { id, kind: 'opened', summary, sinks: all, ...more });
  }

  /** Sinks that know of it, and those that should by its route as it is now. */
  #known({ record, telling }: Watch): readonly string[] {
    const inDigest = telling.digest?.sinks ?? [];
    return [...new Set([...telling.sinks.keys(), ...inDigest, ...this.#contacts.sinksFor(record)])];
  }

  #escalate(watch: Watch, now: number): void {
    const { record, telling } = watch;
    if (telling.escalateAt > now) return;
    telling.escalateAt = Number.POSITIVE_INFINITY;
    if (!isBefore(record.status, 'acknowledged')) return;
    const hold = this.#parts.quiet.silenceOf(watch);
    if (hold?.until !== undefined) {
      telling.escalateAt = now + Math.max(1, hold.until - wallNow());
      return;
    }
    const level = this.#contacts.levelAbove(telling.level, record);
    if (level === undefined) {
      // Somebody above may be on duty later.
      this.#contacts.awaitAcknowledgement(watch, now);
      return;
    }
    const why = messages.nobodyAcknowledged(this.#parts.escalateAfterMs);
    this.#contacts.tell(watch, level, why);
    // Also where a sink knows: it is new to whom it reaches now, or was not heard.
    this.#openAt(watch, messages.escalated(record.summary, why), sinksOf(level));
    this.#emit(record, 'updated');
    this.#contacts.awaitAcknowledgement(watch, now);
  }

  #remind(watch: Watch): void {
    const { record, telling } = watch;
    if (telling.remindAt > wallNow()) return;
    telling.remindAt = Number.POSITIVE_INFINITY;
    this.#parts.ledger.record(record, { type: 'reminded', at: wallNow(), text: messages.updateDue });
    this.update(watch, messages.updateDue, { urgent: true });
  }

  /** Of one that was over before people could be told: that it was, and that it is over. */
  #tellLate(watch: Watch): void {
    const { record, telling } = watch;
    const { pending } = telling;
    if (pending === undefined) return;
    const silence = this.#parts.quiet.silenceOf(watch);
    if (silence !== undefined) {
      telling.hold = silence;
      return;
    }
    const level = this.#contacts.levelAbove(0, record);
    const sinks = this.#contacts.firstSinks(record);
    this.#contacts.tell(watch, level, 'The route of the incident names them.');
    telling.forget();
    const { sender } = this.#parts;
    // An alert that others share is theirs to open and to end.
    const isOthers = isOverHereOnly(record);
    if (!isOthers) sender.send(record, { kind: 'opened', summary: record.summary, sinks, asOpen: true });
    sender.send(record, { kind: isOthers ? 'updated' : 'resolved', summary: pending.summary, sinks });
    for (const name of sinks) telling.former.add(name);
  }

  /** Whoever is told of the upstream's incident hears who is held back because of it. */
  #list({ incident }: Upstream, { id, policy, severity }: IncidentRecord): void {
    const upstream = this.#parts.register.watchOf(incident);
    if (upstream === undefined) return;
    this.#parts.ledger.record(upstream.record, {
      type: 'dependant-held',
      at: wallNow(),
      policy,
      incident: id,
    });
    this.update(upstream, messages.holds(policy, severity, id));
  }

  #emit({ id, policy, severity, drill }: IncidentRecord, status: IncidentEvent['status']): void {
    const { events } = this.#parts.ports;
    if (events.heard.incident)
      events.emit('incident', { policy, time: wallNow(), id, status, severity, drill });
  }
}
