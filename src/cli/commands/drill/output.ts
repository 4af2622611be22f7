import type { DrillRequest } from '../../../incidents/drill/plan.ts';
import type { DrillPlan, DrillProgress, DrillReport } from '../../../incidents/drill/progress.ts';
import { type DrillScenario, drillSteps } from '../../../incidents/drill/scenario.ts';
import type { DrillStepScore } from '../../../incidents/drill/score.ts';
import { durationText } from '../../../incidents/duration-text.ts';
import { printable } from '../../../slo/spec/problems.ts';
import { type Cell, type Column, table } from '../../table.ts';
import { type Style, styled, type Terminal } from '../../terminal.ts';

const CLEAR_LINE = '\r\u001b[2K';
/** How often the line is written again that says how long it has been played, in milliseconds. */
const TICK_MS = 1_000;

/** What a drill will do, before anybody is asked. */
export function planText(terminal: Terminal, { scenario, by }: DrillRequest, plan: DrillPlan): string {
  const { title, durationMs, targetsMs } = scenario;
  const targets = drillSteps.flatMap((step) => {
    const ms = targetsMs[step];
    return ms === false ? [] : [`${step} ${durationText(ms)}`];
  });
  const lines = [
    `${styled(terminal, 'bold', `DRILL  ${printable(title)}`)}`,
    ...plan.effects.map(
      (effect) => `  ${styled(terminal, plan.affectsCalls ? 'yellow' : undefined, printable(effect))}`,
    ),
    `  Ends after ${durationText(durationMs)} at the latest; Ctrl-C ends it at once. Played by ${printable(by)}.`,
    `  Targets: ${targets.join(', ')}.`,
  ];
  return `${lines.join('\n')}\n\n`;
}

const styles: Readonly<Partial<Record<DrillProgress['kind'], Style>>> = {
  begun: 'bold',
  effect: 'yellow',
  instruction: 'bold',
  step: 'green',
  recovery: 'dim',
  file: 'dim',
  trouble: 'red',
};

/**
 * What happens in a drill, a line each with the time since it began; on a terminal with one more below that says how
 * long it has been played and what is waited for.
 */
export class ProgressLines {
  readonly #terminal: Terminal;
  readonly #scenario: Pick<DrillScenario, 'durationMs'>;
  readonly #timer: NodeJS.Timeout | undefined;
  #written: Promise<void> = Promise.resolve();
  #begunAt: number | undefined = undefined;

  constructor(terminal: Terminal, scenario: Pick<DrillScenario, 'durationMs'>) {
    this.#terminal = terminal;
    this.#scenario = scenario;
    this.#timer = terminal.isTTY ? setInterval(() => this.#tick(), TICK_MS) : undefined;
  }

  tell({ elapsedMs, kind, text }: DrillProgress): void {
    this.#begunAt ??= performance.now() - elapsedMs;
    const prefix = kind === 'recovery' ? '  ' : '';
    const line = `${prefix}${styled(this.#terminal, styles[kind], printable(text))}`;
    const time = styled(this.#terminal, 'dim', clockText(elapsedMs));
    this.#write(`${this.#terminal.isTTY ? CLEAR_LINE : ''}${time}  ${line}\n`);
  }

  /** Ends the line that is written again, and waits until all is written. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#terminal.isTTY) this.#write(CLEAR_LINE);
    await this.#written;
  }

  #tick(): void {
    if (this.#begunAt === undefined) return;
    const elapsedMs = performance.now() - this.#begunAt;
    const leftMs = Math.max(0, this.#scenario.durationMs - elapsedMs);
    const text = `${clockText(elapsedMs)}  playing; ${durationText(leftMs)} left`;
    this.#write(`${CLEAR_LINE}${styled(this.#terminal, 'dim', text)}`);
  }

  #write(text: string): void {
    // What cannot be written any more ends no drill.
    this.#written = this.#written.then(() => this.#terminal.write(text)).catch(() => undefined);
  }
}

/** Time since the beginning: `02:07`, `1:00:00`. */
function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest}`;
}

const columns: readonly Column[] = [
  { title: 'STEP' },
  { title: 'RESULT' },
  { title: 'TOOK', align: 'right' },
  { title: 'TARGET', align: 'right' },
  { title: 'BY' },
  { title: 'WHAT' },
];

const resultStyles: Readonly<Record<DrillStepScore['result'], Style>> = {
  passed: 'green',
  late: 'yellow',
  missed: 'red',
  failed: 'red',
  'not-scored': 'dim',
};

const verdicts: Readonly<Record<DrillReport['verdict'], { readonly text: string; readonly style: Style }>> = {
  passed: { text: 'PASSED', style: 'green' },
  failed: { text: 'FAILED', style: 'red' },
  'not-played': { text: 'NOT PLAYED TO ITS END', style: 'red' },
};

/** What came of a drill, for people. */
export function reportText(terminal: Terminal, report: DrillReport): string {
  const { score, verdict, why, incident, durationMs, files } = report;
  const rows = score.steps.map((step): readonly Cell[] => [
    { text: step.step },
    { text: step.result, style: resultStyles[step.result] },
    { text: step.tookMs === null ? '-' : durationText(step.tookMs) },
    { text: step.targetMs === null ? '-' : durationText(step.targetMs) },
    { text: step.by ?? '' },
    { text: step.text },
  ]);
  const { text, style } = verdicts[verdict];
  const total = score.totalMs === null ? '' : `, the last after ${durationText(score.totalMs)}`;
  const written = files.flatMap(({ file }) => file ?? []);
  const lines = [
    '',
    `${styled(terminal, style, text)}  ${score.passedSteps} of ${score.scoredSteps} steps in time${total}; played for ${durationText(durationMs)}. ${printable(why)}`,
    `Incident ${printable(incident)}${written.length === 0 ? '' : `, with ${written.map(printable).join(', ')}`}.`,
  ];
  return `${table(terminal, columns, rows)}${lines.join('\n')}\n`;
}
