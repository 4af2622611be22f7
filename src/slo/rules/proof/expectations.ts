import type { RuleLabels, Slo, SloSpec } from '../../spec/model.ts';
import { SloSeries } from '../identity.ts';
import { series } from '../text.ts';
import type { ExpressionTest, RuleTest } from './test-file.ts';

/** An alert that is to fire. */
export interface FiringAlert {
  readonly slo: Slo;
  readonly labels: RuleLabels;
  readonly annotations: RuleLabels;
  /** Whether the values in its annotations can be foretold to the last digit. */
  readonly clear: boolean;
}

/**
 * Tests which of the alerts of a name fire: all of them with labels and annotations where `exact`, else those of the
 * given objectives with their labels.
 */
export function firingTests(
  spec: SloSpec,
  time: string,
  alertname: string,
  slos: readonly Slo[],
  firing: readonly FiringAlert[],
  exact: boolean,
): Partial<RuleTest> {
  if (exact && firing.every(({ clear }) => clear)) {
    const exp_alerts = firing.map(({ labels, annotations }) => ({
      exp_labels: labels,
      exp_annotations: annotations,
    }));
    return { alert_rule_test: [{ eval_time: time, alertname, exp_alerts }] };
  }
  const promql_expr_test = slos.map((slo): ExpressionTest => {
    const own = firing.filter((alert) => alert.slo === slo);
    const { labels } = new SloSeries(spec, slo);
    const matchers = ['service', 'slo'].flatMap((name) => {
      const value = labels[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const identity = { alertname, alertstate: 'firing' };
    return {
      expr: series('ALERTS', { ...identity, ...Object.fromEntries(matchers) }),
      eval_time: time,
      exp_samples: own.map(({ labels: alert }) => ({
        labels: series('ALERTS', { ...alert, ...identity }),
        value: 1,
      })),
    };
  });
  return { promql_expr_test };
}

/**
 * Tests that an expression has a value, as its ratio to that value, which is 1.
 *
 * @param tolerance a power of 10; half of it is how far the value may be off
 */
export function ratioTest(
  expr: string,
  value: number,
  time: string,
  labels: string,
  tolerance = 0.001,
): ExpressionTest {
  return value === 0
    ? { expr: `round(${expr}, ${tolerance})`, eval_time: time, exp_samples: [{ labels, value: 0 }] }
    : {
        expr: `round(${expr} / ${value}, ${tolerance})`,
        eval_time: time,
        exp_samples: [{ labels, value: 1 }],
      };
}

/** Tests that an expression gives nothing. */
export function nothing(expr: string, time: string): ExpressionTest {
  return { expr, eval_time: time, exp_samples: [] };
}
