import { InvalidOptionsError, type OptionsProblem } from '../../core/errors.ts';
import { type Sli, slis } from '../../metrics/sli.ts';
import { shiftedDecimal } from './decimals.ts';
import { formatDuration } from './durations.ts';
import type {
  BreakerAlertSettings,
  BudgetAlertSettings,
  Indicator,
  RuleLabels,
  Slo,
  SloSpec,
} from './model.ts';
import { sloNameOf } from './own-format.ts';
import { printable } from './problems.ts';
import { formatPercentage } from './ratios.ts';
import { runbookAddress } from './runbook.ts';
import { OWN_VERSION, specDefaults } from './schema.ts';
import {
  blockMapping,
  inlineMapping,
  inlineText,
  Yaml,
  type YamlMapping,
  type YamlValue,
} from './yaml-text.ts';

/** What a spec file says besides the spec, as comments. */
export interface SpecNotes {
  /** Lines at its head. */
  readonly head?: readonly string[] | undefined;
  /** Lines where its selector is, or would be. */
  readonly onSelector?: readonly string[] | undefined;
  /** Policies that could have objectives. */
  readonly suggestedPolicies?: readonly string[] | undefined;
  /** Policies that the spec cannot have as they are. */
  readonly leftOutPolicies?: readonly LeftOutPolicy[] | undefined;
}

/** A policy that a spec cannot have as it is. */
export interface LeftOutPolicy {
  readonly why: string;
  /** Its objectives as the spec could have them. */
  readonly slos: readonly Slo[];
}

/**
 * A spec in breakwater's own format, with comments; `readSpec` gives the same spec for it.
 *
 * @throws {InvalidOptionsError} where the own format has no words for an objective: two of one policy and SLI, say
 */
export function writeSpec(spec: SloSpec, notes: SpecNotes = {}): string {
  const { head = [], onSelector = [], suggestedPolicies = [], leftOutPolicies = [] } = notes;
  const policies = bySli(spec.slos);
  const common = {
    periodMs: mostCommon(spec.slos.map(({ periodMs }) => periodMs)),
    runbook: commonRunbook(spec.slos),
  };
  const events = spec.slos.flatMap((slo) =>
    slo.indicator.kind === 'policy' ? [] : [{ slo, indicator: slo.indicator }],
  );
  return [
    '# Service level objectives, for the command `breakwater slo`.\n',
    comment(head),
    blockMapping(
      entries({
        version: OWN_VERSION,
        service: new Yaml(inlineText(spec.service)),
        period: durationOf(common.periodMs),
      }),
    ),
    comment(onSelector),
    blockMapping(
      entries({
        selector: labelsOf(spec.selector),
        labels: labelsOf(spec.labels),
        runbook: common.runbook === undefined ? undefined : address(common.runbook),
      }),
    ),
    policies.size === 0 ? '' : `\n# Objectives of policies, by policy and indicator.\npolicies:\n`,
    ...Array.from(policies, ([name, objectives]) =>
      blockMapping(new Map([[name, policyOf(objectives, common)]]), '  '),
    ),
    suggestions(suggestedPolicies, policies.size > 0),
    ...leftOutPolicies.map((policy) => leftOut(policy, common)),
    events.length === 0 ? '' : '\n# Objectives of what is no policy, by PromQL.\nslos:\n',
    ...events.map(({ slo, indicator }) =>
      blockMapping(new Map([[slo.name, eventsOf(slo, indicator, common)]]), '  '),
    ),
    settings(spec),
  ].join('');
}

/** What most objectives have in common. */
interface Common {
  readonly periodMs: number;
  readonly runbook: string | undefined;
}

function entries(values: Readonly<Record<string, YamlValue | undefined>>): YamlMapping {
  return new Map(Object.entries(values));
}

function durationOf(ms: number): Yaml {
  return new Yaml(formatDuration(ms));
}

function address(url: string): Yaml {
  return new Yaml(/^https?:[\w./?=&+%~{}-]+$/.test(url) ? url : inlineText(url));
}

function labelsOf(labels: RuleLabels): Yaml | undefined {
  return Object.keys(labels).length === 0 ? undefined : inlineMapping(entries(labels));
}

function bySli(slos: readonly Slo[]): Map<string, Map<Sli, Slo>> {
  const policies = new Map<string, Map<Sli, Slo>>();
  const problems = slos.flatMap((slo, at): OptionsProblem[] => {
    const { indicator } = slo;
    const path = `slos[${at}]`;
    if (indicator.kind !== 'policy') {
      return slo.thresholdMs === undefined
        ? []
        : [{ path, message: 'has a threshold, and is no latency of a policy' }];
    }
    const { policy, sli } = indicator;
    const ofPolicy = policies.get(policy) ?? new Map<Sli, Slo>();
    policies.set(policy, ofPolicy);
    const isKnown = ofPolicy.has(sli);
    ofPolicy.set(sli, slo);
    if (isKnown) return [{ path, message: `is a second objective for ${sli} of policy '${policy}'` }];
    if (slo.policy !== policy || slo.sli !== sli || slo.name !== sloNameOf(policy, sli)) {
      return [
        { path, message: `measures policy '${policy}', and so must be named '${sloNameOf(policy, sli)}'` },
      ];
    }
    return (sli === 'latency') === (slo.thresholdMs !== undefined)
      ? []
      : [{ path, message: sli === 'latency' ? 'has no threshold' : 'has a threshold, and is no latency' }];
  });
  if (problems.length > 0)
    throw new InvalidOptionsError('', `The spec cannot be written as ${OWN_VERSION}`, problems);
  return policies;
}

function mostCommon(periods: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const ms of periods) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  const [most = specDefaults.periodMs] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  return most;
}

/** The address of all runbooks, with placeholders where that makes them one. */
function commonRunbook(slos: readonly Slo[]): string | undefined {
  const [first] = slos;
  if (first?.runbook === undefined) return undefined;
  const template = first.runbook
    .replaceAll(encodeURIComponent(first.name), '{slo}')
    .replaceAll(encodeURIComponent(first.policy), '{policy}')
    .replaceAll(encodeURIComponent(first.sli), '{sli}');
  return [first.runbook, template].find((candidate) =>
    slos.every(
      ({ name: slo, policy, sli, runbook }) => runbookAddress(candidate, { policy, sli, slo }) === runbook,
    ),
  );
}

function policyOf(objectives: ReadonlyMap<Sli, Slo>, common: Common): YamlMapping {
  const all = slis.flatMap((sli) => objectives.get(sli) ?? []);
  const [first] = all;
  const periodMs = all.every((slo) => slo.periodMs === first?.periodMs) ? first?.periodMs : undefined;
  const sharesLabels = all.every((slo) => sameLabels(slo.labels, first?.labels ?? {}));
  return new Map<string, YamlValue | undefined>([
    ...all.map((slo) => {
      const rest = sharesLabels ? { ...slo, labels: {} } : slo;
      return [slo.sli, objectiveOf(rest, { ...common, periodMs: periodMs ?? common.periodMs })] as const;
    }),
    ['period', periodMs === undefined || periodMs === common.periodMs ? undefined : durationOf(periodMs)],
    ['labels', sharesLabels ? labelsOf(first?.labels ?? {}) : undefined],
  ]);
}

function sameLabels(a: RuleLabels, b: RuleLabels): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
}

function objectiveOf(slo: Slo, common: Common): YamlValue {
  const { thresholdMs } = slo;
  const figures = {
    objective: percentage(slo.objective),
    threshold: thresholdMs === undefined ? undefined : durationOf(thresholdMs),
  };
  const more = entries(detailsOf(slo, common));
  if ([...more.values()].some((value) => value !== undefined)) return new Map([...entries(figures), ...more]);
  return thresholdMs === undefined ? figures.objective : inlineMapping(entries(figures));
}

function eventsOf(slo: Slo, indicator: Exclude<Indicator, { kind: 'policy' }>, common: Common): YamlMapping {
  const { kind: _, ...queries } = indicator;
  return new Map([
    ...entries({
      policy: slo.policy === slo.name ? undefined : new Yaml(inlineText(slo.policy)),
      sli: new Yaml(inlineText(slo.sli)),
      objective: percentage(slo.objective),
    }),
    ...entries(queries),
    ...entries(detailsOf(slo, common)),
  ]);
}

function detailsOf({ periodMs, description, labels, runbook, silenced }: Slo, common: Common) {
  return {
    description,
    period: periodMs === common.periodMs ? undefined : durationOf(periodMs),
    labels: labelsOf(labels),
    runbook: runbook === undefined || common.runbook !== undefined ? undefined : address(runbook),
    silence: silenced.length === 0 ? undefined : new Yaml(`[${silenced.join(', ')}]`),
  };
}

/** As a percentage, or as a ratio where a percentage would look like a mistake. */
function percentage(objective: number): Yaml {
  return new Yaml(objective < 0.01 ? shiftedDecimal(objective, 0) : formatPercentage(objective));
}

function suggestions(policies: readonly string[], hasOthers: boolean): string {
  if (policies.length === 0) return '';
  const lines = policies.map((name) => `  # ${inlineText(name)}:\n  #   availability: 99.9%\n`);
  return `${hasOthers ? '' : '\n# policies:\n'}  # Without an objective as yet; take away the # of those that are to have one.\n${lines.join('')}`;
}

function leftOut({ why, slos }: LeftOutPolicy, common: Common): string {
  const written = Array.from(bySli(slos), ([name, objectives]) =>
    blockMapping(new Map([[name, policyOf(objectives, common)]])),
  );
  return comment([why, ...written.join('').trimEnd().split('\n')], '  ');
}

/** Lines as comments, whatever they quote. */
function comment(lines: readonly string[], indent = ''): string {
  return lines.map((line) => `${indent}# ${printable(line)}\n`).join('');
}

/** When alerts fire: as comments where that is the default. */
function settings({ alerts, breakers, periodEvaluationMs }: SloSpec): string {
  const lines = [
    { key: 'alerts', value: alertsOf(alerts), standard: alertsOf(specDefaults.alerts) },
    { key: 'breakers', value: breakersOf(breakers), standard: breakersOf(specDefaults.breakers) },
    {
      key: 'periodEvaluation',
      value: durationOf(periodEvaluationMs),
      standard: durationOf(specDefaults.periodEvaluationMs),
    },
  ].map(({ key, value, standard }) => ({
    line: `${key}: ${value.text}\n`,
    isDefault: value.text === standard.text,
  }));
  return [
    '\n# When alerts fire; comments are the defaults.\n',
    ...lines.map(({ line, isDefault }) => (isDefault ? `# ${line}` : line)),
  ].join('');
}

function alertsOf(alerts: BudgetAlertSettings): Yaml {
  return inlineMapping(
    entries({
      minimumBadEvents: new Yaml(String(alerts.minimumBadEvents)),
      atRisk: new Yaml(formatPercentage(alerts.atRiskRemaining)),
      missingData: durationOf(alerts.missingDataMs),
      page: labelsOf(alerts.pageLabels),
      ticket: labelsOf(alerts.ticketLabels),
    }),
  );
}

function breakersOf(breakers: BreakerAlertSettings | false): Yaml {
  if (breakers === false) return new Yaml('false');
  return inlineMapping(
    entries({
      openFor: durationOf(breakers.openForMs),
      flapping: inlineMapping(
        entries({
          openings: new Yaml(String(breakers.flappingOpenings)),
          within: durationOf(breakers.flappingWindowMs),
        }),
      ),
      budgetSpentFor: durationOf(breakers.budgetSpentForMs),
      fallback: inlineMapping(
        entries({
          share: new Yaml(formatPercentage(breakers.fallbackShare)),
          for: durationOf(breakers.fallbackForMs),
        }),
      ),
    }),
  );
}
