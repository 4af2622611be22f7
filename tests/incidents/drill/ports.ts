import type { CircuitState } from '../../../src/core/circuit.ts';
import { Events } from '../../../src/core/events.ts';
import type {
  DrillDeclaration,
  DrilledPolicy,
  DrillFile,
  DrillPorts,
} from '../../../src/incidents/drill/ports.ts';
import {
  completeScenario,
  type DrillScenario,
  type ScenarioDraft,
} from '../../../src/incidents/drill/scenario.ts';
import type { IncidentChange } from '../../../src/incidents/incident/changes/change.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { sampleIncident } from '../sample.ts';

/** A circuit that only keeps what a drill looks at. */
export class FakeCircuit {
  state: CircuitState = 'closed';
  since = 0;
  until = Number.POSITIVE_INFINITY;
  shadow = false;
  readonly reasons: string[] = [];
  broken = false;

  get retryAfterMs(): number {
    return this.until - performance.now();
  }

  forceOpen(reason: string, forMs = Number.POSITIVE_INFINITY): void {
    this.reasons.push(reason);
    this.until = performance.now() + forMs;
    if (this.state !== 'forced-open') this.move('forced-open');
  }

  probeNow(): boolean {
    this.move('half-open');
    return true;
  }

  reset(): void {
    if (this.broken) throw new Error('it cannot be reset');
    this.move('closed');
  }

  move(state: CircuitState): void {
    this.state = state;
    this.since = Date.now();
  }
}

/** An application in which drills are played, all of it in the test's hands. */
export class FakeDrillPorts implements DrillPorts {
  allowed = true;
  readonly events = new Events(() => {});
  readonly circuits = new Map<string, FakeCircuit[]>();
  readonly incidents = new Map<string, IncidentJson>();
  readonly declared: DrillDeclaration[] = [];
  readonly recorded: IncidentChange[] = [];
  readonly finished: { readonly id: string; readonly reason: string }[] = [];
  readonly reports: unknown[] = [];
  files: readonly DrillFile[] = [];
  readonly hints: readonly string[] = ['The last hour is not kept.'];
  directory: string | undefined = undefined;
  cannotDeclare = false;

  constructor(policies: Readonly<Record<string, number>> = { database: 1 }) {
    for (const [name, count] of Object.entries(policies)) {
      this.circuits.set(
        name,
        Array.from({ length: count }, () => new FakeCircuit()),
      );
    }
  }

  policy(name: string): DrilledPolicy | undefined {
    const circuits = this.circuits.get(name);
    if (circuits === undefined) return undefined;
    return {
      name,
      circuits,
      hasFallback: false,
      callsInFlight: 0,
      dependants: ['checkout'],
    };
  }

  policyNames(): readonly string[] {
    return [...this.circuits.keys()];
  }

  open(): readonly IncidentJson[] {
    return [...this.incidents.values()].filter(({ status }) => status !== 'resolved' && status !== 'closed');
  }

  incident(id: string): IncidentJson | undefined {
    return this.incidents.get(id);
  }

  declare(declaration: DrillDeclaration): IncidentJson {
    if (this.cannotDeclare) throw new Error('no incident can be declared');
    this.declared.push(declaration);
    const at = new Date().toISOString();
    const id = `INC-20260204-00${this.declared.length}-9f3a01bc`;
    const incident = sampleIncident({
      id,
      policy: declaration.policy,
      drill: true,
      trigger: 'drill',
      startedAt: at,
      detectedAt: at,
      steps: [],
    });
    this.incidents.set(id, incident);
    return incident;
  }

  /** Changes an incident as if people or sinks had done something; the only one where none is named. */
  change(given: Partial<IncidentJson>, id = [...this.incidents.keys()][0] ?? ''): void {
    const before = this.incidents.get(id);
    if (before === undefined) throw new Error('there is no incident');
    this.incidents.set(id, { ...before, ...given });
  }

  /** A step that a person takes now. */
  step(status: IncidentJson['status'], by = 'bob'): void {
    const [id = ''] = this.incidents.keys();
    const steps = this.incidents.get(id)?.steps ?? [];
    const at = new Date().toISOString();
    this.change({ status, steps: [...steps, { at, status, by, reason: null, reopening: false }] });
  }

  /** The repair is proven and looked at, or as much as that is waived. */
  verified(state: 'done' | 'waived' = 'done', by: string | null = 'bob'): void {
    const item = (id: string, who: string | null) => ({
      id: `verification.${id}`,
      text: id,
      gates: 'closed' as const,
      state,
      automatic: who === null,
      at: new Date().toISOString(),
      by: who,
      reason: null,
    });
    const items = [item('repair-proven', null), item('nothing-else-broken', by)];
    this.change({ checklists: [{ name: 'verification', items }] });
  }

  /** What the sinks made of the notification. */
  notified(results: Readonly<Record<string, 'delivered' | 'failed' | 'dropped' | null>>): void {
    const at = new Date().toISOString();
    const sinks = Object.entries(results).map(([sink, result]) => ({
      sink,
      result,
      at: result === null ? null : at,
      tries: 1,
      detail: result === 'failed' ? 'HTTP 500' : 'ok',
    }));
    this.change({ notifications: [{ id: 'n-1', kind: 'opened', at, summary: 'It is a drill.', sinks }] });
  }

  record(_id: string, changes: readonly IncidentChange[]): void {
    this.recorded.push(...changes);
  }

  lend(): void {}

  endControls(): void {}

  finish(id: string, reason: string): void {
    this.finished.push({ id, reason });
    this.change({ status: 'closed' }, id);
  }

  recovery(): readonly string[] {
    return ['Roll back: kubectl rollout undo deployment/shop'];
  }

  folder(): string | undefined {
    return this.directory;
  }

  report = (error: unknown): void => {
    this.reports.push(error);
  };
}

/** A scenario with the usual in it. */
export function scenario(given: Partial<ScenarioDraft> = {}): DrillScenario {
  return completeScenario({ policies: ['database'], ...given });
}
