import pTimeout from 'p-timeout';
import { wallNow } from '../core/clock.ts';
import { LONGEST_TIMER_MS } from '../core/deadlines.ts';
import { ClosedError, InvalidOptionsError } from '../core/errors.ts';
import { parseOptions } from '../core/options.ts';
import { type IncidentCommand, incidentCommand } from './commands/command.ts';
import { Delivery } from './delivery.ts';
import { reportDelivery } from './delivery-report.ts';
import type { DrillDeclaration } from './drill/ports.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { IncidentChange } from './incident/changes/change.ts';
import type { Incident, IncidentRecord } from './incident/record.ts';
import { isOverHereOnly } from './incident/shared-alert.ts';
import { isOpen } from './incident/status.ts';
import {
  declarationSchema,
  type FlushOptions,
  flushSchema,
  type HubChangeNote,
  type IncidentDeclaration,
  type Incidents,
  idSchema,
  type ResolveOptions,
  resolveSchema,
} from './incidents.ts';
import type { OpenedJournal } from './journal/journal.ts';
import type { Followed } from './manager/followed.ts';
import type { Silence } from './manager/hub-change.ts';
import { listenTo } from './manager/listening.ts';
import { takeReceipt } from './manager/receipts.ts';
import { whyOf } from './manager/why.ts';
import { type Workings, workingsOf } from './manager/workings.ts';
import type { IncidentSettings } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import type { IncidentPorts } from './ports.ts';
import type { SilenceRequest } from './quiet/options.ts';
import type { RecoveryControls } from './recovery/controls.ts';
import type { PolicyRecovery } from './recovery/options.ts';
import type { RecoveryRequest } from './recovery/request.ts';
import { redact } from './redact.ts';
import type { Delivered } from './sink-queue.ts';
import type { Watch } from './watch.ts';

/** What makes an `IncidentManager`. */
export interface IncidentManagerParts extends IncidentPorts {
  readonly options: IncidentSettings;
  /** Gathers what incidents come with. */
  readonly evidence: Evidence;
  /** What the incidents are kept in, and what it held. Default: memory only. */
  readonly opened?: (OpenedJournal & { readonly followed?: Followed }) | undefined;
  /** This process's part of incidents' ids, and its name in the journal. */
  readonly suffix: string;
}

/**
 * Turns what the hub's circuits, endpoints, error budgets and limits do into incidents, and incidents into notifications; that
 * releases are frozen or thawed it has announced by the sinks that can.
 *
 * Trouble of a policy begins an incident, joins the open one or reopens the latest; once all that began it has been over
 * for `resolveAfterMs` it resolves. There is one timer, and only while something is to be looked at. Nothing that fails
 * here reaches a call.
 */
export class IncidentManager implements Incidents {
  readonly #ports: IncidentPorts;
  readonly #evidence: Evidence;
  readonly #delivery: Delivery<Outgoing>;
  readonly #workings: Workings;
  readonly #stopListening: readonly (() => void)[];
  #closing: Promise<void> | undefined = undefined;

  constructor({ options, evidence, opened, suffix, ...ports }: IncidentManagerParts) {
    this.#ports = ports;
    this.#evidence = evidence;
    this.#delivery = new Delivery(options.sinks, options, ports.logger, (delivered) =>
      this.#guard(delivered.message.policy, () => this.#delivered(delivered)),
    );
    this.#workings = workingsOf({
      settings: options,
      ports,
      evidence,
      journal: opened?.journal,
      followed: opened?.followed,
      suffix,
      delivery: this.#delivery,
      guard: (policy, run) => this.#guard(policy, run),
    });
    const { restorer } = this.#workings;
    this.#stopListening = listenTo(ports.events, this.#workings, (policy, run) => this.#guard(policy, run));
    if (opened === undefined || restorer === undefined) return;
    for (const problem of opened.problems) ports.report('', 'incidents', new Error(problem));
    this.#guard('', () => restorer.restore(opened.entries));
    this.#stopListening = [
      ...this.#stopListening,
      opened.journal.listen((entry) => this.#guard('', () => restorer.heard(entry))),
    ];
  }

  list(): readonly Incident[] {
    return this.#workings.register.all();
  }

  open(): readonly Incident[] {
    return this.#workings.register.open().map(({ record }) => record);
  }

  get(id: string): Incident | undefined {
    return this.#workings.register.get(id);
  }

  declare(declaration: IncidentDeclaration): Incident {
    const subject = 'Arguments of incidents.declare()';
    const parsed = parseOptions(declarationSchema, declaration, '', subject);
    const { policy } = parsed;
    this.#mustBeOpen(policy);
    this.#mustExist(policy, subject);
    const { register, keeper, people, teller } = this.#workings;
    const summary = redact(parsed.summary);
    const by = parsed.by === undefined ? undefined : redact(parsed.by);
    const chosen = parsed.severity && {
      severity: parsed.severity,
      why: by === undefined ? 'Set by hand.' : `Set by ${by}.`,
    };
    const open = register.openOf(policy);
    if (open === undefined) {
      const prepare = (watch: Watch, now: number): void => watch.begin('person', now);
      return keeper.begin({ policy, trigger: 'person', summary, by, chosen, at: wallNow(), prepare }).record;
    }
    people.join(open, summary, by);
    if (chosen !== undefined && keeper.raise(open, chosen, by)) keeper.setByPerson(open);
    teller.update(open, summary, { urgent: true });
    return open.record;
  }

  do(id: string, command: IncidentCommand): Incident {
    const subject = 'Arguments of incidents.do()';
    const watch = this.#watchById(id, subject);
    const parsed = parseOptions(incidentCommand, command, watch.record.policy, subject);
    this.#mustBeOpen(watch.record.policy);
    this.#workings.people.do(watch, parsed);
    return watch.record;
  }

  acknowledge(id: string, by: string): Incident {
    return this.do(id, { do: 'acknowledge', by });
  }

  resolve(id: string, by: string, options: ResolveOptions = {}): Incident {
    const subject = 'Arguments of incidents.resolve()';
    const parsed = parseOptions(resolveSchema, { ...options, id, by }, '', subject);
    const watch = this.#watchOf(parsed.id, subject);
    if (!isOpen(watch.record.status) && !isOverHereOnly(watch.record)) return watch.record;
    const { reason, waive, waiveReason } = parsed;
    return this.do(parsed.id, { do: 'resolve', by: parsed.by, reason, waive, waiveReason });
  }

  change(note: HubChangeNote): void {
    this.#workings.notes.change(note);
  }

  silence(request: SilenceRequest): Silence {
    return this.#workings.notes.silence(request);
  }

  unsilence(id: string, by: string): boolean {
    return this.#workings.notes.unsilence(id, by);
  }

  silences(): readonly Silence[] {
    return this.#workings.notes.silences();
  }

  recovery(id: string): readonly PolicyRecovery[] {
    const { record } = this.#watchById(id, 'Arguments of incidents.recovery()');
    const { policies, recovery } = this.#workings;
    return recovery.options(policies.around(record.policy), record.id);
  }

  recover(id: string, request: RecoveryRequest): Incident {
    const { record } = this.#watchById(id, 'Arguments of incidents.recover()');
    this.#mustBeOpen(record.policy);
    this.#workings.recovery.apply(record, request);
    return record;
  }

  why(id: string): readonly string[] {
    const watch = this.#watchById(id, 'Arguments of incidents.why()');
    return whyOf(watch.record.toJSON(), watch);
  }

  async flush(options: FlushOptions = {}): Promise<boolean> {
    const { timeoutMs } = parseOptions(flushSchema, options, '', 'Options of incidents.flush()');
    await this.#workings.ledger.journal?.flush();
    const delivered = await this.#delivery.flush(timeoutMs);
    await this.#workings.ledger.journal?.flush();
    return delivered;
  }

  /** @internal Begins a drill's incident, which neither joins nor is joined by a real one. */
  declareDrill({ policy, summary, by, notify, holds = [] }: DrillDeclaration): Incident {
    this.#mustBeOpen(policy);
    this.#mustExist(policy, 'The drill');
    const prepare = (watch: Watch, now: number): void => {
      watch.begin('drill', now);
      watch.telling.muted = !notify;
    };
    const beginning = { policy, trigger: 'drill' as const, summary: redact(summary), by: redact(by) };
    const { record } = this.#workings.keeper.begin({ ...beginning, at: wallNow(), prepare });
    this.#workings.drillHolds.begin(record.id, holds);
    return record;
  }

  /** @internal What is done to policies for incidents. */
  get controls(): RecoveryControls {
    return this.#workings.recovery;
  }

  /** @internal Resolves and closes a drill's incident, whatever its checklists say. */
  finishDrill(id: string, reason: string): void {
    const watch = this.#workings.register.watchOf(id);
    this.#workings.endDrill(id);
    if (watch !== undefined) this.#workings.people.finishDrill(watch, redact(reason));
  }

  /** @internal Adds to an incident what was done about it. */
  recordChanges(id: string, changes: readonly IncidentChange[]): void {
    const watch = this.#workings.register.watchOf(id);
    if (watch !== undefined) this.#workings.people.record(watch, changes);
  }

  /** @internal Those that are over. */
  over(): Iterable<IncidentRecord> {
    return this.#workings.register.over();
  }

  /** @internal The incident's folder; `undefined` without a directory, or where it cannot be made. */
  folder(id: string): string | undefined {
    try {
      return this.#workings.ledger.journal?.folder(id);
    } catch (error) {
      this.#ports.report('', 'incidents', error);
      return undefined;
    }
  }

  /** A policy is there: what is open for it since before this process began is measured from now on. */
  policyMade(policy: string): void {
    const { register, keeper } = this.#workings;
    for (const watch of register.allOpenOf(policy)) this.#guard(policy, () => keeper.policyMade(watch));
  }

  /** A policy is gone: what is open for it resolves, since nothing else would ever end it. */
  policyRemoved(policy: string): void {
    const { register, keeper, rejections, ejections, burns, drillHolds } = this.#workings;
    rejections?.forget(policy);
    ejections.forget(policy);
    burns.forget(policy);
    drillHolds.forget(policy);
    this.#workings.recovery.policyRemoved(policy);
    for (const watch of register.allOpenOf(policy)) this.#guard(policy, () => keeper.policyRemoved(watch));
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
    const { agenda, register, teller, tellTogether, keeper, ledger, recovery } = this.#workings;
    for (const stop of this.#stopListening) stop();
    agenda.close();
    this.#guard('', () => recovery.close());
    this.#guard('', () => tellTogether(true));
    for (const watch of register.open()) {
      this.#guard(watch.record.policy, () => {
        keeper.measure(watch.record);
        teller.closing(watch);
      });
    }
    this.#evidence.close();
    const collected = keeper.close();
    const milliseconds = Math.min(Math.max(1, timeoutMs), LONGEST_TIMER_MS);
    await ledger.journal?.flush();
    await Promise.all([
      this.#delivery.close(timeoutMs),
      pTimeout(collected, { milliseconds, fallback: () => undefined }),
    ]);
    await ledger.journal?.close();
  }

  #delivered(delivered: Delivered<Outgoing>): void {
    takeReceipt(this.#workings, this.#delivery, delivered);
    reportDelivery(this.#ports, delivered);
  }

  #watchById(id: string, subject: string): Watch {
    return this.#watchOf(parseOptions(idSchema, { id }, '', subject).id, subject);
  }

  #watchOf(id: string, subject: string): Watch {
    const watch = this.#workings.register.watchOf(id);
    if (watch !== undefined) return watch;
    throw new InvalidOptionsError('', `${subject} cannot be used`, [
      { path: 'id', message: 'names no incident' },
    ]);
  }

  #mustBeOpen(policy: string): void {
    if (this.#closing !== undefined) throw new ClosedError(policy);
  }

  #mustExist(policy: string, subject: string): void {
    if (this.#workings.policies.read(policy).exists) return;
    throw new InvalidOptionsError(policy, `${subject} cannot be used`, [
      { path: 'policy', message: `there is no policy of the name '${policy}'` },
    ]);
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
