import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import type { Page, Span } from './layout.ts';

/** Who is hurt, and by how much. */
export function addImpact(page: Page, { impact, policy }: IncidentJson): void {
  const { during, latency, budget, errors, otherErrors, dependants, usedBy } = impact;
  const rows: [string, string][] = [];
  if (during !== null) rows.push(['Calls', callsText(during)]);
  const times = latencyText(latency);
  if (times !== undefined) rows.push(['Latency', times]);
  for (const { sli, remainingBefore, remainingAfter, spent } of budget) {
    const parts = [
      spent === null ? undefined : `${share(spent)} of the error budget spent`,
      remainingAfter === null
        ? undefined
        : remainingAfter < 0
          ? `overspent by ${share(-remainingAfter)}`
          : `${share(remainingAfter)} left`,
      remainingBefore === null ? undefined : `${share(remainingBefore)} before`,
    ].filter((part) => part !== undefined);
    if (parts.length > 0) rows.push([capital(sli), parts.join(', ')]);
  }
  for (const { kind, count, sample, traceId } of errors) {
    rows.push([
      'Errors',
      `${many(count)} x ${kind}: ${sample}${traceId === null ? '' : ` (trace ${traceId})`}`,
    ]);
  }
  if (otherErrors > 0) rows.push(['Errors', `${many(otherErrors)} of other kinds`]);
  if (dependants.length > 0) rows.push(['Policies', `${dependants.join(', ')} depend on ${policy}`]);
  if (usedBy.length > 0) rows.push(['Used by', usedBy.join(', ')]);
  page.heading('What is hurt');
  if (rows.length === 0) page.item('Nothing is known yet.');
  page.fields(rows.map(([label, text]): [Span, Span] => [{ text: label, style: 'dim' }, { text }]));
}

function callsText(during: NonNullable<IncidentJson['impact']['during']>): string {
  const { calls, failed, timedOut, rejected, retried, servedStale, servedFallback } = during;
  const hurt = failed + timedOut + rejected;
  const parts = [
    `${many(failed)} failed`,
    `${many(timedOut)} timed out`,
    `${many(rejected)} rejected`,
    `${many(servedStale)} served stale`,
    `${many(servedFallback)} by a fallback`,
    `${many(retried)} retries`,
  ].filter((part) => !part.startsWith('0 '));
  const ratio = calls > 0 ? ` (${share(hurt / calls)} got no answer)` : '';
  return `${many(calls)} since it began${parts.length === 0 ? '' : `: ${parts.join(', ')}`}${ratio}`;
}

function latencyText(latency: IncidentJson['impact']['latency']): string | undefined {
  const { p50BeforeMs, p50DuringMs, p99BeforeMs, p99DuringMs } = latency;
  if (p50DuringMs === null && p99DuringMs === null) return undefined;
  return `p50 ${ms(p50DuringMs)} (before ${ms(p50BeforeMs)}), p99 ${ms(p99DuringMs)} (before ${ms(p99BeforeMs)})`;
}

function many(count: number): string {
  return count.toLocaleString('en-US');
}

function ms(value: number | null): string {
  return value === null ? 'unknown' : `${Number(value.toPrecision(3))} ms`;
}

function share(ratio: number): string {
  return `${many(Number((ratio * 100).toPrecision(3)))}%`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
