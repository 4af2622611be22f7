import type { CircuitState } from '../../src/core/circuit.ts';
import { wallNow } from '../../src/core/clock.ts';
import { Events, type IncidentEvent } from '../../src/core/events.ts';
import type { Criticality, PolicyStats } from '../../src/core/policy.ts';
import type { SloEvent } from '../../src/core/slo-events.ts';
import type { SloAnnouncement } from '../../src/incidents/announcement.ts';
import { gatherEvidence } from '../../src/incidents/evidence/evidence.ts';
import type { Incident } from '../../src/incidents/incident/record.ts';
import type { Severity } from '../../src/incidents/incident/severity.ts';
import type { IncidentStatus } from '../../src/incidents/incident/status.ts';
import type { OpenedJournal } from '../../src/incidents/journal/journal.ts';
import { IncidentManager } from '../../src/incidents/manager.ts';
import type { Notification } from '../../src/incidents/notification.ts';
import { type IncidentOptions, incidentSchema } from '../../src/incidents/options.ts';
import type { DeliveryResult, IncidentPorts } from '../../src/incidents/ports.ts';
import type { Receipt, Sink, SinkAnswer, SinkContext } from '../../src/incidents/sink.ts';
import { startIncidents } from '../../src/incidents/start.ts';

/** A policy as the incidents see it, with circuits that the test moves. */
export class FakePolicy {
  readonly name: string;
  criticality: Criticality = 'medium';
  hasFallback = false;
  dependsOn: readonly string[] = [];
  usedBy: readonly string[] = [];
  readonly circuits: { state: CircuitState; shadow: boolean }[];
  readonly calls: Record<string, number> = {};
  readonly #events: Events;

  constructor(name: string, events: Events, circuits = 1) {
    this.name = name;
    this.#events = events;
    this.circuits = Array.from({ length: circuits }, () => ({ state: 'closed', shadow: false }));
  }

  move(to: CircuitState, { at = 0, manual = false, reason = '5 failures in a row' } = {}): void {
    const circuit = this.circuits[at];
    if (circuit === undefined) throw new Error('no such circuit');
    const from = circuit.state;
    circuit.state = to;
    const { shadow } = circuit;
    this.#events.emit('circuit', { policy: this.name, time: wallNow(), from, to, reason, manual, shadow });
  }

  stats(): PolicyStats {
    return { ...emptyStats, calls: { ...this.calls } };
  }
}

export const emptyStats: PolicyStats = {
  calls: {},
  attempts: {},
  retries: 0,
  rejections: {},
  fallbacks: {},
  cache: {},
  lateOutcomes: 0,
  internalErrors: 0,
  callsInFlight: 0,
  attemptsInFlight: 0,
  latency: { p50Ms: undefined, p99Ms: undefined },
  window: { attempts: 0, failures: 0, slow: 0, failureRate: undefined },
};

/** Takes everything, and remembers it. */
export class RecordingSink implements Sink {
  readonly name: string;
  readonly got: Notification[] = [];
  readonly tries: { readonly id: string; readonly attempt: number; readonly at: number }[] = [];
  readonly #answer: (notification: Notification, context: SinkContext) => Receipt | Promise<Receipt>;

  constructor(
    name = 'recorder',
    answer: (notification: Notification, context: SinkContext) => Receipt | Promise<Receipt> = () => ({
      detail: 'ok',
    }),
  ) {
    this.name = name;
    this.#answer = answer;
  }

  async send(notification: Notification, context: SinkContext): Promise<Receipt> {
    this.tries.push({ id: notification.id, attempt: context.attempt, at: performance.now() });
    const receipt = await this.#answer(notification, context);
    this.got.push(notification);
    return receipt;
  }

  kinds(): string[] {
    return this.got.map(({ kind }) => kind);
  }
}

/** Takes announcements too, and remembers them. */
export class AnnouncingSink extends RecordingSink {
  readonly announced: SloAnnouncement[] = [];
  readonly announceTries: { readonly id: string; readonly attempt: number }[] = [];
  readonly #take: (announcement: SloAnnouncement, context: SinkContext) => SinkAnswer;

  constructor(
    name = 'announcer',
    take: (announcement: SloAnnouncement, context: SinkContext) => SinkAnswer = () => ({ detail: 'ok' }),
  ) {
    super(name);
    this.#take = take;
  }

  async announce(announcement: SloAnnouncement, context: SinkContext) {
    this.announceTries.push({ id: announcement.id, attempt: context.attempt });
    const receipt = await this.#take(announcement, context);
    this.announced.push(announcement);
    return receipt;
  }

  statuses(): string[] {
    return this.announced.map(({ event }) => event.status);
  }
}

/** What an error budget may tell, of the policy `database` unless said otherwise. */
export function sloEvent(
  status: SloEvent['status'],
  { policy = 'database', summary = `It is ${status}.` } = {},
): SloEvent {
  const base = { policy, summary, time: wallNow() };
  const objective = { ...base, sli: 'availability', objective: 0.999, budgetRemaining: -1 } as const;
  switch (status) {
    case 'frozen':
      return { ...base, status, slis: ['availability'] };
    case 'thawed':
      return { ...base, status, reason: 'no-objection' };
    case 'exhausted':
      return { ...objective, status, good: 8, bad: 2 };
    case 'recovered':
      return { ...objective, status, severity: 'page', reason: 'below-threshold' };
    case 'burning':
      return {
        ...objective,
        status,
        severity: 'page',
        previousSeverity: undefined,
        longWindow: '1h',
        shortWindow: '5m',
        factor: 14.4,
        longBurnRate: 200,
        shortBurnRate: 200,
      };
  }
}

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export class RecordingLogger {
  readonly lines: LogLine[] = [];
  debug = (fields: object, message: string): void => this.#add('debug', fields, message);
  info = (fields: object, message: string): void => this.#add('info', fields, message);
  warn = (fields: object, message: string): void => this.#add('warn', fields, message);
  error = (fields: object, message: string): void => this.#add('error', fields, message);

  #add(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields, message });
  }
}

/** A manager with everything around it in the test's hands. */
export class Harness {
  readonly listenerErrors: unknown[] = [];
  readonly events = new Events((_policy, error) => this.listenerErrors.push(error));
  readonly logger = new RecordingLogger();
  readonly policies = new Map<string, FakePolicy>();
  readonly reports: { readonly policy: string; readonly component: string; readonly error: unknown }[] = [];
  readonly gauge = new Map<string, number>();
  readonly notified: { readonly sink: string; readonly result: DeliveryResult }[] = [];
  readonly incidentEvents: IncidentEvent[] = [];
  readonly sink = new RecordingSink();
  readonly manager: IncidentManager;

  constructor(
    options: IncidentOptions = {},
    journal?: { readonly opened: OpenedJournal; readonly suffix: string },
  ) {
    this.events.on('incident', (event) => {
      this.incidentEvents.push(event);
    });
    const settings = incidentSchema.parse({ sinks: [this.sink], ...options });
    const ports: IncidentPorts = {
      events: this.events,
      logger: this.logger,
      facts: (policy) => this.policies.get(policy),
      dependants: (upstream) =>
        [...this.policies.values()].flatMap(({ name, dependsOn }) =>
          dependsOn?.includes(upstream) ? [name] : [],
        ),
      counters: {
        incidentsChanged: (severity: Severity, status: IncidentStatus, by: 1 | -1) => {
          const key = `${severity} ${status}`;
          this.gauge.set(key, (this.gauge.get(key) ?? 0) + by);
        },
        notified: (sink: string, result: DeliveryResult) => this.notified.push({ sink, result }),
      },
      report: (policy, component, error) => this.reports.push({ policy, component, error }),
    };
    this.manager =
      journal === undefined
        ? startIncidents(settings, ports)
        : new IncidentManager({
            ...ports,
            ...journal,
            options: settings,
            evidence: gatherEvidence(ports),
          });
  }

  policy(name = 'database', circuits = 1): FakePolicy {
    const policy = new FakePolicy(name, this.events, circuits);
    this.policies.set(name, policy);
    return policy;
  }

  /** The only incident there is. */
  only(): Incident {
    const [incident, ...others] = this.manager.list();
    if (incident === undefined || others.length > 0)
      throw new Error(`${others.length + 1} incidents, expected 1`);
    return incident;
  }

  texts(): string[] {
    return this.only().timeline.map(({ text }) => text);
  }
}

/** Resolves an incident by hand, whatever its checklists ask for. */
export function resolveByHand(manager: IncidentManager, id: string, by = 'Ada'): Incident {
  const { checklists } = manager.get(id)?.toJSON() ?? { checklists: [] };
  const waive = checklists.flatMap(({ items }) =>
    items.filter(({ state, gates }) => state === 'open' && gates !== 'closed').map((item) => item.id),
  );
  return manager.resolve(id, by, waive.length === 0 ? {} : { waive, waiveReason: 'not in this test' });
}

/** Lets everything that waits for no timer happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
