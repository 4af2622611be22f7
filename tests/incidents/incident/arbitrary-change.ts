import type { IncidentChange } from '../../../src/incidents/incident/changes/change.ts';
import {
  actionHorizons,
  actionKinds,
  incidentRoles,
} from '../../../src/incidents/incident/changes/people.ts';
import { severities } from '../../../src/incidents/incident/severity.ts';
import { incidentTriggers } from '../../../src/incidents/incident/trigger.ts';
import { fc } from '../../fast-check.ts';

const states = ['closed', 'open', 'half-open', 'forced-open', 'disabled'] as const;
const topics = ['why', 'root-cause', 'contributing', 'lucky', 'thanks', 'accepted-risk'] as const;
const kinds = ['opened', 'updated', 'resolved'] as const;

const at = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1_770_000_000_000, max: 1_770_000_100_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 1e300, -1e300, 8.64e15, 0.5) },
);
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('', '__proto__', 'password=hunter2', '\u0000\n'),
);
const flag = fc.boolean();
const number = fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const who = fc.constantFrom('Ada', 'Grace', '__proto__', '');
/** Few ids, so that parts are named twice, before they are there, and by the wrong kind of change. */
const id = fc.constantFrom('p-1', 'p-2', 'p-3', '__proto__');
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const texts = fc.array(text, { maxLength: 3 });
const by = some(who);

/** A change of that type, with what is given beside its time. */
function change<const Type extends string, Fields extends object>(
  type: Type,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
): fc.Arbitrary<{ type: Type; at: number } & Fields> {
  return fc.tuple(at, fc.record<Fields>(fields)).map(([time, rest]) => ({ type, at: time, ...rest }));
}

const base = { policy: text, instance: text, dedupKey: text, summary: text, why: text };

/** Any change, valid by its schema, and as unlikely as it may be. */
export const anyChange: fc.Arbitrary<IncidentChange> = fc.oneof(
  change('detected', {
    ...base,
    id,
    service: some(text),
    drill: flag,
    trigger: fc.constantFrom(...incidentTriggers),
    severity: fc.constantFrom(...severities),
    by,
    startedAt: at,
    dependants: texts,
    usedBy: texts,
  }),
  change('declared', { by, reason: some(text) }),
  change('held-back', {
    because: fc.constantFrom('dependency', 'silence', 'digest'),
    text,
    upstream: some(fc.record({ policy: text, incident: text })),
    until: some(at),
  }),
  change('dependant-held', { policy: text, incident: id }),
  change('circuit', {
    from: fc.constantFrom(...states),
    to: fc.constantFrom(...states),
    reason: text,
    manual: flag,
    key: some(text),
    endpoint: some(text),
  }),
  change('circuits', {
    text,
    allClosed: flag,
    endpoints: number,
    endpointsOpen: number,
    keys: number,
    keysOpen: number,
    worst: fc.array(fc.record({ key: text, state: fc.constantFrom(...states), since: at }), { maxLength: 2 }),
  }),
  change('slo', {
    sli: fc.constantFrom('availability', 'latency'),
    status: fc.constantFrom('burning', 'recovered', 'exhausted'),
    text,
  }),
  change('severity', {
    from: fc.constantFrom(...severities),
    to: fc.constantFrom(...severities),
    why: text,
    by,
  }),
  change('reviewed', { why: text }),
  change('notifying', { notification: id, kind: fc.constantFrom(...kinds), summary: text, sinks: texts }),
  change('notified', {
    notification: id,
    sink: text,
    kind: fc.constantFrom(...kinds),
    result: fc.constantFrom('delivered', 'failed', 'dropped'),
    tries: number,
    detail: text,
  }),
  change('escalated', { contact: text, level: number, via: texts, why: text }),
  change('flapping', { flapping: flag, changeRate: number }),
  change('measured', {
    during: fc.record({
      calls: number,
      failed: number,
      timedOut: number,
      rejected: number,
      retried: number,
      servedStale: number,
      servedFallback: number,
    }),
    latency: fc.record({ p50BeforeMs: some(number), p99DuringMs: some(number) }),
    budget: fc.array(
      fc.record({
        sli: text,
        objective: number,
        remainingBefore: some(number),
        remainingAfter: some(number),
      }),
      { maxLength: 2 },
    ),
    errors: fc.array(fc.record({ kind: text, count: number, sample: text, traceId: some(text) }), {
      maxLength: 2,
    }),
    otherErrors: number,
  }),
  change('situation', {
    circuits: fc.array(fc.dictionary(text, fc.jsonValue()), { maxLength: 2 }),
    pipeline: texts,
    process: fc.record({
      version: text,
      node: text,
      uptimeMs: number,
      rssBytes: number,
      heapUsedBytes: number,
      eventLoopDelayP99Ms: some(number),
    }),
    changes: fc.array(fc.record({ at, version: some(text), what: text }), { maxLength: 2 }),
    similar: fc.array(fc.record({ incident: text, summary: text, resolvedAt: some(at), why: text }), {
      maxLength: 2,
    }),
    runbooks: some(
      fc.array(
        fc.record({
          policy: text,
          title: text,
          url: some(text),
          steps: fc.array(
            fc.record({ text, command: some(text), link: some(text), check: text, twoPeople: some(flag) }),
            { maxLength: 2 },
          ),
        }),
        { maxLength: 2 },
      ),
    ),
  }),
  change('collected', {
    collector: text,
    file: some(text),
    bytes: number,
    truncated: flag,
    error: some(text),
  }),
  change('reminded', { text }),
  change('adopted', { instance: text, text }),
  change('resolved', { by, reason: text, durationMs: number }),
  change('steered', { control: text, text, by, until: some(at), ended: flag }),
  change('acknowledged', { by: who }),
  change('mitigated', { by, reason: text }),
  change('closed', { by: who, reason: some(text) }),
  change('reopened', { by, reason: text }),
  change('assigned', { role: fc.constantFrom(...incidentRoles), person: who, by, released: flag }),
  change('noted', { id, text, by, deadEnd: flag }),
  change('observed', { id, text, by }),
  change('hypothesis', { id, text, reasoning: some(text), by }),
  change('evidence', { hypothesis: id, text, supports: flag, by }),
  change('hypothesis-judged', {
    hypothesis: id,
    verdict: fc.constantFrom('open', 'confirmed', 'ruled-out'),
    reason: text,
    explains: fc.array(id, { maxLength: 3 }),
    doesNotExplain: fc.array(id, { maxLength: 3 }),
    by,
  }),
  change('reproduced', { reproduced: flag, how: text, version: text, by }),
  change('mitigation', { id, text, hypothesis: some(id), stopgap: flag, by }),
  change('mitigation-judged', {
    mitigation: id,
    outcome: fc.constantFrom('helped', 'no-effect', 'made-worse', 'undone'),
    text,
    by,
  }),
  change('action', {
    id,
    text,
    kind: fc.constantFrom(...actionKinds),
    horizon: fc.constantFrom(...actionHorizons),
    owner: some(who),
    checker: some(who),
    due: some(text),
    twoPeople: flag,
    mitigation: some(id),
    by,
  }),
  change('action-moved', {
    action: id,
    to: fc.constantFrom('assigned', 'done', 'checked', 'dropped', 'open'),
    owner: some(who),
    checker: some(who),
    due: some(text),
    reason: some(text),
    by,
  }),
  change('data-to-repair', { id, text, by }),
  change('data-repaired', { repair: id, text: some(text), by }),
  change('decision-needed', { id, question: text, authority: some(who), by }),
  change('decided', { decision: id, answer: text, knew: text, by: who }),
  change('update', { text, expectedRecoveryAt: some(at), nextUpdateAt: some(at), by }),
  change('affected', { users: some(text), scope: some(text), by }),
  change('war-room', { url: text, by }),
  change('contacted', { contact: who, reached: flag, text: some(text), by }),
  change('checked', {
    item: fc.constantFrom('contact.responders', 'verification.repair-proven', '__proto__', ''),
    state: fc.constantFrom('done', 'waived', 'open'),
    reason: some(text),
    by,
  }),
  change('runbook-step', {
    runbook: fc.constantFrom('failover', '__proto__', ''),
    step: fc.oneof(fc.integer({ min: 1, max: 3 }), number),
    state: fc.constantFrom('rehearsed', 'started', 'checked', 'surprise', 'resumed'),
    text: some(text),
    by,
  }),
  change('learned', { topic: fc.constantFrom(...topics), text, evidence: some(text), by }),
);
