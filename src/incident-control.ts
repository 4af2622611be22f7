import type { Events } from './core/events.ts';
import type { Policy } from './core/policy.ts';
import type { Controlled } from './incidents/control/controlled.ts';
import type { ControlServer } from './incidents/control/server.ts';
import type { Drills } from './incidents/drill/drills.ts';
import type { DrillPorts } from './incidents/drill/ports.ts';
import type { IncidentJson } from './incidents/incident/document.ts';
import { keyNamer, type NameKey } from './incidents/key-name.ts';
import type { IncidentManager } from './incidents/manager.ts';
import type { IncidentSettings } from './incidents/options.ts';
import type { PolicyFacts } from './incidents/ports.ts';
import { holdsForAll } from './incidents/recovery/steering.ts';
import type { BreakwaterSnapshot } from './snapshot.ts';
import { VERSION } from './version.ts';

/** What the control socket may reach of a hub. */
export interface IncidentControlParts {
  readonly settings: IncidentSettings;
  readonly incidents: IncidentManager;
  readonly events: Events;
  policies(): readonly Policy[];
  facts(policy: string): PolicyFacts | undefined;
  /** The state of the hub, as plain data. */
  snapshot(): BreakwaterSnapshot;
  /** The metrics as they are scraped. */
  metrics(): Promise<string>;
  report(error: unknown): void;
}

interface Opened {
  readonly server: ControlServer;
  readonly drills: Drills;
  readonly forget: () => void;
}

/**
 * The socket by which the `breakwater` command reaches a hub. What it is made of is loaded only where one is asked for,
 * and what fails is reported: an application runs without it.
 */
export class IncidentControl {
  readonly #parts: IncidentControlParts;
  #opening: Promise<Opened | undefined> | undefined;
  #opened: Opened | undefined = undefined;
  #closed = false;

  constructor(parts: IncidentControlParts) {
    this.#parts = parts;
    const { control } = parts.settings;
    this.#opening = control === undefined ? undefined : this.#open(control.socket);
  }

  /** Takes the socket away and ends a drill that is being played. At once, where the socket is open already. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#end(this.#opened);
    await this.#opening;
  }

  /** It never rejects. */
  async #open(path: string): Promise<Opened | undefined> {
    const { report, settings } = this.#parts;
    const { directory, instance } = settings;
    try {
      const [{ ControlServer }, { announceSocket }, { Drills }, { recoveryLines }] = await Promise.all([
        import('./incidents/control/server.ts'),
        import('./incidents/control/found-sockets.ts'),
        import('./incidents/drill/drills.ts'),
        import('./incidents/drill/recovery-lines.ts'),
      ]);
      if (this.#closed) return undefined;
      const drills = new Drills(
        drillPorts(this.#parts, (id) => recoveryLines(this.#parts.incidents.recovery(id))),
      );
      const controlled = controlledOf(this.#parts, drills);
      const server = await ControlServer.open({ path, controlled, report });
      let forget: () => void = () => {};
      try {
        if (directory !== undefined)
          forget = announceSocket(directory, { socket: path, pid: process.pid, instance });
      } catch (error) {
        report(error);
      }
      const opened = { server, drills, forget };
      this.#opened = opened;
      if (this.#closed) this.#end(opened);
      return opened;
    } catch (error) {
      // The log has what an error says, not what caused it.
      const why = error instanceof Error ? error.message : String(error);
      report(new Error(`the control socket ${path} cannot be opened: ${why}`, { cause: error }));
      return undefined;
    }
  }

  #end(opened: Opened | undefined): void {
    if (opened === undefined) return;
    this.#opened = undefined;
    const { server, drills, forget } = opened;
    for (const end of [() => drills.close(), () => server.close(), forget]) {
      try {
        end();
      } catch (error) {
        this.#parts.report(error);
      }
    }
  }
}

function controlledOf(parts: IncidentControlParts, drills: Drills): Controlled {
  const { incidents, settings } = parts;
  const json = (id: string): IncidentJson | undefined => incidents.get(id)?.toJSON();
  return {
    process: {
      version: VERSION,
      service: settings.service ?? null,
      instance: settings.instance,
      pid: process.pid,
    },
    policies: () =>
      parts.policies().map(({ name, criticality, circuits }) => ({
        name,
        criticality,
        circuits: circuits.map(({ state, shadow }) => ({ state, shadow })),
      })),
    incidents: () => incidents.list().map((incident) => incident.toJSON()),
    summaries: () =>
      incidents
        .list()
        .map(({ id, status, severity, policy, summary }) => ({ id, status, severity, policy, summary })),
    incident: json,
    declare: (declaration) => incidents.declare(declaration).toJSON(),
    do: (id, command) => incidents.do(id, command).toJSON(),
    why: (id) => incidents.why(id),
    recovery: (id) => incidents.recovery(id),
    recover: (id, request) => incidents.recover(id, request).toJSON(),
    drills,
  };
}

function drillPorts(
  parts: IncidentControlParts,
  recoveryLines: (id: string) => readonly string[],
): DrillPorts {
  const { incidents, settings, report } = parts;
  return {
    allowed: settings.drills,
    events: parts.events,
    policy: (name) => {
      const policy = parts.policies().find((known) => known.name === name);
      if (policy === undefined) return undefined;
      return {
        name,
        circuits: policy.circuits.filter(holdsForAll),
        hasFallback: parts.facts(name)?.hasFallback === true,
        callsInFlight: policy.stats().callsInFlight,
        dependants: parts
          .policies()
          .map((known) => known.name)
          .filter((other) => parts.facts(other)?.dependsOn?.includes(name)),
      };
    },
    policyNames: () => parts.policies().map(({ name }) => name),
    open: () => incidents.open().map((incident) => incident.toJSON()),
    incident: (id) => incidents.get(id)?.toJSON(),
    declare: (declaration) => incidents.declareDrill(declaration).toJSON(),
    record: (id, changes) => incidents.recordChanges(id, changes),
    lend: (id, names, circuits) => incidents.controls.lend(id, names, circuits),
    endControls: (id) => incidents.controls.incidentClosed(id),
    finish: (id, reason) => incidents.finishDrill(id, reason),
    recovery: recoveryLines,
    folder: (id) => incidents.folder(id),
    files: [
      {
        what: 'the state of all policies and their error budgets',
        name: 'drill-state.json',
        read: () => {
          const state = withKeysNamed(parts.snapshot(), keyNamer(settings.nameKeys));
          return `${JSON.stringify(state, undefined, 2)}\n`;
        },
      },
      {
        what: 'the metrics as they are now',
        name: 'drill-metrics.txt',
        read: () => parts.metrics(),
      },
    ],
    hints: settings.collectors.collectors.some(({ name }) => name.startsWith('prometheus-'))
      ? []
      : ["The last hour's metrics are not written: no prometheusCollector() is among incidents.collectors."],
    report,
  };
}

/** Keys come from requests: they leave the process as incidents name them. */
function withKeysNamed(state: BreakwaterSnapshot, nameKey: NameKey): BreakwaterSnapshot {
  const policies = state.policies.map((policy) => ({
    ...policy,
    circuits: policy.circuits.map((circuit) =>
      circuit.key === undefined ? circuit : { ...circuit, key: nameKey(circuit.key) },
    ),
  }));
  return { ...state, policies };
}
