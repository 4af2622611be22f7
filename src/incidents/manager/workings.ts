import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { SloEvent } from '../../core/slo-events.ts';
import { announcementOf } from '../announcement.ts';
import type { Delivery } from '../delivery.ts';
import { Routing } from '../escalation/routing.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { IncidentIds } from '../incident/incident-id.ts';
import { isOpen } from '../incident/status.ts';
import type { Journal } from '../journal/journal.ts';
import { keyNamer } from '../key-name.ts';
import type { IncidentSettings } from '../options.ts';
import { type Outgoing, outgoingAnnouncement } from '../outgoing.ts';
import { PolicyReader } from '../policy-reader.ts';
import type { IncidentPorts } from '../ports.ts';
import { DigestWindow } from '../quiet/digest.ts';
import { Quiet } from '../quiet/quiet.ts';
import { Silences } from '../quiet/silences.ts';
import { holdsBack, upstreamOf } from '../quiet/upstream.ts';
import { RecoveryControls } from '../recovery/controls.ts';
import { IncidentRegister } from '../register.ts';
import type { Watch } from '../watch.ts';
import { Agenda } from './agenda.ts';
import { BurnWatch } from './burn-watch.ts';
import { DrillHolds } from './drill-holds.ts';
import { EjectionWatch } from './ejection-watch.ts';
import type { Followed } from './followed.ts';
import { HubNotes } from './hub-notes.ts';
import { Keeper } from './keeper.ts';
import { Ledger } from './ledger.ts';
import { People } from './people.ts';
import { RejectionWatch } from './rejection-watch.ts';
import { Restorer } from './restorer.ts';
import { Sender } from './sender.ts';
import { maintenanceOf } from './silencing.ts';
import { Teller } from './teller.ts';
import { heed, Triggers } from './triggers.ts';

/** What the workings are made from. */
export interface WorkingsParts {
  readonly settings: IncidentSettings;
  readonly ports: IncidentPorts;
  readonly evidence: Evidence;
  readonly journal: Journal | undefined;
  /** What was read of the journal already. */
  readonly followed: Followed | undefined;
  readonly suffix: string;
  readonly delivery: Delivery<Outgoing>;
  /** Runs something and keeps what it throws from whoever caused it. */
  readonly guard: (policy: string, run: () => void) => void;
}

/** The parts of an `IncidentManager`, put together. */
export interface Workings {
  readonly register: IncidentRegister;
  readonly policies: PolicyReader;
  readonly ledger: Ledger;
  readonly silences: Silences;
  readonly teller: Teller;
  readonly keeper: Keeper;
  readonly people: People;
  readonly triggers: Triggers;
  readonly rejections: RejectionWatch | undefined;
  readonly ejections: EjectionWatch;
  readonly burns: BurnWatch;
  readonly notes: HubNotes;
  readonly recovery: RecoveryControls;
  readonly restorer: Restorer | undefined;
  readonly agenda: Agenda;
  /** Takes in what an error budget does, and announces it, unless a drill keeps it from being told. */
  readonly heed: (event: SloEvent) => void;
  readonly drillHolds: DrillHolds;
  /** A drill is over: announces what was not because of it. */
  readonly endDrill: (incident: string) => void;
  /** Tells of incidents that wait for each other, once it is time or `anyway`. */
  readonly tellTogether: (anyway: boolean) => void;
}

export function workingsOf(parts: WorkingsParts): Workings {
  const { settings, ports, evidence, journal, delivery, guard } = parts;
  const register = new IncidentRegister(settings.maxResolvedIncidents);
  const nameKey = keyNamer(settings.nameKeys);
  const policies = new PolicyReader(ports, nameKey);
  const ledger = new Ledger(ports.counters, journal);
  const silences = new Silences();
  for (const window of maintenanceOf(settings)) silences.add(window, wallNow());
  const digest = settings.digest === false ? undefined : new DigestWindow(settings.digest);
  const sender = new Sender(ledger, delivery);
  const teller = new Teller({
    ports,
    ledger,
    register,
    sender,
    quiet: new Quiet({ register, silences, digest, resolveAfterMs: settings.resolveAfterMs }),
    routing: new Routing(
      settings.sinks.map(({ name }) => name),
      settings.contacts,
      settings.routes,
    ),
    escalateAfterMs: settings.escalateAfterMs,
    resolveAfterMs: settings.resolveAfterMs,
    upstreamOf: ({ policy, severity }) =>
      upstreamOf(policy, {
        dependsOn: (name) => policies.dependsOn(name),
        toldIncident: (name) => {
          const watch = register.openOf(name);
          return watch !== undefined && holdsBack(watch, severity) ? watch.record.id : undefined;
        },
      }),
  });
  const schedule = (): void => agenda.schedule();
  /** When the incident is to be looked at, for whatever reason. */
  const lookAt = (watch: Watch, now: number): number =>
    Math.min(
      teller.nextAt(watch, now),
      isOpen(watch.record.status) ? Math.min(watch.resolveAt, watch.reviewAt) : Number.POSITIVE_INFINITY,
    );
  /** After what concerned one incident only, of which there may be many at once. */
  const scheduleFor = (watch: Watch): void => {
    const others = Math.min(
      rejections?.nextAt() ?? Number.POSITIVE_INFINITY,
      digest?.dueAt ?? Number.POSITIVE_INFINITY,
    );
    agenda.notAfter(Math.min(lookAt(watch, monotonicNow()), others));
  };
  const ids = new IncidentIds(parts.suffix);
  const keeper = new Keeper({
    settings,
    ports,
    register,
    policies,
    ledger,
    teller,
    evidence,
    ids,
    schedule,
    scheduleFor,
  });
  const endControls = (incident: string): void => recovery.incidentClosed(incident);
  const onResolved = (policy: string): void => {
    rejections?.resolved(policy);
    ejections.forget(policy);
    burns.resolved(policy, monotonicNow());
  };
  const people = new People({ register, ledger, keeper, teller, schedule, onResolved, endControls });
  const triggers = new Triggers({
    register,
    policies,
    ledger,
    keeper,
    teller,
    nameKey,
    schedule,
    scheduleFor,
  });
  const ejections = new EjectionWatch();
  const rejections =
    settings.rejections === false
      ? undefined
      : new RejectionWatch(settings.rejections, {
          stats: (policy) => policies.read(policy).stats,
          onSustained: (sustained) =>
            guard(sustained.policy, () => {
              if (!drillHolds.takesRejections(sustained)) triggers.rejects(sustained);
            }),
          onOver: (policy) => guard(policy, () => triggers.rejectsNoMore(policy)),
        });
  const burns = new BurnWatch((event) =>
    guard(event.policy, () => {
      triggers.burns({ ...event, time: wallNow() });
      const spent = drillHolds.takeSpent(event.policy);
      if (spent !== undefined) triggers.exhausted(spent);
    }),
  );
  const drillHolds = new DrillHolds({ register, ledger, burns });
  const announce = (event: SloEvent): void => {
    const announcement = announcementOf(event, settings);
    if (announcement !== undefined) delivery.send(outgoingAnnouncement(announcement));
  };
  const release = (): void => {
    const now = monotonicNow();
    for (const watch of register.watches()) guard(watch.record.policy, () => teller.look(watch, now));
  };
  const notes = new HubNotes({ evidence, silences, ledger, release, schedule });
  const recovery = new RecoveryControls({
    facts: ports.facts,
    report: ports.report,
    record: (incident, change) => {
      const record = register.get(incident);
      if (record !== undefined) ledger.record(record, change);
    },
  });
  const restorer =
    journal &&
    new Restorer({
      settings,
      journal,
      register,
      policies,
      ledger,
      keeper,
      teller,
      sender,
      people,
      onHub: (change) => notes.takeIn(change),
      followed: parts.followed,
      report: (error) => ports.report('', 'incidents', error),
      onHandedOver: (record) => {
        evidence.end(record.id);
        sender.handOver(record);
      },
      schedule,
    });
  const tellTogether = (anyway: boolean): void => {
    const waited = digest?.take(monotonicNow(), anyway) ?? [];
    teller.tellTogether(waited.flatMap((id) => register.watchOf(id) ?? []));
  };
  const agenda = new Agenda(
    () => {
      const now = monotonicNow();
      let next = Math.min(
        rejections?.nextAt() ?? Number.POSITIVE_INFINITY,
        burns.nextAt(),
        digest?.dueAt ?? Number.POSITIVE_INFINITY,
        restorer?.nextAt() ?? Number.POSITIVE_INFINITY,
      );
      for (const watch of register.watches()) next = Math.min(next, lookAt(watch, now));
      return next;
    },
    (now) => {
      guard('', () => rejections?.look(now));
      guard('', () => burns.look(now));
      guard('', () => tellTogether(false));
      guard('', () => restorer?.look(now));
      for (const watch of register.watches()) {
        guard(watch.record.policy, () => {
          if (!isOpen(watch.record.status)) {
            if (teller.nextAt(watch, now) <= now + 1) teller.look(watch, now);
          } else if (watch.resolveAt <= now || watch.reviewAt <= now) keeper.look(watch, now);
          else if (teller.nextAt(watch, now) <= now + 1) teller.look(watch, now);
        });
      }
    },
  );
  return {
    register,
    policies,
    ledger,
    silences,
    teller,
    keeper,
    people,
    triggers,
    rejections,
    ejections,
    burns,
    notes,
    recovery,
    restorer,
    agenda,
    heed: (event) => {
      if (!settings.sloIncidents) {
        triggers.note(event);
        announce(event);
        return;
      }
      burns.heed(event);
      if (drillHolds.takes(event)) {
        schedule();
        return;
      }
      heed(triggers, event);
      announce(event);
    },
    drillHolds,
    endDrill: (incident) => {
      const { announcements, policies: freed } = drillHolds.end(incident);
      for (const policy of freed) rejections?.resolved(policy);
      for (const event of announcements) announce(event);
      schedule();
    },
    tellTogether,
  };
}
