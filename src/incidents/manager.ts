import { monotonicNow, wallNow } from '../core/clock.ts';
import { ClosedError, InvalidOptionsError } from '../core/errors.ts';
import type { CircuitEvent, SloEvent } from '../core/events.ts';
import { parseOptions } from '../core/options.ts';
import { announcementOf } from './announcement.ts';
import type { IncidentChange, IncidentTrigger } from './change.ts';
import { Delivery } from './delivery.ts';
import { reportDelivery } from './delivery-report.ts';
import { IncidentIds } from './incident/incident-id.ts';
import { type Incident, IncidentRecord } from './incident/record.ts';
import { decideSeverity, isWorse, type SeverityDecision } from './incident/severity.ts';
import {
  declarationSchema,
  type FlushOptions,
  flushSchema,
  type IncidentDeclaration,
  type Incidents,
  resolveSchema,
} from './incidents.ts';
import { messages } from './messages.ts';
import { type NotificationKind, notificationOf } from './notification.ts';
import type { IncidentSettings } from './options.ts';
import { type Outgoing, outgoingAnnouncement, outgoingNotification } from './outgoing.ts';
import { allClosed, PolicyReader, type PolicyReading } from './policy-reader.ts';
import type { IncidentPorts } from './ports.ts';
import { redact } from './redact.ts';
import { IncidentRegister } from './register.ts';
import type { Delivered } from './sink-queue.ts';
import { afterDelay } from './timers.ts';
import { Watch } from './watch.ts';

/** What makes an `IncidentManager`. */
export interface IncidentManagerParts extends IncidentPorts {
  readonly options: IncidentSettings;
}

/**
 * Turns what the hub's circuits do into incidents, and incidents into notifications; that releases are frozen or
 * thawed, or an error budget is spent, it has announced by the sinks that can.
 *
 * A circuit that opens by itself declares an incident for its policy or joins the open one; what its circuits do
 * afterwards goes on the timeline; once all of them have stayed closed for `resolveAfterMs` it resolves. It has
 * one timer, and only while an incident is open. Nothing that fails here reaches a call.
 */
export class IncidentManager implements Incidents {
  readonly #ports: IncidentPorts;
  readonly #settings: IncidentSettings;
  readonly #register: IncidentRegister;
  readonly #policies: PolicyReader;
  readonly #ids = new IncidentIds();
  readonly #delivery: Delivery<Outgoing>;
  readonly #stopListening: readonly (() => void)[];
  #cancelTimer: (() => void) | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;

  constructor({ options, ...ports }: IncidentManagerParts) {
    this.#ports = ports;
    this.#settings = options;
    this.#register = new IncidentRegister(options.maxResolvedIncidents);
    this.#policies = new PolicyReader(ports);
    this.#delivery = new Delivery(options.sinks, options, ports.logger, (delivered) =>
      this.#guard(delivered.message.policy, () => this.#delivered(delivered)),
    );
    this.#stopListening = [
      ports.events.on('circuit', (event) => this.#guard(event.policy, () => this.#circuitMoved(event))),
      ports.events.on('slo', (event) => this.#guard(event.policy, () => this.#budgetMoved(event))),
    ];
  }

  list(): readonly Incident[] {
    return this.#register.all();
  }

  open(): readonly Incident[] {
    return this.#register.open().map(({ record }) => record);
  }

  get(id: string): Incident | undefined {
    return this.#register.get(id);
  }

  declare(declaration: IncidentDeclaration): Incident {
    const parsed = parseOptions(declarationSchema, declaration, '', 'Arguments of incidents.declare()');
    const { policy } = parsed;
    if (this.#closing !== undefined) throw new ClosedError(policy);
    if (!this.#policies.read(policy).exists) {
      throw new InvalidOptionsError(policy, 'Arguments of incidents.declare() cannot be used', [
        { path: 'policy', message: `there is no policy of the name '${policy}'` },
      ]);
    }
    const summary = redact(parsed.summary);
    const by = parsed.by === undefined ? undefined : redact(parsed.by);
    const severity = parsed.severity && {
      severity: parsed.severity,
      why: by === undefined ? 'Set by hand.' : `Set by ${by}.`,
    };
    const open = this.#register.openOf(policy);
    if (open === undefined) return this.#declare(policy, 'person', summary, by, severity, wallNow()).record;
    this.#record(open.record, { type: 'noted', at: wallNow(), text: `Declared by hand: ${summary}`, by });
    if (severity !== undefined) this.#raise(open.record, severity);
    this.#announce(open.record, 'updated', summary);
    return open.record;
  }

  resolve(id: string, by: string): Incident {
    const subject = 'Arguments of incidents.resolve()';
    const parsed = parseOptions(resolveSchema, { id, by }, '', subject);
    const record = this.#register.get(parsed.id);
    if (record === undefined) {
      throw new InvalidOptionsError('', `${subject} cannot be used`, [
        { path: 'id', message: 'names no incident' },
      ]);
    }
    const watch = this.#register.openOf(record.policy);
    if (watch?.record === record) this.#resolve(watch, redact(parsed.by), 'resolved by hand.');
    return record;
  }

  async flush(options: FlushOptions = {}): Promise<boolean> {
    const { timeoutMs } = parseOptions(flushSchema, options, '', 'Options of incidents.flush()');
    return await this.#delivery.flush(timeoutMs);
  }

  /** A policy is gone: what is open for it resolves, since nothing else would ever end it. */
  policyRemoved(policy: string): void {
    const watch = this.#register.openOf(policy);
    if (watch !== undefined)
      this.#guard(policy, () => this.#resolve(watch, undefined, messages.policyRemoved));
  }

  /**
   * Stops listening and every timer, tells the sinks of incidents that stay open, and waits until all is delivered
   * or given up, at most `timeoutMs`.
   *
   * @throws {InvalidOptionsError} as a rejection, when an argument is wrong
   */
  async close(options: FlushOptions = {}): Promise<void> {
    const { timeoutMs } = parseOptions(flushSchema, options, '', 'Options of incidents.close()');
    this.#closing ??= this.#shutDown(timeoutMs);
    await this.#closing;
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    for (const stop of this.#stopListening) stop();
    this.#cancelTimer?.();
    for (const { record } of this.#register.open()) {
      this.#guard(record.policy, () => {
        this.#record(record, { type: 'noted', at: wallNow(), text: messages.closing, by: undefined });
        this.#announce(record, 'updated', messages.closing);
      });
    }
    await this.#delivery.close(timeoutMs);
  }

  #circuitMoved(event: CircuitEvent): void {
    if (event.shadow) return;
    const watch = this.#register.openOf(event.policy);
    if (watch === undefined) {
      if (event.to !== 'open' || event.manual) return;
      const summary = messages.opened(event.policy, redact(event.reason));
      this.#declare(event.policy, 'circuit', summary, undefined, undefined, event.time);
      return;
    }
    const { from, to, manual } = event;
    this.#record(watch.record, {
      type: 'circuit',
      at: event.time,
      from,
      to,
      reason: redact(event.reason),
      manual,
    });
    const reading = this.#policies.read(event.policy);
    const { states } = reading;
    watch.observe(to === 'closed' && (states.length <= 1 || allClosed(states)), monotonicNow());
    if (manual) this.#announce(watch.record, 'updated', messages.steeredByHand(event));
    this.#review(watch, reading);
    this.#schedule();
  }

  #budgetMoved(event: SloEvent): void {
    const announcement = announcementOf(event, this.#settings);
    if (announcement !== undefined) this.#delivery.send(outgoingAnnouncement(announcement));
  }

  #declare(
    policy: string,
    trigger: IncidentTrigger,
    summary: string,
    by: string | undefined,
    chosen: SeverityDecision | undefined,
    at: number,
  ): Watch {
    const reading = this.#policies.read(policy);
    const { hasFallback, states, stats } = reading;
    const { service, instance, dedupScope } = this.#settings;
    const id = this.#ids.next(at);
    const dedupKey = dedupScope === 'service' ? `breakwater/${service}/${policy}` : `breakwater/${id}`;
    const record = new IncidentRecord(
      { id, policy, service, instance, dedupKey },
      this.#settings.maxTimelineEntries,
    );
    const now = monotonicNow();
    const watch = new Watch(record, this.#settings, hasFallback, stats, now);
    const { severity, why } = chosen ?? this.#decide(watch, reading);
    this.#register.add(watch);
    this.#record(record, { type: 'declared', at, trigger, summary, severity, why, by, stats });
    this.#ports.counters.incidentsChanged(severity, 'open', 1);
    watch.observe(trigger === 'person' && allClosed(states), now);
    this.#schedule();
    this.#announce(record, 'opened', summary);
    return watch;
  }

  #resolve(watch: Watch, by: string | undefined, reason: string): void {
    const { record } = watch;
    if (record.status === 'resolved') return;
    const durationMs = Math.round(monotonicNow() - watch.openedAt);
    const reading = this.#policies.read(record.policy);
    const { stats } = reading;
    this.#explain(record, this.#decide(watch, reading));
    this.#record(record, { type: 'resolved', at: wallNow(), reason, by, durationMs, stats });
    this.#register.close(watch);
    this.#ports.counters.incidentsChanged(record.severity, 'open', -1);
    this.#ports.counters.incidentsChanged(record.severity, 'resolved', 1);
    this.#schedule();
    this.#announceResolved(record, durationMs, by);
  }

  /** Looks at the severity again. It only rises while the incident lasts, and only while a circuit is not closed. */
  #review(watch: Watch, reading: PolicyReading): void {
    if (watch.recovering || watch.record.status === 'resolved') return;
    const decision = this.#decide(watch, reading);
    if (this.#raise(watch.record, decision)) {
      this.#announce(watch.record, 'updated', `Raised to ${decision.severity}: ${decision.why}`);
    } else this.#explain(watch.record, decision);
  }

  /** Keeps the reason for the severity true while the severity stays; one that a person gave stands. */
  #explain(record: IncidentRecord, { severity, why }: SeverityDecision): void {
    if (record.trigger === 'person' || severity !== record.severity || why === record.why) return;
    this.#record(record, { type: 'reviewed', at: wallNow(), why });
  }

  #raise(record: IncidentRecord, { severity: to, why }: SeverityDecision): boolean {
    const from = record.severity;
    if (!isWorse(to, from)) return false;
    this.#record(record, { type: 'severity', at: wallNow(), from, to, why });
    this.#ports.counters.incidentsChanged(from, 'open', -1);
    this.#ports.counters.incidentsChanged(to, 'open', 1);
    return true;
  }

  #decide(watch: Watch, { criticality, stats }: PolicyReading): SeverityDecision {
    const { policy } = watch.record;
    const ageMs = Math.round(monotonicNow() - watch.openedAt);
    const facts = { policy, criticality, ...watch.measure(stats), ageMs };
    return decideSeverity(this.#settings.severity, facts, (error) =>
      this.#ports.report(policy, 'incidents', error),
    );
  }

  #wake(): void {
    const now = monotonicNow();
    for (const watch of this.#register.open()) {
      if (watch.resolveAt > now && watch.reviewAt > now) continue;
      this.#guard(watch.record.policy, () => this.#lookAgain(watch, now));
    }
    this.#schedule();
  }

  /** Looks at the circuits themselves, so that an event that was missed holds an incident neither open nor closed. */
  #lookAgain(watch: Watch, now: number): void {
    watch.reviewAt = now + this.#settings.reviewMs;
    const { policy } = watch.record;
    const reading = this.#policies.read(policy);
    if (!reading.exists) {
      this.#resolve(watch, undefined, messages.policyRemoved);
      return;
    }
    const { states } = reading;
    if (states.length > 0) watch.observe(allClosed(states), now);
    if (watch.resolveAt <= now) {
      this.#resolve(watch, undefined, messages.stayedClosed(this.#settings.resolveAfterMs));
    } else this.#review(watch, reading);
  }

  #schedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const next = Math.min(
      ...this.#register.open().map(({ resolveAt, reviewAt }) => Math.min(resolveAt, reviewAt)),
    );
    if (next === Number.POSITIVE_INFINITY || this.#closing !== undefined) return;
    this.#cancelTimer = afterDelay(next - monotonicNow(), () => this.#wake());
  }

  /** The only way in which an incident changes. */
  #record(record: IncidentRecord, change: IncidentChange): void {
    record.apply(change);
  }

  #announceResolved(record: IncidentRecord, durationMs: number, by: string | undefined): void {
    const { dedupScope, instance, service = '' } = this.#settings;
    const forAll = dedupScope === 'instance' || by !== undefined;
    const summary = forAll
      ? messages.resolved(record.policy, durationMs, by)
      : messages.recoveredHere(record.policy, instance, service, durationMs);
    this.#announce(record, forAll ? 'resolved' : 'updated', summary, 'resolved');
  }

  #announce(record: IncidentRecord, kind: NotificationKind, summary: string, status = kind): void {
    const at = wallNow();
    const { id, policy, severity } = record;
    this.#delivery.send(outgoingNotification(notificationOf(record, kind, redact(summary), at)));
    const { events } = this.#ports;
    if (events.heard.incident) events.emit('incident', { policy, time: at, id, status, severity });
  }

  #delivered(delivered: Delivered<Outgoing>): void {
    const { message, sink, result, tries, detail } = delivered;
    if (message.type === 'incident notification') {
      const { kind, incident } = message;
      const record = this.#register.get(incident);
      if (record !== undefined) {
        this.#record(record, { type: 'notified', at: wallNow(), sink, kind, result, tries, detail });
      }
    }
    reportDelivery(this.#ports, delivered);
  }

  /** Keeps what fails in here from whoever caused it, a call among them. */
  #guard(policy: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#ports.report(policy, 'incidents', error);
    }
  }
}
