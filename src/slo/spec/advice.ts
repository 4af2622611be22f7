import { type Sli, slis } from '../../metrics/sli.ts';
import type { Slo, SloSpec } from './model.ts';
import { formatPercentage } from './ratios.ts';
import { inlineMapping, inlineText } from './yaml-text.ts';

const MAX_NAMES = 5;

/**
 * What in a spec is likely to be a mistake though it is none of form, a sentence each: rules without a selector, which
 * count series of other services too, and objectives that alert before the one that tells the cause.
 */
export function adviceOn(spec: SloSpec): readonly string[] {
  const policies = objectivesByPolicy(spec.slos);
  return [...selectorAdvice(spec, [...policies.keys()]), ...Array.from(policies, strictnessAdvice).flat()];
}

function objectivesByPolicy(slos: readonly Slo[]): ReadonlyMap<string, ReadonlyMap<Sli, Slo>> {
  const policies = new Map<string, Map<Sli, Slo>>();
  for (const slo of slos) {
    const { indicator } = slo;
    if (indicator.kind !== 'policy') continue;
    const objectives = policies.get(indicator.policy) ?? new Map<Sli, Slo>();
    policies.set(indicator.policy, objectives.set(indicator.sli, slo));
  }
  return policies;
}

function selectorAdvice({ service, selector }: SloSpec, policies: readonly string[]): readonly string[] {
  if (policies.length === 0 || Object.keys(selector).length > 0) return [];
  const named = listed(policies.map((name) => `'${name}'`));
  const of = policies.length === 1 ? `policy ${named}` : `policies ${named}`;
  return [
    `there is no selector: the rules count all breakwater_ series of the ${of}, whatever service they are of; write ${selectorLine(service)}, the labels that the series of ${inlineText(service)} have and no others`,
  ];
}

function strictnessAdvice([policy, objectives]: readonly [string, ReadonlyMap<Sli, Slo>]): readonly string[] {
  const availability = objectives.get('availability')?.objective;
  if (availability === undefined) return [];
  return slis.flatMap((sli) => {
    const objective = objectives.get(sli)?.objective;
    if (objective === undefined || objective <= availability) return [];
    return [
      `policy '${policy}': ${sli} (${formatPercentage(objective)}) is stricter than availability (${formatPercentage(availability)}); a failed call is bad in both, so an outage burns the budget of ${sli} first and alerts on it before it alerts on availability`,
    ];
  });
}

/** The line that a spec without a selector lacks. Prometheus gives its job to all series of a service, often by its name. */
export function selectorLine(service: string): string {
  return `selector: ${inlineMapping(new Map([['job', service]])).text}`;
}

/** Names in a sentence; of many the first ones. */
export function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return more > 0 ? `${names.slice(0, MAX_NAMES).join(', ')} and ${more} more` : names.join(', ');
}
