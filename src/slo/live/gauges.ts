import cluster from 'node:cluster';
import type { FamilyShare, Labels, Owner, Series, Values } from '../../metrics/family.ts';
import { slis } from '../../metrics/sli.ts';
import { burnWindowNames } from '../windows.ts';
import type { ObjectiveTracker, SloTracker } from './tracker.ts';

const bySli: readonly Series[] = slis.map((sli) => ({ labels: { sli } }));
const bySliAndWindow: readonly Series[] = slis.flatMap((sli) =>
  burnWindowNames.map((window) => ({ labels: { sli, window } })),
);
/** These families have one sample for each policy. */
const only: readonly Series[] = [{ labels: {} }];
const noRates: Values = burnWindowNames.map(() => undefined);

/**
 * The gauges of the objectives.
 *
 * In a cluster each worker knows its own calls only. What is left of a budget and how fast it burns are averaged
 * over the workers that had events: where those had as many each, the mean is the service's own figure, while the
 * worst of many small samples would report every worker's bad luck as the service's. A worker without events has no
 * say, and so gives no figure. Where the load is uneven, the mean is off, and `sli_events_total`, which adds up, gives
 * the exact figure. The strictest objective is shown where workers differ, as during a deployment.
 *
 * @param isClusterWorker whether others are averaged with this process; where none are, a budget starts at 1
 */
export function sloFamilies(
  trackers: () => Iterable<SloTracker>,
  now: () => number,
  isClusterWorker: boolean = cluster.isWorker,
): readonly FamilyShare[] {
  const remainingAtStart = isClusterWorker ? undefined : 1;
  const labels = new WeakMap<SloTracker, Labels>();
  const labelsOf = (tracker: SloTracker): Labels => {
    const own = labels.get(tracker) ?? { policy: tracker.policy };
    labels.set(tracker, own);
    return own;
  };
  const owners = (values: (tracker: SloTracker) => Values): Iterable<Owner> =>
    Array.from(trackers(), (tracker) => ({ labels: labelsOf(tracker), values: () => values(tracker) }));

  return [
    {
      definition: {
        name: 'breakwater_slo_objective_ratio',
        type: 'gauge',
        help: 'Objective: the share of events that are to be good.',
        labelNames: ['policy', 'sli'],
        aggregation: 'max',
      },
      series: bySli,
      owners: () => owners((tracker) => eachSli(tracker, ({ objective }) => objective)),
    },
    {
      definition: {
        name: 'breakwater_error_budget_remaining_ratio',
        type: 'gauge',
        help: 'Share of the error budget that is left; 1 at the start, negative when it is overspent.',
        labelNames: ['policy', 'sli'],
        aggregation: 'average',
      },
      series: bySli,
      owners: () =>
        owners((tracker) =>
          eachSli(tracker, (objective) => objective.budgetRemaining(now()) ?? remainingAtStart),
        ),
    },
    {
      definition: {
        name: 'breakwater_slo_burn_rate',
        type: 'gauge',
        help: 'How fast the error budget goes, 1 being the rate that lasts for the period; absent without data.',
        labelNames: ['policy', 'sli', 'window'],
        aggregation: 'average',
      },
      series: bySliAndWindow,
      owners: () => owners((tracker) => burnRates(tracker, now())),
    },
    {
      definition: {
        name: 'breakwater_slo_period_seconds',
        type: 'gauge',
        help: 'The period that the error budgets are for.',
        labelNames: ['policy'],
        aggregation: 'max',
      },
      series: only,
      owners: () =>
        owners(({ objectives, periodMs }) => [objectives.length === 0 ? undefined : periodMs / 1_000]),
    },
    {
      definition: {
        name: 'breakwater_slo_latency_threshold_seconds',
        type: 'gauge',
        help: 'From where on a call is too slow for the latency objective.',
        labelNames: ['policy'],
        // As with the objective, the strictest one.
        aggregation: 'min',
      },
      series: only,
      owners: () => owners(({ latencyThresholdMs: ms }) => [ms === undefined ? undefined : ms / 1_000]),
    },
  ];
}

/** The value of each SLI's objective; none for an SLI without an objective. */
function eachSli(tracker: SloTracker, value: (objective: ObjectiveTracker) => number | undefined): Values {
  return slis.map((sli) => {
    const objective = tracker.objective(sli);
    return objective === undefined ? undefined : value(objective);
  });
}

function burnRates(tracker: SloTracker, now: number): Values {
  return slis.flatMap((sli) => {
    const objective = tracker.objective(sli);
    return objective === undefined ? noRates : burnWindowNames.map((name) => objective.burnRate(name, now));
  });
}
