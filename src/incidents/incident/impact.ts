import { MAX_LIST_ENTRIES } from './bounded-list.ts';
import type { ChangeOf } from './changes/change.ts';
import type { ImpactJson, SituationJson } from './document-facts.ts';
import { isoTime, isoTimeOrNull } from './iso-time.ts';

/** Nothing is known yet. */
export const NO_IMPACT: ImpactJson = {
  during: null,
  latency: { p50BeforeMs: null, p99BeforeMs: null, p50DuringMs: null, p99DuringMs: null },
  budget: [],
  errors: [],
  otherErrors: 0,
  dependants: [],
  usedBy: [],
};

/** What was measured last; whom it hurts stays. */
export function impactOf(
  { during, latency, budget, errors, otherErrors }: ChangeOf<'measured'>,
  { dependants, usedBy }: ImpactJson,
): ImpactJson {
  return {
    during,
    latency: {
      p50BeforeMs: latency.p50BeforeMs ?? null,
      p99BeforeMs: latency.p99BeforeMs ?? null,
      p50DuringMs: latency.p50DuringMs ?? null,
      p99DuringMs: latency.p99DuringMs ?? null,
    },
    budget: budget
      .slice(0, MAX_LIST_ENTRIES)
      .map(({ sli, objective, remainingBefore: before, remainingAfter: after }) => ({
        sli,
        objective,
        remainingBefore: before ?? null,
        remainingAfter: after ?? null,
        spent: before === undefined || after === undefined ? null : before - after,
      })),
    errors: errors
      .slice(0, MAX_LIST_ENTRIES)
      .map(({ kind, count, sample, traceId }) => ({ kind, count, sample, traceId: traceId ?? null })),
    otherErrors,
    dependants,
    usedBy,
  };
}

export function situationOf(change: ChangeOf<'situation'>): SituationJson {
  const { version, node, uptimeMs, rssBytes, heapUsedBytes, eventLoopDelayP99Ms } = change.process;
  return {
    circuits: change.circuits.slice(0, MAX_LIST_ENTRIES),
    pipeline: change.pipeline.slice(0, MAX_LIST_ENTRIES),
    process: {
      version,
      node,
      uptimeMs,
      rssBytes,
      heapUsedBytes,
      eventLoopDelayP99Ms: eventLoopDelayP99Ms ?? null,
    },
    changes: change.changes
      .slice(0, MAX_LIST_ENTRIES)
      .map(({ at, version: changed, what }) => ({ at: isoTime(at), version: changed ?? null, what })),
    similar: change.similar.slice(0, MAX_LIST_ENTRIES).map(({ incident, summary, resolvedAt, why }) => ({
      incident,
      summary,
      resolvedAt: isoTimeOrNull(resolvedAt),
      why,
    })),
    runbooks: (change.runbooks ?? []).slice(0, MAX_LIST_ENTRIES).map(({ policy, title, url, steps }) => ({
      policy,
      title,
      url: url ?? null,
      steps: steps.slice(0, MAX_LIST_ENTRIES).map(({ text, command, link, check, twoPeople }) => ({
        text,
        command: command ?? null,
        link: link ?? null,
        check,
        twoPeople: twoPeople ?? false,
      })),
    })),
  };
}

/** The event loop is measured only since the incident began. */
export function withLoopDelay(
  situation: SituationJson | null,
  eventLoopDelayP99Ms: number | undefined,
): SituationJson | null {
  if (situation === null || eventLoopDelayP99Ms === undefined) return situation;
  return { ...situation, process: { ...situation.process, eventLoopDelayP99Ms } };
}
