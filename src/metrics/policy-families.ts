import { type CircuitState, circuitStates } from '../core/circuit.ts';
import {
  attemptOutcomes,
  cacheResults,
  callOutcomes,
  fallbackSources,
  rejectionReasons,
  retryReasons,
} from '../core/observer.ts';
import type { Emit, FamilyShare, Labels } from './family.ts';
import { layout, type PolicyRecorder } from './recorder.ts';
import { slis } from './sli.ts';

/** What of a policy is exposed. */
export interface MeasuredPolicy {
  readonly labels: Labels;
  readonly recorder: PolicyRecorder;
  /** The states of its circuits; without it, or while it gives none, there are no series for them. */
  readonly circuitStates?: (() => readonly CircuitState[]) | undefined;
}

/** The policies of a hub at the time of a scrape. */
export type ReadPolicies = () => Iterable<MeasuredPolicy>;

const NONE: Labels = {};

/** All families that have one share of each policy. */
export function policyFamilies(policies: ReadPolicies, buckets: readonly number[]): readonly FamilyShare[] {
  const counter = (name: string, help: string, at: number, series: readonly Labels[]): FamilyShare => ({
    definition: {
      name: `breakwater_${name}`,
      type: 'counter',
      help,
      labelNames: ['policy', ...Object.keys(series[0] ?? NONE)],
      aggregation: 'sum',
    },
    read: (emit) => emitCounts(policies, emit, at, series),
  });
  const histogram = (name: string, help: string, at: 'callDurations' | 'attemptDurations'): FamilyShare => ({
    definition: {
      name: `breakwater_${name}`,
      type: 'histogram',
      help,
      labelNames: ['policy'],
      aggregation: 'sum',
      buckets,
    },
    read: (emit) => emitHistograms(policies, emit, at, bucketLabels),
  });
  const bucketLabels = [...buckets, '+Inf'].map((le): Labels => ({ le }));
  const inFlight = (name: string, help: string, at: number): FamilyShare => ({
    // Each worker of a cluster has calls of its own in flight, so they add up.
    definition: {
      name: `breakwater_${name}`,
      type: 'gauge',
      help,
      labelNames: ['policy'],
      aggregation: 'sum',
    },
    read: (emit) => emitCounts(policies, emit, at, [NONE]),
  });

  return [
    counter('calls_total', 'Logical calls by outcome.', layout.calls, labelled('outcome', callOutcomes)),
    histogram('call_duration_seconds', 'Duration of calls as the caller saw it.', 'callDurations'),
    counter(
      'attempts_total',
      'Tries of the operation by outcome.',
      layout.attempts,
      labelled('outcome', attemptOutcomes),
    ),
    histogram(
      'attempt_duration_seconds',
      'Duration of attempts until they ended or were given up.',
      'attemptDurations',
    ),
    counter('late_outcomes_total', 'Operations that ended after they were given up.', layout.late, [NONE]),
    counter(
      'retries_total',
      'Retries by what made them necessary.',
      layout.retries,
      labelled('reason', retryReasons),
    ),
    counter(
      'rejections_total',
      'Calls and attempts that a strategy turned away.',
      layout.rejections,
      labelled('reason', rejectionReasons),
    ),
    counter(
      'fallbacks_total',
      'Answers given in place of a failed call.',
      layout.fallbacks,
      labelled('source', fallbackSources),
    ),
    counter(
      'cache_requests_total',
      'Look-ups in the cache by result.',
      layout.cache,
      labelled('result', cacheResults),
    ),
    inFlight('calls_in_flight', 'Calls that have not ended.', layout.callsInFlight),
    inFlight(
      'attempts_in_flight',
      'Operations that still run, also those that were given up.',
      layout.attemptsInFlight,
    ),
    circuitStateFamily(policies),
    transitionFamily(policies),
    counter('sli_events_total', 'Events of the service level indicators.', layout.slis, sliSeries),
  ];
}

function labelled(name: string, values: readonly string[]): readonly Labels[] {
  return values.map((value) => ({ [name]: value }));
}

const sliSeries: readonly Labels[] = slis.flatMap((sli) => [
  { sli, result: 'good' },
  { sli, result: 'bad' },
]);

const stateSeries = circuitStates.map((state): Labels => ({ state }));

const transitionSeries = circuitStates
  .flatMap((from, row) =>
    circuitStates.map((to, column) => ({
      labels: { from, to },
      at: layout.transitions + row * circuitStates.length + column,
    })),
  )
  .filter(({ labels: { from, to } }) => from !== to);

function emitCounts(policies: ReadPolicies, emit: Emit, at: number, series: readonly Labels[]): void {
  for (const { labels, recorder } of policies()) {
    for (const [index, own] of series.entries()) emit(recorder.counts[at + index] ?? 0, labels, own);
  }
}

function emitHistograms(
  policies: ReadPolicies,
  emit: Emit,
  which: 'callDurations' | 'attemptDurations',
  bucketLabels: readonly Labels[],
): void {
  for (const { labels, recorder } of policies()) {
    const at = recorder[which];
    let count = 0;
    for (const [index, le] of bucketLabels.entries()) {
      count += recorder.counts[at + 1 + index] ?? 0;
      emit(count, labels, le, '_bucket');
    }
    emit((recorder.counts[at] ?? 0) / 1_000, labels, NONE, '_sum');
    emit(count, labels, NONE, '_count');
  }
}

/** The value of a state is the number of the policy's circuits in it: 1 or 0 for one circuit in one process. */
function circuitStateFamily(policies: ReadPolicies): FamilyShare {
  return {
    definition: {
      name: 'breakwater_circuit_state',
      type: 'gauge',
      help: 'Circuits in each state; with one circuit, 1 for the state it is in and 0 for the others.',
      labelNames: ['policy', 'state'],
      // A circuit open in one worker of four shows as open 1 and closed 3.
      aggregation: 'sum',
    },
    read: (emit) => {
      for (const policy of policies()) {
        const states = policy.circuitStates?.();
        if (states === undefined || states.length === 0) continue;
        for (const [index, state] of circuitStates.entries()) {
          const inState = states.reduce((total, other) => (other === state ? total + 1 : total), 0);
          emit(inState, policy.labels, stateSeries[index] ?? NONE);
        }
      }
    },
  };
}

function transitionFamily(policies: ReadPolicies): FamilyShare {
  return {
    definition: {
      name: 'breakwater_circuit_transitions_total',
      type: 'counter',
      help: 'Changes of the state of circuits.',
      labelNames: ['policy', 'from', 'to'],
      aggregation: 'sum',
    },
    read: (emit) => {
      for (const { labels: owner, recorder } of policies()) {
        for (const { labels, at } of transitionSeries) emit(recorder.counts[at] ?? 0, owner, labels);
      }
    },
  };
}
