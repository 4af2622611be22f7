import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policyDefaults } from '../../../examples/app/policies.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { specDefaults } from '../../../src/slo/spec/schema.ts';

describe('examples/slo/slo.yaml', () => {
  const text = readFileSync(new URL('../../../examples/slo/slo.yaml', import.meta.url), 'utf8');

  it('has the objectives that the policies of the example application are made with', () => {
    const { service, slos } = readSpec(text);
    expect(service).toBe('shop');
    expect(
      slos.map(({ policy, sli, objective, thresholdMs }) => ({ policy, sli, objective, thresholdMs })),
    ).toEqual(
      ['database', 'quotes'].flatMap((policy) => {
        const { availability, latency, correctness } = policyDefaults.slo;
        return [
          { policy, sli: 'availability', objective: availability, thresholdMs: undefined },
          { policy, sli: 'latency', objective: latency.objective, thresholdMs: latency.thresholdMs },
          { policy, sli: 'correctness', objective: correctness, thresholdMs: undefined },
        ];
      }),
    );
  });

  it('says in its comments what the defaults are', () => {
    const { alerts, breakers, periodEvaluationMs } = readSpec(text.replace(/^# (?=\w+: |\w+: \{)/gm, ''));
    expect({ alerts, breakers, periodEvaluationMs }).toEqual({
      alerts: specDefaults.alerts,
      breakers: specDefaults.breakers,
      periodEvaluationMs: specDefaults.periodEvaluationMs,
    });
    expect(text.match(/^# (?:alerts|breakers|periodEvaluation): /gm)).toHaveLength(3);
  });
});
