import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { type IncidentStatus, isOpen } from '../../../src/incidents/incident/status.ts';
import { sampleIncident } from '../sample.ts';

const at = '2026-02-04T10:05:00.000Z';

/** An incident with everything in it that people and the library can write, each text being `text`. */
export function fullIncident(text: string, status: IncidentStatus = 'declared'): IncidentJson {
  const authored = { at, by: text };
  return sampleIncident({
    policy: text,
    service: text,
    instance: text,
    status,
    why: text,
    summary: text,
    acknowledgedAt: at,
    mitigatedAt: at,
    resolvedAt: isOpen(status) ? null : at,
    resolvedBy: isOpen(status) ? null : text,
    durationMs: isOpen(status) ? null : 90_000,
    steps: [{ at, status, by: text, reason: text, reopening: false }],
    severityHistory: [{ at, from: 'Low', to: 'High', why: text, by: text }],
    timeline: Array.from({ length: 20 }, () => ({ at, kind: 'noted', text })),
    impact: {
      during: {
        calls: 10,
        failed: 3,
        timedOut: 1,
        rejected: 2,
        retried: 4,
        servedStale: 0,
        servedFallback: 0,
      },
      latency: { p50BeforeMs: 1, p99BeforeMs: 2, p50DuringMs: 3, p99DuringMs: 4 },
      budget: [],
      errors: Array.from({ length: 10 }, () => ({ kind: text, count: 3, sample: text, traceId: text })),
      otherErrors: 1,
      dependants: Array.from({ length: 30 }, () => text),
      usedBy: Array.from({ length: 30 }, () => text),
    },
    heldDependants: Array.from({ length: 30 }, () => ({ policy: text, incident: text, at })),
    warRoom: text,
    affected: { users: text, scope: text },
    roles: { commander: [text], scribe: [text], investigator: [text], fixer: [text], communications: [text] },
    notes: Array.from({ length: 8 }, () => ({ ...authored, id: 'n-1', text, deadEnd: true })),
    observations: Array.from({ length: 8 }, () => ({ ...authored, id: 'o-1', text })),
    decisions: Array.from({ length: 8 }, () => ({
      ...authored,
      id: 'd-1',
      question: text,
      authority: text,
      answer: text,
      knew: text,
      decidedBy: text,
      decidedAt: at,
    })),
    updates: [{ ...authored, text, expectedRecoveryAt: at, nextUpdateAt: at }],
    contacted: [{ ...authored, contact: text, reached: true, text }],
    learned: Array.from({ length: 8 }, () => ({ ...authored, topic: 'why' as const, text, evidence: text })),
  });
}
