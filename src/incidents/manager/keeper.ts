import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { IncidentChange } from '../incident/changes/change.ts';
import type { IncidentIds } from '../incident/incident-id.ts';
import { IncidentRecord } from '../incident/record.ts';
import { selfReopenings } from '../incident/reopening.ts';
import { isWorse, type SeverityDecision } from '../incident/severity.ts';
import { ownDedupKey } from '../incident/shared-alert.ts';
import { isOpen } from '../incident/status.ts';
import type { IncidentTrigger } from '../incident/trigger.ts';
import { messages } from '../messages.ts';
import type { IncidentSettings } from '../options.ts';
import { allClosed, type PolicyReader, type PolicyReading } from '../policy-reader.ts';
import type { IncidentPorts } from '../ports.ts';
import type { IncidentRegister } from '../register.ts';
import { Watch } from '../watch.ts';
import { countCircuits } from './circuit-counts.ts';
import { Gathering } from './gathering.ts';
import type { Ledger } from './ledger.ts';
import { restoredCauses } from './restored-causes.ts';
import { SeverityJudge } from './severity-judge.ts';
import type { Teller } from './teller.ts';

/** What a `Keeper` works with. */
export interface KeeperParts {
  readonly settings: IncidentSettings;
  readonly ports: Pick<IncidentPorts, 'report'>;
  readonly register: IncidentRegister;
  readonly policies: PolicyReader;
  readonly ledger: Ledger;
  readonly teller: Teller;
  readonly evidence: Evidence;
  readonly ids: IncidentIds;
  /** Sets the timer anew. */
  readonly schedule: () => void;
  /** Has the timer be due no later than the incident is. */
  readonly scheduleFor: (watch: Watch) => void;
}

/** What begins an incident. */
export interface Beginning {
  readonly policy: string;
  readonly trigger: IncidentTrigger;
  /** Redacted already. */
  readonly summary: string;
  /** Wall-clock time. */
  readonly at: number;
  readonly by?: string | undefined;
  /** A severity that a person chose. Default: what the rule says. */
  readonly chosen?: SeverityDecision | undefined;
  /** When the first failure was that led to it. Default: `at`. */
  readonly startedAt?: number | undefined;
  /** Has the watch know what began it, before its severity is decided. */
  readonly prepare?: ((watch: Watch, now: number) => void) | undefined;
  /** Further changes that belong to its beginning. */
  readonly changes?: readonly IncidentChange[] | undefined;
}

/** Begins incidents, looks at them while they last, and ends them. */
export class Keeper {
  readonly #parts: KeeperParts;
  readonly #gathering: Gathering;
  readonly #judge: SeverityJudge;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#gathering = new Gathering(parts.ledger, parts.evidence);
    this.#judge = new SeverityJudge(parts);
  }

  begin(beginning: Beginning): Watch {
    const { policy, trigger, summary, at, by } = beginning;
    const { settings, ids, ledger, register, policies, evidence, teller, scheduleFor } = this.#parts;
    const reading = policies.read(policy);
    const id = ids.next(at);
    const drill = trigger === 'drill';
    const startedAt = Math.min(at, beginning.startedAt ?? at);
    const record = new IncidentRecord(id, settings.maxTimelineEntries);
    const now = monotonicNow();
    const watch = new Watch(record, settings, now, at - startedAt);
    watch.policySeen = reading.exists;
    watch.measureFrom(reading.stats, reading.hasFallback);
    watch.observe(allClosed(reading.states), now);
    beginning.prepare?.(watch, now);
    const decision = this.#judge.decide(watch, reading, { policy, trigger });
    if (!watch.recovering) watch.ruled = decision.severity;
    const { severity, why } = beginning.chosen ?? decision;
    if (beginning.chosen !== undefined) this.setByPerson(watch);
    const detected: IncidentChange = {
      type: 'detected',
      at,
      id,
      policy,
      ...(settings.service === undefined ? {} : { service: settings.service }),
      instance: settings.instance,
      dedupKey: this.#dedupKey(id, policy, drill),
      drill,
      trigger,
      summary,
      severity,
      why,
      ...(by === undefined ? {} : { by }),
      startedAt,
      dependants: [...policies.dependantsOf(policy)],
      usedBy: [...reading.usedBy],
    };
    ledger.record(record, detected, ...(beginning.changes ?? []));
    register.add(watch);
    ledger.record(record, ...evidence.begin({ id, policy, trigger }));
    scheduleFor(watch);
    teller.begin(watch, summary);
    scheduleFor(watch);
    this.#gathering.collect(record);
    return watch;
  }

  /** The policy's incident that resolved itself so lately that its trouble is the same still. */
  reopenable(policy: string): Watch | undefined {
    const watch = this.#parts.register.latestOver(policy);
    if (watch === undefined) return undefined;
    const { record } = watch;
    const isItsOwn = record.status === 'resolved' && record.resolvedBy === undefined;
    const isRecent = watch.closedForMs(monotonicNow()) < this.#parts.settings.reopenWithinMs;
    return isItsOwn && isRecent && !watch.policyGone ? watch : undefined;
  }

  /** Reopens an incident because its policy's trouble is back. */
  reopen(watch: Watch, reason: string, at: number): void {
    const { reopenWithinMs } = this.#parts.settings;
    this.#parts.ledger.record(watch.record, { type: 'reopened', at, reason });
    watch.countReopenings(1);
    const { comesBack, reopenings } = watch;
    this.reopened(watch, comesBack ? `${reason} ${messages.comesBack(reopenings, reopenWithinMs)}` : reason);
  }

  /** What people took for mitigated is back: it waits for somebody to acknowledge it again. */
  relapsed(watch: Watch, reason: string, at: number): void {
    const why = messages.relapsed(reason);
    this.#parts.ledger.record(watch.record, { type: 'reopened', at, reason: why });
    this.#parts.teller.relapse(watch, why);
  }

  /** An incident was reopened, by whomever: watches it again and tells people. */
  reopened(watch: Watch, reason: string): void {
    const { record } = watch;
    const now = monotonicNow();
    const reading = this.#parts.policies.read(record.policy);
    watch.reopen(now);
    watch.measureFrom(reading.stats, reading.hasFallback);
    watch.observe(allClosed(reading.states), now);
    if (record.status === 'acknowledged') watch.begin('person', now);
    watch.telling.forget();
    this.#parts.register.add(watch);
    this.#parts.evidence.resume(record.toJSON());
    this.#parts.teller.begin(watch, messages.reopened(reason));
    this.#parts.schedule();
  }

  /** Takes in an incident that another process began. */
  adopt(record: IncidentRecord): Watch {
    const { settings, register, ledger, policies, evidence } = this.#parts;
    const document = record.toJSON();
    const [now, wall] = [monotonicNow(), wallNow()];
    const watch = new Watch(record, settings, now, Math.max(0, wall - record.startedAt));
    const reading = policies.read(record.policy);
    watch.policySeen = reading.exists;
    watch.measureFrom(reading.stats, reading.hasFallback);
    watch.observe(reading.exists && allClosed(reading.states), now);
    for (const { cause, forMs } of restoredCauses(document, settings)) watch.begin(cause, now, now + forMs);
    watch.telling.restore(document, now, wall, settings.escalateAfterMs);
    watch.countReopenings(selfReopenings(document.steps));
    const { severityHistory } = document;
    if ((severityHistory.at(-1)?.by ?? null) !== null) {
      watch.ruled = severityHistory.findLast(({ by }) => by === null)?.to;
      this.setByPerson(watch);
    }
    if (isOpen(record.status)) {
      register.add(watch);
      ledger.count(record);
      evidence.resume(document);
    } else {
      watch.close(now - Math.max(0, wall - (record.resolvedAt ?? 0)));
      register.close(watch);
    }
    return watch;
  }

  /** Resolves an incident, unless it is over. */
  resolve(watch: Watch, by: string | undefined, reason: string): void {
    const { record } = watch;
    if (!isOpen(record.status)) return;
    const durationMs = Math.max(0, Math.round(monotonicNow() - watch.startedAt));
    const reading = this.#parts.policies.read(record.policy);
    if (!record.drill && watch.ruledBefore === undefined)
      this.#judge.explain(watch, this.#judge.decide(watch, reading, record), true);
    this.#parts.ledger.record(record, {
      type: 'resolved',
      at: wallNow(),
      ...(by === undefined ? {} : { by }),
      reason,
      durationMs,
    });
    this.resolved(watch, by);
  }

  /** Its policy is there, for the first time since this process tends it: what its calls come to is counted from now on. */
  policyMade(watch: Watch): void {
    const reading = this.#parts.policies.read(watch.record.policy);
    if (watch.policySeen || !reading.exists) return;
    watch.policySeen = true;
    watch.measureFrom(reading.stats, reading.hasFallback);
    this.#parts.evidence.resume(watch.record.toJSON());
  }

  /** Its policy is gone: nothing else would ever end it, and a policy that has the name later is another one. */
  policyRemoved(watch: Watch): void {
    watch.policyGone = true;
    this.resolve(watch, undefined, messages.policyRemoved);
  }

  /** An incident was resolved, by whomever: watches it no more and tells people. */
  resolved(watch: Watch, by: string | undefined): void {
    const { record } = watch;
    const { ledger, evidence, register, teller, settings, schedule } = this.#parts;
    this.measure(record);
    evidence.end(record.id);
    watch.close(monotonicNow());
    register.close(watch);
    ledger.count(record);
    schedule();
    const durationMs = record.durationMs ?? 0;
    const { dedupScope, instance, service = '' } = settings;
    const forAll = dedupScope === 'instance' || by !== undefined || record.drill;
    const summary = forAll
      ? messages.resolved(record.policy, durationMs, by)
      : messages.recoveredHere(record.policy, instance, service, durationMs);
    teller.end(watch, forAll ? 'resolved' : 'updated', summary);
    // Past the limit it is kept only while something of it is to be told, unless a listener reopened it.
    if (!register.isOpen(record.id)) register.close(watch);
    this.#gathering.collect(record);
  }

  /** Has the document know what calls came to until now, where that is not what it says. */
  measure(record: IncidentRecord): void {
    this.#gathering.measure(record);
  }

  /** Takes in how the circuits are, and looks at the severity. */
  observe(watch: Watch, closed: boolean, reading: PolicyReading): void {
    if (watch.observe(closed, monotonicNow())) this.#flapped(watch);
    this.review(watch, reading);
  }

  /** Looks at the circuits themselves, so that an event that was missed holds an incident neither open nor closed. */
  look(watch: Watch, now: number): void {
    const { settings, policies, teller } = this.#parts;
    const { record } = watch;
    watch.reviewAt = now + settings.reviewMs;
    const reading = policies.read(record.policy);
    if (!reading.exists && watch.policySeen) {
      this.policyRemoved(watch);
      return;
    }
    if (!watch.policySeen && reading.exists) this.policyMade(watch);
    this.#gathering.measureNowAndThen(watch, now);
    if (watch.isOrphan(now)) teller.update(watch, messages.orphan(record.policy), { urgent: true });
    watch.lapse(now);
    // Circuits that cannot be read are as they were.
    const closed = reading.states.length > 0 ? allClosed(reading.states) : !watch.circuitOpen;
    if (watch.observe(closed && watch.policySeen, now)) this.#flapped(watch);
    const told = watch.resolveAt > now && this.review(watch, reading);
    countCircuits(watch, reading, this.#parts, { now, told });
    if (watch.resolveAt <= now) {
      const { holdMs } = watch;
      const reason = record.trigger === 'circuit' ? messages.stayedClosed : messages.isOver;
      this.resolve(watch, undefined, reason(holdMs));
      return;
    }
    teller.look(watch, now);
  }

  /**
   * Looks at the severity again. It only rises while the incident lasts, and only while what can be measured does.
   *
   * @returns whether people were told that it rose
   */
  review(watch: Watch, reading: PolicyReading): boolean {
    const { record } = watch;
    if (watch.recovering || !isOpen(record.status) || record.drill) return false;
    const decision = this.#judge.decide(watch, reading, record);
    watch.ruled = decision.severity;
    if (watch.ruledBefore !== undefined && !isWorse(decision.severity, watch.ruledBefore)) return false;
    watch.ruledBefore = undefined;
    if (!this.raise(watch, decision)) {
      this.#judge.explain(watch, decision);
      return false;
    }
    const summary = messages.raised(decision.severity, decision.why);
    this.#parts.teller.update(watch, summary, { urgent: true });
    return true;
  }

  /** A person set the severity: it stands until the rule decides for worse than it had by then. */
  setByPerson(watch: Watch): void {
    const { record, recovering } = watch;
    const reading = this.#parts.policies.read(record.policy);
    watch.ruledBefore =
      watch.ruled ?? (recovering ? undefined : this.#judge.decide(watch, reading, record).severity);
  }

  /** Makes it worse, if that is what the decision says. Whether it did. */
  raise({ record }: Watch, { severity: to, why }: SeverityDecision, by?: string | undefined): boolean {
    const from = record.severity;
    if (!isWorse(to, from)) return false;
    const who = by === undefined ? {} : { by };
    this.#parts.ledger.record(record, { type: 'severity', at: wallNow(), from, to, why, ...who });
    return true;
  }

  #flapped(watch: Watch): void {
    const { record, isFlapping, changeRate } = watch;
    this.#parts.ledger.record(record, { type: 'flapping', at: wallNow(), flapping: isFlapping, changeRate });
    if (isFlapping)
      this.#parts.teller.update(watch, messages.flaps(record.policy, changeRate), { urgent: true });
  }

  #dedupKey(id: string, policy: string, drill: boolean): string {
    const { service, dedupScope } = this.#parts.settings;
    return dedupScope === 'service' && !drill ? `breakwater/${service}/${policy}` : ownDedupKey(id);
  }

  /** Ends the collectors early. Resolves once it is recorded what they came to. */
  async close(): Promise<void> {
    await this.#gathering.close();
  }
}
