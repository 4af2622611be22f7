import { monotonicNow, wallNow } from '../../core/clock.ts';
import { afterDelay } from '../../core/timers.ts';
import { durationText } from '../duration-text.ts';
import type { IncidentJson } from '../incident/document.ts';
import { redact } from '../redact.ts';
import { type CircuitWord, DrilledCircuits } from './effect.ts';
import { writeFiles } from './files.ts';
import { type DrillRequest, policiesOf } from './plan.ts';
import type { DrillPorts } from './ports.ts';
import { type DrillEnd, type DrillProgress, type DrillReport, verdictOf } from './progress.ts';
import { drillSteps } from './scenario.ts';
import { type Detection, type DrillMarks, isOver, marksOf, scoreOf } from './score.ts';
import { stepText } from './step-text.ts';

/** How often the drill looks at its incident, in milliseconds. */
const LOOK_MS = 250;
/** How much longer than the drill its circuits are held open where the drill cannot close them. */
const GRACE_MS = 5_000;

/** Incidents that a drill which holds circuits open may cause by itself on its own policies. */
const ownTriggers: ReadonlySet<IncidentJson['trigger']> = new Set(['slo', 'budget', 'rejections']);

/** Is told of a drill. What it throws is reported. */
export interface DrillListener {
  progress(progress: DrillProgress): void;
  /** It has ended: once, and in the turn in which it did. */
  ended(report: DrillReport): void;
}

/**
 * A game day that is being played. Whatever ends it, it closes the circuits that it opened first, and only then tells;
 * and the circuits end by themselves shortly after its duration should it be unable to.
 */
export class Drill {
  readonly #request: DrillRequest;
  readonly #ports: DrillPorts;
  readonly #listener: DrillListener;
  readonly #circuits = new DrilledCircuits();
  readonly #startedAt = wallNow();
  readonly #begunAt = monotonicNow();
  readonly #incident: string;
  readonly #realBefore: ReadonlySet<string>;
  readonly #cancel: (() => void)[] = [];
  readonly #files: DrillReport['files'][number][] = [];
  readonly #undone: string[] = [];
  #recovery: readonly string[] = [];
  #marks: DrillMarks = new Map();
  #liftedAfterMs: number | undefined = undefined;
  #detection: Detection | undefined = undefined;
  #report: DrillReport | undefined = undefined;

  /** Begins it. What it throws leaves nothing behind. */
  constructor(request: DrillRequest, ports: DrillPorts, listener: DrillListener) {
    this.#request = request;
    this.#ports = ports;
    this.#listener = listener;
    const { scenario, by } = request;
    const { title, policies, effect, durationMs, notify } = scenario;
    this.#realBefore = new Set(ports.open().map(({ id }) => id));
    const [policy = ''] = policies;
    if (effect === 'open') this.#openCircuits();
    try {
      const holds = effect === 'open' ? policies : [];
      const others = policies.length === 1 ? '' : ` (${policies.join(', ')})`;
      this.#incident = ports.declare({ policy, summary: redact(`${title}${others}`), by, notify, holds }).id;
    } catch (error) {
      this.#circuits.undo(ports.report);
      throw error;
    }
    this.#guard(() => ports.lend(this.#incident, policies, this.#circuits.held));
    this.#say('begun', `${title}: incident ${this.#incident}, played by ${by}.`);
    this.#sayEffects();
    this.#cancel.push(
      ports.events.on('circuit', ({ policy: moved, to, manual, shadow }) => {
        if (to === 'open' && !manual && !shadow) this.#outage(`The circuit of '${moved}' opened by itself.`);
      }),
      afterDelay(durationMs, () => this.end('time-limit', `Its ${durationText(durationMs)} are over.`)),
      ...scenario.instructions.map(({ afterMs, text }) =>
        afterDelay(afterMs, () => this.#say('instruction', text)),
      ),
    );
    this.#guard(() => this.#tellRecovery());
    void this.#writeFiles();
    this.#lookLater();
  }

  /** The id of its incident. */
  get incident(): string {
    return this.#incident;
  }

  /** What is known of it so far. */
  get marks(): DrillMarks {
    return this.#marks;
  }

  /** How long it has been played, in milliseconds. */
  get elapsedMs(): number {
    return monotonicNow() - this.#begunAt;
  }

  /** Ends it, once: undoes everything that it began, and says what came of it. It never throws. */
  end(ended: DrillEnd, why: string): void {
    if (this.#report !== undefined) return;
    for (const cancel of this.#cancel.splice(0)) cancel();
    this.#guard(() => this.#seeLifted());
    // What calls feel ends before anything is told, what people did to it first.
    this.#guard(() => this.#ports.endControls(this.#incident));
    this.#undo();
    this.#guard(() => this.#look());
    const { scenario, by } = this.#request;
    const { title, policies, effect } = scenario;
    const score = scoreOf(scenario, this.#marks);
    let collected: DrillReport['files'] = [];
    this.#guard(() => {
      collected = this.#collected();
    });
    const report: DrillReport = {
      incident: this.#incident,
      title,
      policies,
      effect,
      by,
      startedAt: new Date(this.#startedAt).toISOString(),
      endedAt: new Date(wallNow()).toISOString(),
      durationMs: Math.round(this.elapsedMs),
      ended,
      why,
      verdict: verdictOf(ended, score),
      score,
      recovery: this.#recovery,
      files: [...this.#files, ...collected],
      undone: this.#undone,
    };
    this.#report = report;
    this.#guard(() => this.#ports.finish(this.#incident, `The drill is over. ${why}`));
    this.#say('ended', why);
    this.#writeReport(report);
    this.#guard(() => this.#listener.ended(report));
  }

  #openCircuits(): void {
    const { scenario, by } = this.#request;
    const reason = `a drill by ${redact(by, 100)}: ${redact(scenario.title, 200)}`;
    this.#circuits.open(policiesOf(scenario, this.#ports), reason, scenario.durationMs + GRACE_MS);
  }

  #sayEffects(): void {
    const { scenario, by } = this.#request;
    for (const policy of scenario.policies) {
      const count = this.#circuits.countOf(policy);
      if (count === 0) continue;
      const many = count === 1 ? 'the circuit' : `${count} circuits`;
      const text = `Opened ${many} of '${policy}' for at most ${durationText(scenario.durationMs)}.`;
      this.#say('effect', text);
      const until = this.#startedAt + scenario.durationMs;
      const at = wallNow();
      this.#guard(() =>
        this.#ports.record(this.#incident, [
          { type: 'steered', at, control: 'drill', text, by: redact(by, 100), until, ended: false },
        ]),
      );
    }
  }

  #tellRecovery(): void {
    this.#recovery = this.#ports.recovery(this.#incident);
    for (const option of this.#recovery) this.#say('recovery', option);
  }

  async #writeFiles(): Promise<void> {
    const { files, hints, report } = this.#ports;
    try {
      const folder = this.#ports.folder(this.#incident);
      if (folder === undefined) {
        this.#say('file', 'Nothing is written: the application has no incidents: { directory }.');
        return;
      }
      for (const hint of hints) this.#say('file', hint);
      await writeFiles(folder, files, ({ what, file, error, bytes, truncated }) => {
        this.#files.push({ what, file, error });
        if (this.#report !== undefined) return;
        const at = wallNow();
        this.#say(
          'file',
          file === null ? `Could not write ${what}: ${error}.` : `Wrote ${what} to ${folder}/${file}.`,
        );
        this.#guard(() =>
          this.#ports.record(this.#incident, [
            {
              type: 'collected',
              at,
              collector: 'drill',
              ...(file === null ? {} : { file }),
              bytes,
              truncated,
              ...(error === null ? {} : { error }),
            },
          ]),
        );
      });
    } catch (error) {
      report(error);
      this.#say('trouble', "Nothing could be written into the incident's folder.");
    }
  }

  /** What the incident has gathered beside the drill's own files. */
  #collected(): DrillReport['files'] {
    const gathered = this.#ports.incident(this.#incident)?.files ?? [];
    return gathered
      .filter(({ collector }) => collector !== 'drill')
      .map(({ collector, file, error }) => ({ what: collector, file, error }));
  }

  #writeReport(report: DrillReport): void {
    this.#guard(() => {
      const folder = this.#ports.folder(this.#incident);
      if (folder === undefined) return;
      const read = (): string => `${JSON.stringify(report, undefined, 2)}\n`;
      void writeFiles(folder, [{ what: 'the report', name: 'drill-report.json', read }], ({ error }) => {
        if (error !== null) this.#ports.report(new Error(`the drill's report was not written: ${error}`));
      });
    });
  }

  #lookLater(): void {
    const cancel = afterDelay(LOOK_MS, () => {
      this.#cancel.splice(this.#cancel.indexOf(cancel), 1);
      this.#guard(() => this.#lookAgain());
      if (this.#report === undefined) this.#lookLater();
    });
    this.#cancel.push(cancel);
  }

  #lookAgain(): void {
    const { scenario } = this.#request;
    const begun = this.#ports.open().filter(({ id, drill }) => !drill && !this.#realBefore.has(id));
    const isOwn = ({ policy, trigger }: IncidentJson): boolean =>
      scenario.policies.includes(policy) && ownTriggers.has(trigger);
    const real = begun.find((incident) => !isOwn(incident));
    if (real !== undefined) {
      this.#outage(`${real.id} began: ${redact(real.summary)}`);
      return;
    }
    const [own] = begun;
    if (own !== undefined) this.#detection ??= { atMs: this.elapsedMs, incident: own.id };
    this.#look();
    if (isOver(scenario, this.#marks)) this.end('completed', 'Every step is done.');
    else this.#endWithIncident();
  }

  /** Its incident may be ended by other ways: somebody closes it, or its policy is removed. */
  #endWithIncident(): void {
    const incident = this.#ports.incident(this.#incident);
    if (incident === undefined) this.end('stopped', 'Its incident is kept no more.');
    else if (incident.status === 'closed') this.end('stopped', 'Its incident was closed.');
    else if (incident.status === 'resolved' && incident.resolvedBy === null) {
      this.end('stopped', 'Its incident resolved by itself.');
    }
  }

  /** Sees which steps are done, and takes the effect away once it is said to be mitigated. */
  #look(): void {
    this.#seeLifted();
    const incident = this.#ports.incident(this.#incident);
    if (incident === undefined) return;
    const before = this.#marks;
    const marks = marksOf(incident, {
      before,
      effect: this.#request.scenario.effect,
      elapsedMs: this.elapsedMs,
      liftedAfterMs: this.#liftedAfterMs,
      detection: this.#detection,
    });
    this.#marks = marks;
    for (const step of drillSteps) {
      const mark = marks.get(step);
      if (mark !== undefined && !before.has(step)) this.#say('step', stepText(step, mark));
    }
    if (marks.has('mitigate')) this.#told(this.#circuits.release(this.#ports.report));
  }

  #seeLifted(): void {
    if (this.#circuits.lifted) this.#liftedAfterMs ??= this.elapsedMs;
  }

  #undo(): void {
    this.#told(this.#circuits.undo(this.#ports.report));
  }

  #told(words: readonly CircuitWord[]): void {
    for (const { policy, text } of words) {
      if (this.#undone.includes(text)) continue;
      this.#undone.push(text);
      this.#say('undone', text);
      const at = wallNow();
      this.#guard(() =>
        this.#ports.record(this.#incident, [
          { type: 'steered', at, control: 'drill', text: `${policy}: ${text}`, ended: true },
        ]),
      );
    }
  }

  #outage(what: string): void {
    this.end('outage', `${what} This is no part of the drill, or the drill reaches farther than it should.`);
  }

  #say(kind: DrillProgress['kind'], text: string): void {
    const at = new Date(wallNow()).toISOString();
    this.#guard(() => this.#listener.progress({ at, elapsedMs: Math.round(this.elapsedMs), kind, text }));
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#ports.report(error);
    }
  }
}
