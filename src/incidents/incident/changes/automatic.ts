import { z } from 'zod';
import { circuitStates } from '../../../core/circuit.ts';
import { notificationResults } from '../../../metrics/incident-counters.ts';
import { slis } from '../../../metrics/sli.ts';
import { severities } from '../severity.ts';
import { incidentTriggers } from '../trigger.ts';
import { by, change, text, time } from './fields.ts';

/** What a notification tells of an incident. */
export const notificationKinds = ['opened', 'updated', 'resolved'] as const;

const severity = z.enum(severities);
const circuitState = z.enum(circuitStates);
const count = z.number();

/** Facts about calls of the incident's policy between two moments. */
export const callFacts = z.object({
  calls: count,
  failed: count,
  timedOut: count,
  rejected: count,
  retried: count,
  servedStale: count,
  servedFallback: count,
});

/** The first change of every incident: something was seen. Says what the incident is and stays. */
export const detected = change('detected', {
  id: z.string(),
  policy: z.string(),
  service: z.string().optional(),
  instance: z.string(),
  dedupKey: z.string(),
  drill: z.boolean(),
  trigger: z.enum(incidentTriggers),
  summary: text,
  severity,
  why: text,
  by,
  /** When the first failure happened that led to it; `at` where none is known. */
  startedAt: time,
  /** Policies that depend on this one, and what uses it, from the policies' options. */
  dependants: z.array(z.string()),
  usedBy: z.array(z.string()),
});

/** People are told from here on. */
export const declared = change('declared', { by, reason: text.optional() });

/** Why nobody is told, or not of this: `dependency` has its upstream's policy and incident. */
export const heldBack = change('held-back', {
  because: z.enum(['dependency', 'silence', 'maintenance', 'digest', 'flapping', 'rate-limit', 'drill']),
  text,
  upstream: z.object({ policy: z.string(), incident: z.string() }).optional(),
  until: time.optional(),
});

/** An incident of a dependant policy is held back because of this one. */
export const dependantHeld = change('dependant-held', { policy: z.string(), incident: z.string() });

/** A circuit of its policy moved. */
export const circuit = change('circuit', {
  from: circuitState,
  to: circuitState,
  reason: text,
  manual: z.boolean(),
  /** Whether all circuits of its policy were closed then. Default: as if there were no other. */
  allClosed: z.boolean().optional(),
  /** Whose circuit it is, where it is not the policy's own. */
  key: text.optional(),
  endpoint: z.string().optional(),
});

/** How the circuits of its policy are, which has several. */
export const circuits = change('circuits', {
  text,
  allClosed: z.boolean(),
  endpoints: count,
  endpointsOpen: count,
  /** Keys that have a circuit. */
  keys: count,
  keysOpen: count,
  worst: z.array(z.object({ key: text, endpoint: z.string().optional(), state: circuitState, since: time })),
});

/** An SLO event of its policy: a burn alert, its end, a spent budget. */
export const slo = change('slo', {
  sli: z.enum(slis),
  status: z.enum(['burning', 'recovered', 'exhausted']),
  text,
});

/** The severity changed; it is lowered by people only. */
export const severityChanged = change('severity', { from: severity, to: severity, why: text, by });

/** As bad as before, for a reason that is better known. Not on the timeline. */
export const reviewed = change('reviewed', { why: text });

/** A notification was made, for these sinks. Recorded before it is sent. */
export const notifying = change('notifying', {
  notification: z.string(),
  kind: z.enum(notificationKinds),
  summary: text,
  sinks: z.array(z.string()),
});

/** A notification came to its end at one sink. */
export const notified = change('notified', {
  notification: z.string(),
  sink: z.string(),
  kind: z.enum(notificationKinds),
  result: z.enum(notificationResults),
  tries: count,
  detail: text,
});

/** A contact was told because of a route or an escalation. */
export const escalated = change('escalated', {
  contact: z.string(),
  level: count,
  via: z.array(z.string()),
  why: text,
});

/** It began or ceased to flap. */
export const flapping = change('flapping', { flapping: z.boolean(), changeRate: z.number() });

/** What calls came to since the incident began; the last one holds. Not on the timeline. */
export const measured = change('measured', {
  during: callFacts,
  latency: z.object({
    p50BeforeMs: z.number().optional(),
    p99BeforeMs: z.number().optional(),
    p50DuringMs: z.number().optional(),
    p99DuringMs: z.number().optional(),
  }),
  budget: z.array(
    z.object({
      sli: z.string(),
      objective: z.number(),
      /** Shares of the period's budget; spent is before less after. */
      remainingBefore: z.number().optional(),
      remainingAfter: z.number().optional(),
    }),
  ),
  errors: z.array(
    z.object({
      /** Name and code, such as `DatabaseError 57P01`. */
      kind: text,
      count,
      /** One message, redacted. */
      sample: text,
      traceId: z.string().optional(),
    }),
  ),
  /** Of the error kinds that were not kept. */
  otherErrors: count,
  /** Of the process, since an incident is open. */
  eventLoopDelayP99Ms: z.number().optional(),
});

/** State and configuration of the policy's circuits, and of the process, when the incident began. */
export const situation = change('situation', {
  circuits: z.array(z.record(z.string(), z.unknown())),
  pipeline: z.array(text),
  process: z.object({
    version: z.string(),
    node: z.string(),
    uptimeMs: z.number(),
    rssBytes: z.number(),
    heapUsedBytes: z.number(),
    eventLoopDelayP99Ms: z.number().optional(),
  }),
  changes: z.array(z.object({ at: time, version: z.string().optional(), what: text })),
  similar: z.array(z.object({ incident: z.string(), summary: text, resolvedAt: time.optional(), why: text })),
  /** What there is to do by: people read it here when no process answers any more. */
  runbooks: z
    .array(
      z.object({
        policy: z.string(),
        title: text,
        url: z.string().optional(),
        steps: z.array(
          z.object({
            text,
            command: z.string().optional(),
            link: z.string().optional(),
            check: text,
            twoPeople: z.boolean().optional(),
          }),
        ),
      }),
    )
    .optional(),
});

/** A collector wrote a file into the incident's folder, or could not. */
export const collected = change('collected', {
  collector: z.string(),
  file: z.string().optional(),
  bytes: count,
  truncated: z.boolean(),
  error: text.optional(),
});

/** A status update is due. */
export const reminded = change('reminded', { text });

/** The process that tends the incident changed: after a crash or a restart. */
export const adopted = change('adopted', { instance: z.string(), text });

/** The circuits stayed closed, or whatever began it is over, long enough; or a person says so. */
export const resolved = change('resolved', { by, reason: text, durationMs: z.number() });

/** Something the library or a person did to the policy: force open, probe now, a limit changed. */
export const steered = change('steered', {
  control: z.string(),
  text,
  by,
  until: time.optional(),
  ended: z.boolean(),
});
