import { Registry } from 'prom-client';
import {
  type Evidence,
  type EvidencePorts,
  gatherEvidence,
} from '../../../src/incidents/evidence/evidence.ts';
import { policyEvidence } from '../../../src/incidents/evidence/policy-evidence.ts';
import type { ChangeOf, IncidentChange } from '../../../src/incidents/incident/changes/change.ts';
import type { CircuitEvent, PolicyOptions } from '../../../src/index.ts';
import { testHub } from '../../support.ts';

/** A hub with one policy, whose incident begins when its circuit opens, as the manager begins it. */
export function outage(options: PolicyOptions, ports: Partial<EvidencePorts> = {}) {
  const registry = new Registry();
  const hub = testHub({ registry });
  const policy = hub.policy('database', options);
  const reported: unknown[] = [];
  const evidence: Evidence = gatherEvidence({
    events: { on: (name, listener) => hub.on(name, listener) },
    facts: (name) => (name === policy.name ? { evidence: policyEvidence(policy, '0.0.0') } : undefined),
    objectives: (name) => hub.slo.report(name).flatMap(({ objectives }) => objectives),
    report: (_policy, _component, error) => reported.push(error),
    ...ports,
  });
  const begun: IncidentChange[] = [];
  const events: CircuitEvent[] = [];
  hub.on('circuit', (event) => {
    events.push(event);
    if (event.from === 'closed' && event.to === 'open') {
      begun.push(...evidence.begin({ id: 'INC-1', policy: 'database', trigger: 'circuit' }));
    }
  });
  return { hub, policy, registry, evidence, begun, events, reported };
}

/** All samples of a registry by name and labels, such as `breakwater_calls_total{outcome="failure",policy="database"}`. */
export async function scraped(registry: Registry): Promise<ReadonlyMap<string, number>> {
  const samples = new Map<string, number>();
  for (const line of (await registry.metrics()).split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) continue;
    const [, name = '', labels = '', value = ''] = match;
    samples.set(`${name}{${labels.split(',').sort().join(',')}}`, Number(value));
  }
  return samples;
}

/** The sum of the differences of a metric's series with those labels. */
export function grown(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const [series, value] of after) {
    const isOf = series.startsWith(`breakwater_${name}{`);
    if (isOf && Object.entries(labels).every(([label, wanted]) => series.includes(`${label}="${wanted}"`))) {
      sum += value - (before.get(series) ?? 0);
    }
  }
  return sum;
}

/** Prometheus' `histogram_quantile` over the growth of a histogram of seconds, in milliseconds. */
export function quantileMs(
  q: number,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  name: string,
): number {
  const buckets = [...after]
    .filter(([series]) => series.startsWith(`breakwater_${name}_bucket{`))
    .map(([series, value]) => ({
      le: Number(/le="([^"]+)"/.exec(series)?.[1]?.replace('+Inf', 'Infinity')),
      count: value - (before.get(series) ?? 0),
    }))
    .sort((a, b) => a.le - b.le);
  const total = buckets.at(-1)?.count ?? 0;
  const rank = q * total;
  const at = buckets.findIndex(({ count }) => count >= rank);
  const [lower, upper] = [buckets[at - 1] ?? { le: 0, count: 0 }, buckets[at]];
  if (upper === undefined) throw new Error('the histogram is empty');
  if (upper.le === Number.POSITIVE_INFINITY) return lower.le * 1_000;
  return (lower.le + ((upper.le - lower.le) * (rank - lower.count)) / (upper.count - lower.count)) * 1_000;
}

export function measuredOf(change: IncidentChange | undefined): ChangeOf<'measured'> {
  if (change?.type !== 'measured') throw new Error('nothing was measured');
  return change;
}
