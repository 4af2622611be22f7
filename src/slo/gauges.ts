import type { FamilyShare, Labels } from '../metrics/family.ts';
import type { Sli } from '../metrics/sli.ts';
import { type BurnWindow, burnWindowNames, type SloTracker } from './tracker.ts';

const sliLabels: Readonly<Record<Sli, Labels>> = {
  availability: { sli: 'availability' },
  latency: { sli: 'latency' },
  correctness: { sli: 'correctness' },
};

const windowLabels: readonly {
  readonly window: BurnWindow;
  readonly labels: Readonly<Record<Sli, Labels>>;
}[] = burnWindowNames.map((window) => ({
  window,
  labels: {
    availability: { sli: 'availability', window },
    latency: { sli: 'latency', window },
    correctness: { sli: 'correctness', window },
  },
}));

/**
 * The gauges of the objectives.
 *
 * In a cluster each worker knows its own calls only. What is left of a budget and how fast it burns are averaged:
 * workers share the load about evenly, and then the mean is the service's own figure, while the worst of many
 * small samples would report every worker's bad luck as the service's. Where they do not, `sli_events_total`, which
 * adds up, gives the exact figure. The strictest objective is shown where workers differ, as during a deployment.
 */
export function sloFamilies(trackers: () => Iterable<SloTracker>, now: () => number): readonly FamilyShare[] {
  return [
    {
      definition: {
        name: 'breakwater_slo_objective_ratio',
        type: 'gauge',
        help: 'Objective: the share of events that are to be good.',
        labelNames: ['policy', 'sli'],
        aggregation: 'max',
      },
      read: (emit) => {
        for (const { owner, tracker } of owned(trackers)) {
          for (const { sli, objective } of tracker.objectives) emit(objective, owner, sliLabels[sli]);
        }
      },
    },
    {
      definition: {
        name: 'breakwater_error_budget_remaining_ratio',
        type: 'gauge',
        help: 'Share of the error budget that is left; 1 at the start, negative when it is overspent.',
        labelNames: ['policy', 'sli'],
        aggregation: 'average',
      },
      read: (emit) => {
        const time = now();
        for (const { owner, tracker } of owned(trackers)) {
          for (const objective of tracker.objectives) {
            emit(objective.budgetRemaining(time), owner, sliLabels[objective.sli]);
          }
        }
      },
    },
    {
      definition: {
        name: 'breakwater_slo_burn_rate',
        type: 'gauge',
        help: 'How fast the error budget goes, 1 being the rate that lasts for the period; absent without data.',
        labelNames: ['policy', 'sli', 'window'],
        aggregation: 'average',
      },
      read: (emit) => {
        const time = now();
        for (const { owner, tracker } of owned(trackers)) {
          for (const objective of tracker.objectives) {
            for (const { window, labels } of windowLabels) {
              const rate = objective.burnRate(window, time);
              if (rate !== undefined) emit(rate, owner, labels[objective.sli]);
            }
          }
        }
      },
    },
  ];
}

function* owned(trackers: () => Iterable<SloTracker>) {
  for (const tracker of trackers()) yield { owner: { policy: tracker.policy }, tracker };
}
