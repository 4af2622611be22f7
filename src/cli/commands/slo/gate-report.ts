import type { GateDecision, ObjectiveDecision } from '../../../slo/gate/decision.ts';
import { roundedPercentage } from '../../../slo/gate/percentage.ts';
import type { BudgetReading, ReadingSource } from '../../../slo/gate/reading.ts';
import type { ReleaseAnswer } from '../../../slo/live/release.ts';
import { formatDuration } from '../../../slo/spec/durations.ts';
import { printable } from '../../../slo/spec/problems.ts';
import { formatPercentage } from '../../../slo/spec/ratios.ts';
import { type Cell, type Column, fold, table } from '../../table.ts';
import { type Style, styled, type Terminal } from '../../terminal.ts';
import type { Override } from './override.ts';

/** What the gate came to. */
export interface GateReport {
  readonly decision: GateDecision;
  readonly override: Override | undefined;
  readonly minRemaining: number;
  /** Its address, without credentials. */
  readonly prometheus: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

const styles: Readonly<Record<ReleaseAnswer, Style>> = { yes: 'green', no: 'red', unknown: 'yellow' };

const sources: Readonly<Record<ReadingSource, string>> = { recorded: 'rules', raw: 'metrics' };

const columns: readonly Column[] = [
  { title: 'SERVICE' },
  { title: 'POLICY' },
  { title: 'SLI' },
  { title: 'OBJECTIVE', align: 'right' },
  { title: 'PERIOD', align: 'right' },
  { title: 'LEFT', align: 'right' },
  { title: 'FROM' },
  { title: 'RELEASE' },
  { title: 'WHY' },
];

/** The gate's answer for people. */
export function gateTable(terminal: Terminal, report: GateReport): string {
  const { decision, override } = report;
  const rows =
    decision.objectives.length === 0 ? '' : `${table(terminal, columns, decision.objectives.map(rowOf))}\n`;
  const answer = styled(terminal, styles[decision.release], decision.release);
  const general = decision.why.slice(decision.objectives.flatMap(({ why }) => why).length);
  const lines = [`Release: ${answer}`, ...general.map((sentence) => `  ${sentence}`)];
  if (override?.recorded === true) {
    const { by, reason } = override.record;
    lines.push(`Overridden by ${by}: ${reason}`, `  recorded in ${override.file}`);
  }
  const room = terminal.columns ?? Number.POSITIVE_INFINITY;
  const folded = lines.flatMap((line, at) => (at === 0 ? line : foldIndented(printable(line), room)));
  return `${rows}${folded.join('\n')}\n`;
}

function foldIndented(line: string, room: number): readonly string[] {
  const text = line.trimStart();
  const indent = line.slice(0, line.length - text.length);
  return fold(text, room - indent.length).map((part) => indent + part);
}

function rowOf({ reading, release, why }: ObjectiveDecision): readonly Cell[] {
  const { service, policy, sli, objective, periodMs, budget, source } = reading;
  return [
    { text: service },
    { text: policy },
    { text: sli },
    { text: isRatio(objective) ? formatPercentage(objective) : '?' },
    { text: isDuration(periodMs) ? formatDuration(Math.round(periodMs)) : '?' },
    { text: budget.known ? signedPercentage(budget.remaining) : '?', style: styles[release] },
    { text: sources[source] },
    { text: release, style: styles[release] },
    { text: why.join('; ') },
  ];
}

/** What is told by others may be anything. */
function isRatio(value: number | undefined): value is number {
  return value !== undefined && value >= 0 && value <= 1;
}

function isDuration(value: number | undefined): value is number {
  return value !== undefined && value > 0 && value < Number.MAX_SAFE_INTEGER;
}

function signedPercentage(remaining: number): string {
  return remaining < 0 ? `-${roundedPercentage(-remaining, 'up')}` : roundedPercentage(remaining, 'down');
}

/** The gate's answer for programs. */
export function gateJson({ decision, override, minRemaining, prometheus, time }: GateReport): string {
  const answer = {
    release: decision.release,
    why: decision.why,
    minRemaining,
    objectives: decision.objectives.map(objectiveJson),
    override:
      override === undefined ? null : override.recorded ? override.record : { problem: override.problem },
    prometheus,
    time: new Date(time).toISOString(),
  };
  return `${JSON.stringify(answer, undefined, 2)}\n`;
}

function objectiveJson({ reading, release, why }: ObjectiveDecision) {
  const { service, policy, sli, objective, periodMs, budget, pages, source } =
    reading satisfies BudgetReading;
  return {
    service,
    policy,
    sli,
    objective: objective ?? null,
    periodMs: periodMs ?? null,
    remaining: budget.known ? budget.remaining : null,
    pages,
    source,
    release,
    why,
  };
}
