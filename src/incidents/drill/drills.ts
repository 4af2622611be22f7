import { InvalidOptionsError } from '../../core/errors.ts';
import { flag, options, parseOptions, textUpTo } from '../../core/options.ts';
import type { ControlSession } from '../control/session.ts';
import { redact } from '../redact.ts';
import { plain } from '../sinks/safe-text.ts';
import { Drill } from './drill.ts';
import { type DrillRequest, planOf } from './plan.ts';
import type { DrillPorts } from './ports.ts';
import type { DrillPlan } from './progress.ts';
import { drillScenario } from './scenario.ts';

const person = textUpTo(100);

const requestSchema = options({ scenario: drillScenario, by: person, anyway: flag.default(false) });
const stopSchema = options({ by: person });

/** How the drill that is being played stands; `null` where none is. */
export type DrillStatus = { readonly incident: string; readonly elapsedMs: number } | null;

/** The drills of an application: one at a time. */
export class Drills {
  readonly #ports: DrillPorts;
  #playing: Drill | undefined = undefined;

  constructor(ports: DrillPorts) {
    this.#ports = ports;
  }

  /** What a drill would do now, and what keeps it from being played. */
  plan(request: unknown): DrillPlan {
    return planOf(this.#requestOf(request, 'drill.plan'), this.#ports);
  }

  /**
   * Plays a drill for as long as the connection lasts at most. Progress is told as the event `drill`, the report as
   * `drill-ended`.
   *
   * @throws {InvalidOptionsError} with all that keeps it from being played
   */
  start(request: unknown, session: ControlSession): { readonly incident: string } {
    const checked = this.#requestOf(request, 'drill.start');
    const { objections } = planOf(checked, this.#ports);
    if (objections.length > 0) throw new InvalidOptionsError('', 'The drill cannot be played', objections);
    session.ended.throwIfAborted();
    const drill = new Drill(checked, this.#ports, {
      progress: (progress) => session.emit('drill', progress),
      ended: (report) => {
        session.ended.removeEventListener('abort', lost);
        this.#playing = undefined;
        session.emit('drill-ended', report);
      },
    });
    const lost = (): void => drill.end('connection-lost', 'Whoever played it is gone.');
    session.ended.addEventListener('abort', lost, { once: true });
    this.#playing = drill;
    return { incident: drill.incident };
  }

  status(): DrillStatus {
    if (this.#playing === undefined) return null;
    const { incident, elapsedMs } = this.#playing;
    return { incident, elapsedMs: Math.round(elapsedMs) };
  }

  /** Stops the drill that is being played. Whether there was one. */
  stop(request: unknown): { readonly stopped: boolean } {
    const { by } = parseOptions(stopSchema, request, '', 'Params of drill.stop');
    if (this.#playing === undefined) return { stopped: false };
    this.#playing.end('stopped', `Stopped by ${safe(by, 100)}.`);
    return { stopped: true };
  }

  /** Ends what is being played because the application closes. */
  close(): void {
    this.#playing?.end('closing', 'The application closes.');
  }

  #requestOf(request: unknown, method: string): DrillRequest {
    const checked = parseOptions(requestSchema, request, '', `Params of ${method}`);
    if (this.#playing === undefined) return withSafeText(checked);
    const message = `is being played already: ${this.#playing.incident}; two at once could not be told apart`;
    throw new InvalidOptionsError('', 'The drill cannot be played', [{ path: 'drill', message }]);
  }
}

/** All that it says goes into logs, files and messages. */
function withSafeText({ scenario, by, anyway }: DrillRequest): DrillRequest {
  const instructions = scenario.instructions.map((one) => ({ ...one, text: safe(one.text, 1_000) }));
  return {
    scenario: { ...scenario, title: safe(scenario.title, 200), instructions },
    by: safe(by, 100),
    anyway,
  };
}

function safe(text: string, maxLength: number): string {
  return plain(redact(text, maxLength), maxLength) || '(nothing that can be printed)';
}
