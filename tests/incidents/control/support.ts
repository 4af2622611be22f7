import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { IncidentCommand } from '../../../src/incidents/commands/command.ts';
import type {
  Controlled,
  ControlledDrills,
  IncidentSummary,
} from '../../../src/incidents/control/controlled.ts';
import { ControlServer, type ControlServerParts } from '../../../src/incidents/control/server.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import type { RecoveryRequest } from '../../../src/incidents/recovery/request.ts';
import { sampleIncident } from '../sample.ts';

/** An application behind the socket that remembers what it was told to do. */
export class FakeApplication implements Controlled {
  readonly process = { version: '1.2.3', service: 'shop', instance: 'shop-1', pid: 4242 };
  readonly done: { readonly id: string; readonly command: IncidentCommand }[] = [];
  readonly sample = sampleIncident();
  readonly drills: { -readonly [Name in keyof ControlledDrills]: ControlledDrills[Name] } = {
    plan: (request) => request,
    start: (_request, session) => {
      session.emit('drill', { text: 'begun' });
      session.ended.addEventListener('abort', () => this.drillEnded());
      return { incident: this.sample.id };
    },
    stop: () => ({ stopped: false }),
    status: () => null,
  };
  drillEnded: () => void = () => {};
  recovered: (request: unknown) => unknown = (request) => request;

  policies() {
    return [
      {
        name: 'database',
        criticality: 'high',
        circuits: [{ state: 'closed', shadow: false }],
      } as const,
    ];
  }

  incidents(): readonly IncidentJson[] {
    return [this.sample];
  }

  summaries(): readonly IncidentSummary[] {
    return this.incidents().map(({ id, status, severity, policy, summary }) => ({
      id,
      status,
      severity,
      policy,
      summary,
    }));
  }

  incident(id: string): IncidentJson | undefined {
    return id === this.sample.id ? this.sample : undefined;
  }

  declare(): IncidentJson {
    return this.sample;
  }

  do(id: string, command: IncidentCommand): IncidentJson {
    this.done.push({ id, command });
    return { ...this.sample, status: 'acknowledged' };
  }

  why(): unknown {
    return ['nothing holds it back'];
  }

  recovery(): unknown {
    return [];
  }

  recover(_id: string, request: RecoveryRequest): unknown {
    return this.recovered(request);
  }
}

/** A folder that goes when the test is over. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'bw-control-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A server in a folder of its own, closed when the test is over. */
export async function serveControl(given: Partial<ControlServerParts> = {}) {
  const application = new FakeApplication();
  const reports: unknown[] = [];
  const path = given.path ?? join(folder(), 'app.sock');
  const server = await ControlServer.open({
    path,
    controlled: application,
    report: (error) => reports.push(error),
    ...given,
  });
  onTestFinished(() => server.close());
  return { application, path, reports, server };
}

/** A connection that writes what it likes. */
export class RawConnection {
  readonly #socket: Socket;
  readonly ended: Promise<void>;
  text = '';

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.on('data', (chunk) => {
      this.text += chunk.toString();
    });
    this.#socket.on('error', () => {});
    this.ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    onTestFinished(() => {
      this.#socket.destroy();
    });
  }

  write(text: string): void {
    this.#socket.write(text);
  }
}
