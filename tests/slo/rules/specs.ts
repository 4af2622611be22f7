import type { Indicator, Slo, SloSpec } from '../../../src/slo/spec/model.ts';
import { DAY_MS } from '../../../src/slo/windows.ts';

/** A spec with defaults, and what a test wants otherwise. */
export function specOf(slos: readonly Slo[], rest: Partial<SloSpec> = {}): SloSpec {
  return {
    service: 'shop',
    labels: {},
    selector: {},
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
    periodEvaluationMs: 300_000,
    ...rest,
  };
}

/** An objective of a policy, and what a test wants otherwise. */
export function policySlo(
  policy: string,
  sli: 'availability' | 'latency' | 'correctness',
  objective: number,
  rest: Partial<Slo> = {},
): Slo {
  return {
    name: `${policy}-${sli}`,
    policy,
    sli,
    objective,
    periodMs: 30 * DAY_MS,
    indicator: { kind: 'policy', policy, sli },
    labels: {},
    silenced: [],
    ...rest,
  };
}

/** An objective told by queries. */
export function querySlo(name: string, indicator: Indicator, objective = 0.99, rest: Partial<Slo> = {}): Slo {
  return {
    name,
    policy: name,
    sli: 'availability',
    objective,
    periodMs: 30 * DAY_MS,
    indicator,
    labels: {},
    silenced: [],
    ...rest,
  };
}
