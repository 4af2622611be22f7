import { wallNow } from '../../core/clock.ts';
import type { Events } from '../../core/events.ts';
import { type CollectorSettings, collectorDefaults } from '../collectors/options.ts';
import { CollectorRunner } from '../collectors/run.ts';
import type { ChangeOf, IncidentChange, IncidentTrigger } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';
import { type NameKey, shownKey } from '../key-name.ts';
import type { IncidentPorts, PolicyFacts } from '../ports.ts';
import { truncate } from '../redact.ts';
import type { ObjectiveStanding } from './budget.ts';
import { LoopDelay, processFacts } from './process-facts.ts';
import { type RecentChange, RecentChanges } from './recent-changes.ts';
import { recordedRunbook } from './recorded-runbook.ts';
import { type PastIncident, similarIncidents } from './similar.ts';
import { WatchedPolicy } from './watched-policy.ts';

/** What an incident gathers by itself. Nothing here throws. */
export interface Evidence {
  /** An incident begins: how things stand, and what it came to so far. Its policy's errors are counted from now on. */
  begin(incident: Beginning): readonly IncidentChange[];
  /**
   * Goes on with an incident that another process has watched, or that is reopened: what is counted from now on is
   * added to what it tells.
   */
  resume(incident: IncidentJson): void;
  /** What calls came to until now; `undefined` where the incident is not watched or its policy not known. */
  measure(incident: string): ChangeOf<'measured'> | undefined;
  /** Stops to watch. */
  end(incident: string): void;
  /**
   * Has the collectors write their files into the incident's folder. Bounded in time and size; never rejects.
   *
   * @param signal ends them early, as when the hub closes
   */
  collect(
    incident: IncidentJson,
    folder: () => string,
    signal?: AbortSignal,
  ): Promise<readonly IncidentChange[]>;
  /** Something was changed that may have to do with incidents to come; the last 50 of a day are kept. */
  changed(change: RecentChange): void;
  /** Stops to watch all. */
  close(): void;
}

/** An incident that begins. */
export interface Beginning {
  readonly id: string;
  readonly policy: string;
  readonly trigger?: IncidentTrigger | undefined;
}

/** What the evidence is gathered from. */
export interface EvidencePorts extends Pick<IncidentPorts, 'report'> {
  readonly events: Pick<Events, 'on'>;
  /** Facts of the policy of that name; `undefined` where there is none. */
  readonly facts: (policy: string) => Pick<PolicyFacts, 'evidence' | 'runbook'> | undefined;
  /** Where the objectives of a policy stand: `SloRegistry.report(policy)`. Default: it has none. */
  readonly objectives?: ((policy: string) => readonly ObjectiveStanding[]) | undefined;
  /** Incidents to compare with. Default: none. */
  readonly past?: (() => Iterable<PastIncident>) | undefined;
  /** What a call's trace is found by. Default: nothing. */
  readonly traceId?: ((trace: unknown) => string | undefined) | undefined;
  /** How keys of circuits are named. Default: as they are, redacted and cut. */
  readonly nameKey?: NameKey | undefined;
  /** Default: no collectors. */
  readonly collectors?: CollectorSettings | undefined;
}

/** Gathers evidence for a hub's incidents. It has a timer only while an incident is watched. */
export function gatherEvidence(ports: EvidencePorts): Evidence {
  return new EvidenceGatherer(ports);
}

class EvidenceGatherer implements Evidence {
  readonly #ports: EvidencePorts;
  readonly #watched = new Map<string, WatchedPolicy>();
  /** The same by their policies, since every attempt is looked up here. */
  readonly #byPolicy = new Map<string, Set<WatchedPolicy>>();
  readonly #changes = new RecentChanges();
  readonly #loopDelay = new LoopDelay();
  readonly #collectors: CollectorRunner;
  #stop: (() => void) | undefined = undefined;

  constructor(ports: EvidencePorts) {
    this.#ports = ports;
    this.#collectors = new CollectorRunner(ports.collectors ?? collectorDefaults);
  }

  begin({ id, policy, trigger }: Beginning): readonly IncidentChange[] {
    return this.#guard(policy, [], () => {
      const watched = this.#watch(id, policy, undefined);
      const measured = this.measure(id);
      return [this.#situation(id, policy, trigger, watched), ...(measured === undefined ? [] : [measured])];
    });
  }

  resume({ id, policy, impact }: IncidentJson): void {
    this.#guard(policy, undefined, () => {
      this.#watch(id, policy, impact);
    });
  }

  measure(incident: string): ChangeOf<'measured'> | undefined {
    const watched = this.#watched.get(incident);
    if (watched === undefined) return undefined;
    const { policy } = watched;
    return this.#guard(policy, undefined, () => {
      const eventLoopDelayP99Ms = this.#loopDelay.p99Ms();
      return {
        type: 'measured' as const,
        at: wallNow(),
        ...watched.measure(this.#objectives(policy), (trace) => this.#traceId(policy, trace)),
        ...(eventLoopDelayP99Ms === undefined ? {} : { eventLoopDelayP99Ms }),
      };
    });
  }

  end(incident: string): void {
    const watched = this.#watched.get(incident);
    if (watched === undefined) return;
    this.#unwatch(incident, watched);
    if (this.#watched.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  async collect(
    incident: IncidentJson,
    folder: () => string,
    signal?: AbortSignal,
  ): Promise<readonly IncidentChange[]> {
    try {
      return await this.#collectors.run({ incident, folder, signal });
    } catch (error) {
      this.#ports.report(incident.policy, 'incidents', error);
      return [];
    }
  }

  changed(change: RecentChange): void {
    this.#guard('', undefined, () => this.#changes.add(change));
  }

  close(): void {
    for (const id of [...this.#watched.keys()]) this.end(id);
  }

  #watch(id: string, policy: string, earlier: IncidentJson['impact'] | undefined): WatchedPolicy | undefined {
    const evidence = this.#ports.facts(policy)?.evidence;
    if (evidence === undefined) return undefined;
    const watched = new WatchedPolicy({ policy, evidence, standings: this.#objectives(policy), earlier });
    const before = this.#watched.get(id);
    if (before !== undefined) this.#unwatch(id, before);
    this.#watched.set(id, watched);
    this.#byPolicy.set(policy, (this.#byPolicy.get(policy) ?? new Set()).add(watched));
    this.#listen();
    return watched;
  }

  #unwatch(id: string, watched: WatchedPolicy): void {
    this.#watched.delete(id);
    const ofPolicy = this.#byPolicy.get(watched.policy);
    ofPolicy?.delete(watched);
    if (ofPolicy?.size === 0) this.#byPolicy.delete(watched.policy);
  }

  #listen(): void {
    if (this.#stop !== undefined) return;
    const stopMeasuring = this.#loopDelay.use();
    const stopListening = this.#ports.events.on('attempt', (event) => {
      for (const watched of this.#byPolicy.get(event.policy) ?? []) watched.attempted(event);
    });
    this.#stop = () => {
      stopListening();
      stopMeasuring();
    };
  }

  #situation(
    id: string,
    policy: string,
    trigger: IncidentTrigger | undefined,
    watched: WatchedPolicy | undefined,
  ): IncidentChange {
    const now = wallNow();
    const { nameKey = shownKey } = this.#ports;
    const { evidence, runbook } = this.#ports.facts(policy) ?? {};
    const likeness = { id, policy, trigger, errors: watched?.errorKinds ?? [] };
    const past = this.#guard(policy, [], () => this.#ports.past?.() ?? []);
    return {
      type: 'situation',
      at: now,
      circuits: this.#guard(policy, [], () =>
        (evidence?.circuits(nameKey) ?? []).map((circuit) => ({ ...circuit })),
      ),
      pipeline: this.#guard(policy, [], () =>
        (evidence?.pipeline() ?? []).map((line) => truncate(line, 500)),
      ),
      process: processFacts(evidence?.version ?? 'unknown'),
      changes: [...this.#changes.before(now)],
      similar: this.#guard(policy, [], () => [...similarIncidents(likeness, past)]),
      runbooks: runbook === undefined ? [] : [recordedRunbook(policy, runbook)],
    };
  }

  #objectives(policy: string): readonly ObjectiveStanding[] {
    return this.#guard(policy, [], () => this.#ports.objectives?.(policy) ?? []);
  }

  #traceId(policy: string, trace: unknown): string | undefined {
    return this.#guard(policy, undefined, () => this.#ports.traceId?.(trace));
  }

  #guard<T>(policy: string, otherwise: T, run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.#ports.report(policy, 'incidents', error);
      return otherwise;
    }
  }
}
