import { shareOf } from '../../budget.ts';
import { type AlertSeverity, alertSeverities } from '../../burn-alerts.ts';
import type { Slo, SloSpec } from '../../spec/model.ts';
import { burnWindowNames, burnWindows } from '../../windows.ts';
import { burnPairs, holders, minimumBadEvents } from '../burn.ts';
import {
  AT_RISK_ALERT,
  alertLabels,
  BUDGET_REMAINING,
  BURN_ALERT,
  badName,
  errorRatioName,
  PERIOD_BAD_EVENTS,
  periodWindow,
  SloSeries,
} from '../identity.ts';
import { countedEvents } from '../query.ts';
import { SLI_EVENTS } from '../recording.ts';
import { atRiskAnnotations, burnAnnotations } from '../slo-alerts.ts';
import { durationText, series } from '../text.ts';
import { expanded, printsClearly } from '../wording.ts';
import { Traffic } from './events.ts';
import { type FiringAlert, firingTests, ratioTest } from './expectations.ts';
import { errorRatio, isHeld, judge } from './judgement.ts';
import { type Scenario, sampleMinutes } from './scenarios.ts';
import type { InputSeries, RuleTest } from './test-file.ts';

const MINUTE_MS = 60_000;
/** How many variants of a scenario are tried. */
const VARIANTS = 4;

/** A check of a scenario, in samples. */
interface Look {
  readonly at: number;
  readonly uniform: boolean;
  /** How far samples are apart, in milliseconds. */
  readonly sampleMs: number;
}

/** Where scenarios are played: objectives of one kind and the series that they are told from. */
export class Stage {
  readonly spec: SloSpec;
  readonly slos: readonly Slo[];
  /** How far evaluations of the rules are apart, in milliseconds. */
  readonly stepMs: number;
  /** Whether nothing else in the spec can have alerts while these are played. */
  readonly closed: boolean;
  readonly #kind: 'policies' | 'queries';

  constructor(kind: 'policies' | 'queries', parts: Pick<Stage, 'spec' | 'slos' | 'stepMs' | 'closed'>) {
    this.#kind = kind;
    this.spec = parts.spec;
    this.slos = parts.slos;
    this.stepMs = parts.stepMs;
    this.closed = parts.closed;
  }

  /** The test of a scenario; `undefined` where no objective has a part in it. */
  play(scenario: Scenario): RuleTest | undefined {
    const minutes = sampleMinutes(scenario);
    const sampleMs = minutes * MINUTE_MS;
    const looks = scenario.checks.map(({ at, uniform }) => ({ at: at / minutes, uniform, sampleMs }));
    const cast = this.#cast(scenario, minutes, looks);
    if (cast.size === 0) return undefined;
    const last = Math.max(...looks.map(({ at }) => at));
    return this.test(
      scenario.name,
      this.input(cast, last, sampleMs),
      looks.flatMap((look) => this.#burnTests(cast, look)),
      sampleMs,
    );
  }

  /** A test by name. */
  test(
    name: string,
    input: readonly InputSeries[],
    expected: readonly Partial<RuleTest>[],
    sampleMs = MINUTE_MS,
  ): RuleTest {
    return {
      name: `${this.#kind}: ${name}`,
      interval: durationText(this.#kind === 'policies' ? sampleMs : this.stepMs),
      input_series: input,
      alert_rule_test: expected.flatMap(({ alert_rule_test }) => alert_rule_test ?? []),
      promql_expr_test: expected.flatMap(({ promql_expr_test }) => promql_expr_test ?? []),
    };
  }

  /** The series that tell of traffic. A query's is not known: what is recorded from it is given in its place. */
  input(cast: ReadonlyMap<Slo, Traffic>, samples: number, sampleMs = MINUTE_MS): readonly InputSeries[] {
    return [...cast].flatMap(([slo, traffic]) =>
      this.#kind === 'policies'
        ? this.#counters(slo, traffic)
        : this.#recorded(slo, traffic, samples, sampleMs),
    );
  }

  /** Who has a part in a scenario: those whose alerts can be foretold at each look. */
  #cast({ phases }: Scenario, thinnedBy: number, looks: readonly Look[]): ReadonlyMap<Slo, Traffic> {
    const cast = new Map<Slo, Traffic>();
    for (const slo of this.slos) {
      for (let variant = 0; variant < VARIANTS && !cast.has(slo); variant += 1) {
        const own = phases(slo, variant);
        if (own === undefined) break;
        const traffic = new Traffic(own, thinnedBy);
        const clear = looks.every(({ at, sampleMs }) => judge(this.spec, slo, traffic, at, sampleMs).clear);
        if (clear) cast.set(slo, traffic);
      }
    }
    return cast;
  }

  #counters({ indicator }: Slo, traffic: Traffic): readonly InputSeries[] {
    if (indicator.kind !== 'policy') return [];
    const { policy, sli } = indicator;
    return (['good', 'bad'] as const).map((result) => ({
      series: series(SLI_EVENTS, { ...this.spec.selector, policy, sli, result }),
      values: traffic.counter(result),
    }));
  }

  #recorded(slo: Slo, traffic: Traffic, samples: number, sampleMs: number): readonly InputSeries[] {
    const step = this.stepMs / sampleMs;
    const { labels } = new SloSeries(this.spec, slo);
    const valuesOf = (valueAt: (at: number) => number | undefined) =>
      Array.from({ length: samples / step + 1 }, (_, at) => String(valueAt(at * step) ?? '_')).join(' ');
    const ratios = windowsOf(slo).map(({ name, ms }) => ({
      series: series(errorRatioName(name), labels),
      values: valuesOf((at) => errorRatio(traffic, at, ms / sampleMs)),
    }));
    if (countedEvents(slo) === undefined) return ratios;
    const pairs = alertSeverities.flatMap((severity) => burnPairs(slo, severity));
    const counted = new Map([
      ...pairs.map(({ longWindow }) => [badName(longWindow), burnWindows[longWindow]] as const),
      [PERIOD_BAD_EVENTS, slo.periodMs] as const,
    ]);
    const counts = [...counted].map(([name, ms]) => ({
      series: series(name, labels),
      values: valuesOf((at) => traffic.counts(at, ms / sampleMs).bad),
    }));
    return [...ratios, ...counts];
  }

  #burnTests(cast: ReadonlyMap<Slo, Traffic>, look: Look): readonly Partial<RuleTest>[] {
    const { spec } = this;
    const { at, uniform, sampleMs } = look;
    const judgements = new Map(
      [...cast].map(([slo, traffic]) => [slo, judge(spec, slo, traffic, at, sampleMs).alerts]),
    );
    const burning: FiringAlert[] = [...judgements].flatMap(([slo, alerts]) =>
      [...alerts]
        .filter(([severity]) => !isHeld(spec, slo, severity, (other) => judgements.get(other)))
        .map(([severity, value]) => this.#burnAlert(slo, severity, value)),
    );
    const time = durationText(at * sampleMs);
    const slos = [...cast.keys()];
    const exact = uniform && this.closed;
    const tests = [firingTests(spec, time, BURN_ALERT, slos, burning, exact)];
    if (!uniform) return tests;
    const atRisk = this.#atRisk(cast, look, (slo) => judgements.get(slo));
    if (atRisk !== undefined) tests.push(firingTests(spec, time, AT_RISK_ALERT, slos, atRisk, exact));
    return [...tests, ...[...cast].map(([slo, traffic]) => this.#valueTests(slo, traffic, look))];
  }

  #burnAlert(slo: Slo, severity: AlertSeverity, value: number): FiringAlert {
    return {
      slo,
      labels: alertLabels(this.spec, slo, severity),
      annotations: burnAnnotations(this.spec, slo, severity, expanded(value, slo.policy)),
      clear: printsClearly(value),
    };
  }

  /** The alerts on budgets that are nearly used up; `undefined` when one is too near to say. */
  #atRisk(
    cast: ReadonlyMap<Slo, Traffic>,
    look: Look,
    alertsOf: (slo: Slo) => ReadonlyMap<AlertSeverity, number> | undefined,
  ): readonly FiringAlert[] | undefined {
    const { spec } = this;
    const { atRiskRemaining } = spec.alerts;
    const firing: FiringAlert[] = [];
    for (const [slo, traffic] of cast) {
      const remaining = remainingOf(slo, traffic, look);
      if (remaining === undefined || slo.silenced.includes('ticket')) continue;
      const minimum = minimumBadEvents(spec, slo);
      const { bad } = traffic.counts(look.at, slo.periodMs / look.sampleMs);
      if (Math.abs(remaining - atRiskRemaining) < 0.001 || Math.abs(bad - minimum) < 0.02 * minimum) {
        return undefined;
      }
      if (remaining > atRiskRemaining || bad < minimum) continue;
      firing.push({
        slo,
        labels: alertLabels(this.spec, slo, 'ticket'),
        annotations: atRiskAnnotations(this.spec, slo, expanded(remaining, slo.policy)),
        clear: remaining < 0 || printsClearly(remaining),
      });
    }
    const ownHolders = (slo: Slo) => holders(spec, slo).filter((holder) => cast.has(holder));
    return firing.filter(
      ({ slo }) =>
        !isHeld(spec, slo, 'ticket', alertsOf) &&
        !ownHolders(slo).some((holder) => firing.some((other) => other.slo === holder)),
    );
  }

  /** What is recorded of an objective when each window sees the same ratio. */
  #valueTests(slo: Slo, traffic: Traffic, look: Look): Partial<RuleTest> {
    const ratio = errorRatio(traffic, look.at, look.at);
    const remaining = remainingOf(slo, traffic, look);
    if (ratio === undefined || remaining === undefined) return {};
    const own = new SloSeries(this.spec, slo);
    const time = durationText(look.at * look.sampleMs);
    const labels = series('', own.labels);
    const burn = ratio / shareOf(slo.objective);
    return {
      promql_expr_test: [
        ratioTest(own.errorRatio('5m'), ratio, time, labels),
        ratioTest(own.errorRatio(periodWindow(slo).name), ratio, time, labels),
        ratioTest(own.burnRate('1h'), burn, time, series('', { ...own.labels, window: '1h' })),
        // Near 0 rounding errors are all there is.
        ...(Math.abs(remaining) < 0.001
          ? []
          : [ratioTest(own.select(BUDGET_REMAINING), remaining, time, labels)]),
      ],
    };
  }
}

/** The windows over which an objective's error ratio is recorded. */
function windowsOf(slo: Slo): readonly { readonly name: string; readonly ms: number }[] {
  const burn = burnWindowNames.map((name) => ({ name, ms: burnWindows[name] }));
  const { name, burn: isBurnWindow } = periodWindow(slo);
  return isBurnWindow ? burn : [...burn, { name, ms: slo.periodMs }];
}

/** The share of the budget that is left. */
function remainingOf(slo: Slo, traffic: Traffic, { at, sampleMs }: Look): number | undefined {
  const ratio = errorRatio(traffic, at, slo.periodMs / sampleMs);
  return ratio === undefined ? undefined : 1 - ratio / shareOf(slo.objective);
}
