import { type Sli, slis } from '../../../src/metrics/sli.ts';
import type { Slo, SloSpec } from '../../../src/slo/spec/model.ts';
import { DEFAULT_PERIOD_MS } from '../../../src/slo/windows.ts';

/** A policy's objectives, and from where on its calls are too slow. */
export type PolicyObjectives = Readonly<Partial<Record<Sli, number>>> & { readonly thresholdMs?: number };

/** The objectives of policies, as a spec. */
export function slosOf(policies: Readonly<Record<string, PolicyObjectives>>): readonly Slo[] {
  return Object.entries(policies).flatMap(([policy, objectives]) =>
    slis.flatMap((sli): Slo[] => {
      const objective = objectives[sli];
      if (objective === undefined) return [];
      return [
        {
          name: `${policy}-${sli}`,
          policy,
          sli,
          objective,
          periodMs: DEFAULT_PERIOD_MS,
          thresholdMs: sli === 'latency' ? objectives.thresholdMs : undefined,
          indicator: { kind: 'policy', policy, sli },
          labels: {},
          silenced: [],
        },
      ];
    }),
  );
}

/** A spec of the service `shop`, scraped as the job `shop`. */
export function specOf(slos: readonly Slo[], others: Partial<SloSpec> = {}): SloSpec {
  return {
    service: 'shop',
    labels: {},
    selector: { job: 'shop' },
    slos,
    alerts: {
      minimumBadEvents: 5,
      atRiskRemaining: 0.1,
      missingDataMs: 600_000,
      pageLabels: { severity: 'page' },
      ticketLabels: { severity: 'ticket' },
    },
    breakers: {
      openForMs: 300_000,
      flappingOpenings: 5,
      flappingWindowMs: 900_000,
      budgetSpentForMs: 300_000,
      fallbackForMs: 300_000,
      fallbackShare: 0.5,
    },
    periodEvaluationMs: 1_000,
    ...others,
  };
}
