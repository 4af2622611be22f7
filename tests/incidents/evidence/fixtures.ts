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
import { readScrape, type Scrape } from '../scrape.ts';

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
export async function scraped(registry: Registry): Promise<Scrape> {
  return readScrape(await registry.metrics());
}

export function measuredOf(change: IncidentChange | undefined): ChangeOf<'measured'> {
  if (change?.type !== 'measured') throw new Error('nothing was measured');
  return change;
}
