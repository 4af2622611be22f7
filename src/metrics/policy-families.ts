import { type CircuitState, circuitStates } from '../core/circuit.ts';
import {
  attemptOutcomes,
  cacheResults,
  callOutcomes,
  fallbackSources,
  rejectionReasons,
  retryReasons,
} from '../core/observer.ts';
import type { Exemplars } from './exemplars.ts';
import type { FamilyDefinition, FamilyShare, Labels, Owner, Series, Values } from './family.ts';
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

/** The one series of an owner that has no others to be told from. */
const only: readonly Series[] = [{ labels: {} }];

/** All families that have one share of each policy. */
export function policyFamilies(policies: ReadPolicies, buckets: readonly number[]): readonly FamilyShare[] {
  const counter = (name: string, help: string, at: number, series: readonly Series[]): FamilyShare => ({
    definition: {
      name: `breakwater_${name}`,
      type: 'counter',
      help,
      labelNames: ['policy', ...Object.keys(series[0]?.labels ?? {})],
      aggregation: 'sum',
    },
    series,
    owners: () =>
      ownersOf(
        policies,
        ({ recorder }) => countsOf(recorder, at, series.length),
        ({ recorder }) => recorder.exemplars(at, series.length),
      ),
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
    series: histogramSeries,
    owners: () =>
      ownersOf(
        policies,
        ({ recorder }) => histogramOf(recorder, recorder[at], buckets.length + 1),
        ({ recorder }) => recorder.exemplars(recorder[at] + 1, buckets.length + 1),
      ),
  });
  const histogramSeries: readonly Series[] = [
    ...[...buckets, '+Inf'].map((le) => ({ labels: { le }, suffix: '_bucket' })),
    { labels: {}, suffix: '_sum' },
    { labels: {}, suffix: '_count' },
  ];
  const inFlight = (name: string, help: string, at: number): FamilyShare => ({
    // Each worker of a cluster has calls of its own in flight, so they add up.
    definition: {
      name: `breakwater_${name}`,
      type: 'gauge',
      help,
      labelNames: ['policy'],
      aggregation: 'sum',
    },
    series: only,
    owners: () => ownersOf(policies, ({ recorder }) => countsOf(recorder, at, 1)),
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
    counter('late_outcomes_total', 'Operations that ended after they were given up.', layout.late, only),
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

function labelled(name: string, values: readonly string[]): readonly Series[] {
  return values.map((value) => ({ labels: { [name]: value } }));
}

const sliSeries: readonly Series[] = slis.flatMap((sli) => [
  { labels: { sli, result: 'good' } },
  { labels: { sli, result: 'bad' } },
]);

const transitionSeries = circuitStates
  .flatMap((from, row) =>
    circuitStates.map((to, column) => ({
      labels: { from, to },
      at: layout.transitions + row * circuitStates.length + column,
    })),
  )
  .filter(({ labels: { from, to } }) => from !== to);

/** A policy as the owner of its samples in one family. */
class PolicyOwner implements Owner {
  readonly labels: Labels;
  readonly #policy: MeasuredPolicy;
  readonly #read: ReadValues;
  readonly #readExemplars: ReadExemplars;

  constructor(policy: MeasuredPolicy, read: ReadValues, readExemplars: ReadExemplars) {
    this.labels = policy.labels;
    this.#policy = policy;
    this.#read = read;
    this.#readExemplars = readExemplars;
  }

  values(): Values {
    return this.#read(this.#policy);
  }

  exemplars(): Exemplars | undefined {
    return this.#readExemplars(this.#policy);
  }
}

type ReadValues = (policy: MeasuredPolicy) => Values;
type ReadExemplars = (policy: MeasuredPolicy) => Exemplars | undefined;

const noExemplars: ReadExemplars = () => undefined;

function ownersOf(
  policies: ReadPolicies,
  read: ReadValues,
  readExemplars: ReadExemplars = noExemplars,
): Iterable<Owner> {
  return eachOf([...policies()], read, readExemplars);
}

function* eachOf(
  policies: readonly MeasuredPolicy[],
  read: ReadValues,
  readExemplars: ReadExemplars,
): Iterable<Owner> {
  for (const policy of policies) yield new PolicyOwner(policy, read, readExemplars);
}

function countsOf({ counts }: PolicyRecorder, at: number, length: number): Values {
  const values: number[] = [];
  for (let index = at; index < at + length; index += 1) values.push(counts[index] ?? 0);
  return values;
}

/** The buckets, cumulated; the sum in seconds; the count. */
function histogramOf({ counts }: PolicyRecorder, at: number, buckets: number): Values {
  const values: number[] = [];
  let count = 0;
  for (let index = at + 1; index <= at + buckets; index += 1) {
    count += counts[index] ?? 0;
    values.push(count);
  }
  values.push((counts[at] ?? 0) / 1_000, count);
  return values;
}

/** The value of a state is the number of the policy's circuits in it: 1 or 0 for one circuit in one process. */
function circuitStateFamily(policies: ReadPolicies): FamilyShare {
  const definition: FamilyDefinition = {
    name: 'breakwater_circuit_state',
    type: 'gauge',
    help: 'Circuits in each state; with one circuit, 1 for the state it is in and 0 for the others.',
    labelNames: ['policy', 'state'],
    // A circuit open in one worker of four shows as open 1 and closed 3.
    aggregation: 'sum',
  };
  const statesOf = ({ circuitStates: read }: MeasuredPolicy): Values => {
    const states = read?.() ?? [];
    if (states.length === 0) return [];
    return circuitStates.map((state) =>
      states.reduce((total, other) => (other === state ? total + 1 : total), 0),
    );
  };
  return { definition, series: labelled('state', circuitStates), owners: () => ownersOf(policies, statesOf) };
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
    series: transitionSeries,
    owners: () =>
      ownersOf(policies, ({ recorder }) => transitionSeries.map(({ at }) => recorder.counts[at] ?? 0)),
  };
}
