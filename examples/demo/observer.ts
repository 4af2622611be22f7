import type { Breakwater, CallOutcome, CircuitEvent } from 'breakwater';
import type { Message } from './alerts.ts';
import type { Load } from './load.ts';
import type { Timeline } from './timeline.ts';

/** What has happened to one dependency so far. */
interface Seen {
  answered: number;
  failed: number;
  servedStale: number;
  opened: number;
  probesFailed: number;
  closed: number;
  alertsRaised: number;
  alertsResolved: number;
  incidentsResolved: number;
  /** Whether this outage's first answer from the cache has been told. */
  toldOfCache: boolean;
  /** The incident that the last opening belongs to. */
  incident: string | undefined;
}

/** Outcomes of calls with which a caller has an answer. */
const answers: ReadonlySet<CallOutcome> = new Set<CallOutcome>(['success', 'fallback', 'refused']);

/** Watches the hub and the alerts, counts, and writes what it sees on the timeline. */
export class Observer {
  readonly #seen = new Map<string, Seen>();
  readonly #breakwater: Breakwater;
  readonly #timeline: Timeline;

  constructor(breakwater: Breakwater, timeline: Timeline) {
    this.#breakwater = breakwater;
    this.#timeline = timeline;
    breakwater.on('circuit', (event) => this.#onCircuit(event));
    breakwater.on('call', ({ policy, source, outcome }) => {
      const seen = this.of(policy);
      if (source === 'stale') seen.servedStale += 1;
      if (answers.has(outcome)) seen.answered += 1;
      else seen.failed += 1;
    });
    breakwater.on('fallback', ({ policy, ageMs }) => this.#onFallback(policy, ageMs));
    breakwater.on('incident', ({ policy, id, status }) => {
      if (status !== 'resolved') return;
      this.of(policy).incidentsResolved += 1;
      const incident = breakwater.incidents.get(id);
      const lasted = incident?.durationMs === undefined ? '' : ` after ${seconds(incident.durationMs)}`;
      const entries = incident === undefined ? '' : `; its timeline has ${incident.timeline.length} entries`;
      timeline.add('incident resolved', policy, `${id}${lasted}${entries}`);
    });
    breakwater.on('internal-error', ({ policy, component, error }) => {
      timeline.add('internal error', policy, `${component}: ${String(error)}`);
    });
  }

  /** What has happened to a dependency; the counts go on. */
  of(dependency: string): Seen {
    const seen = this.#seen.get(dependency) ?? nothing();
    this.#seen.set(dependency, seen);
    return seen;
  }

  /** Takes a message from the webhook, its signature verified. */
  onMessage({ type, data }: Message): void {
    const signed = 'by webhook, signature verified';
    if (type === 'slo.frozen' || type === 'slo.thawed') {
      this.#timeline.add('announced', data.policy, `${type}, ${signed}: ${data.summary}`);
      return;
    }
    const { policy, id } = data.incident;
    const seen = this.of(policy);
    if (type === 'incident.opened') {
      seen.alertsRaised += 1;
      this.#timeline.add('alert raised', policy, `${data.severity}, ${id}, ${signed}: ${data.summary}`);
    } else if (type === 'incident.resolved') {
      seen.alertsResolved += 1;
      this.#timeline.add('alert resolved', policy, `${id}, ${signed}`);
    } else {
      this.#timeline.add('alert updated', policy, `${data.severity}, ${signed}: ${data.summary}`);
    }
  }

  #onCircuit({ policy, from, to, reason, openForMs }: CircuitEvent): void {
    const seen = this.of(policy);
    const wait = openForMs === undefined ? '' : `; asks again in ${seconds(openForMs)}`;
    if (to === 'half-open') {
      this.#timeline.add('probe', policy, `${reason}: one call may try`);
    } else if (to === 'closed') {
      seen.closed += 1;
      this.#timeline.add('recovered', policy, `${reason}: calls go through again`);
    } else if (from === 'half-open') {
      seen.probesFailed += 1;
      this.#timeline.add('probe failed', policy, `the breaker stays open${wait}`);
    } else {
      seen.opened += 1;
      seen.toldOfCache = false;
      this.#timeline.add('breaker opened', policy, `${reason}${wait}`);
      this.#tellOfIncident(policy, seen);
    }
  }

  /** An incident that is open already takes a new opening in: nobody is paged twice for one outage. */
  #tellOfIncident(policy: string, seen: Seen): void {
    const open = this.#breakwater.incidents.open().find((incident) => incident.policy === policy);
    if (open !== undefined && open.id === seen.incident) {
      this.#timeline.add('incident joined', policy, `${open.id} is still open: no second alert`);
    }
    seen.incident = open?.id;
  }

  #onFallback(policy: string, ageMs: number): void {
    const seen = this.of(policy);
    if (seen.toldOfCache || seen.opened === seen.closed) return;
    seen.toldOfCache = true;
    this.#timeline.add(
      'from the cache',
      policy,
      `callers get the last good value, here ${seconds(ageMs)} old`,
    );
  }
}

/** Tells every so often how the callers of one dependency fare, since the last time it told. */
export class CallerReport {
  readonly #load: Load;
  readonly #observer: Observer;
  readonly #timeline: Timeline;
  readonly #dependency: string;
  #last: CallerCounts;

  constructor(load: Load, observer: Observer, timeline: Timeline, dependency: string) {
    this.#load = load;
    this.#observer = observer;
    this.#timeline = timeline;
    this.#dependency = dependency;
    this.#last = this.#counts();
  }

  /** A report whose first line tells of everything since the load began. */
  static sinceStart(load: Load, observer: Observer, timeline: Timeline, dependency: string): CallerReport {
    const report = new CallerReport(load, observer, timeline, dependency);
    report.#last = NO_CALLERS;
    return report;
  }

  tell(): void {
    const now = this.#counts();
    const last = this.#last;
    this.#last = now;
    const stale = now.stale - last.stale;
    const cached = stale > 0 ? ` (${stale} from the cache)` : '';
    this.#timeline.add(
      'callers',
      this.#dependency,
      `${now.answered - last.answered} answered${cached}, ${now.failed - last.failed} failed`,
    );
    const waiting = now.unprotectedWaiting > 0 ? `, ${now.unprotectedWaiting} wait` : '';
    this.#timeline.add(
      'unprotected',
      this.#dependency,
      `${now.unprotectedAnswered - last.unprotectedAnswered} answered, ` +
        `${now.unprotectedFailed - last.unprotectedFailed} failed${waiting}`,
    );
  }

  #counts(): CallerCounts {
    const own = this.#observer.of(this.#dependency);
    const twin = this.#load.tally(this.#dependency, 'unprotected');
    return {
      answered: own.answered,
      failed: own.failed,
      stale: own.servedStale,
      unprotectedAnswered: twin.answered,
      unprotectedFailed: twin.failed,
      unprotectedWaiting: twin.sent - twin.answered - twin.failed,
    };
  }
}

interface CallerCounts {
  readonly answered: number;
  readonly failed: number;
  readonly stale: number;
  readonly unprotectedAnswered: number;
  readonly unprotectedFailed: number;
  readonly unprotectedWaiting: number;
}

const NO_CALLERS: CallerCounts = {
  answered: 0,
  failed: 0,
  stale: 0,
  unprotectedAnswered: 0,
  unprotectedFailed: 0,
  unprotectedWaiting: 0,
};

function nothing(): Seen {
  return {
    answered: 0,
    failed: 0,
    servedStale: 0,
    opened: 0,
    probesFailed: 0,
    closed: 0,
    alertsRaised: 0,
    alertsResolved: 0,
    incidentsResolved: 0,
    toldOfCache: false,
    incident: undefined,
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
