import { policySeries } from '../../promql/policy-events.ts';
import { DAY_MS } from '../../windows.ts';
import { shiftedDecimal } from '../decimals.ts';
import { formatDuration } from '../durations.ts';
import type { Indicator, RuleLabels, Slo, SloSpec } from '../model.ts';
import { blockMapping, inlineMapping, Yaml, type YamlMapping, type YamlValue } from '../yaml-text.ts';
import { annotationNames } from './annotations.ts';
import { openSloName, openSloNames } from './names.ts';
import { OPENSLO_VERSION } from './schema.ts';

const DATA_SOURCE = 'prometheus';
const MAX_DESCRIPTION = 1050;

/**
 * A spec as OpenSLO v1: documents for the service, the data source and an SLO for each objective, with its indicator
 * inline. What OpenSLO has no fields for stands in annotations that start with `breakwater/`, as far as it is about an
 * objective; a comment at the top names the rest.
 */
export function writeOpenSlo(spec: SloSpec): string {
  const service = openSloName(spec.service);
  const names = openSloNames(spec.slos.map(({ name }) => name));
  const objects = [
    object('Service', service, {
      labels: spec.labels,
      annotations: service === spec.service ? {} : { [annotationNames.service]: spec.service },
      spec: new Yaml('{}'),
    }),
    object('DataSource', DATA_SOURCE, {
      spec: entries({ type: 'Prometheus', connectionDetails: new Yaml('{}') }),
    }),
    ...spec.slos.map((slo, at) => sloOf(spec, slo, names[at] ?? openSloName(slo.name), service)),
  ];
  return `${comment(spec)}${objects.map((lines) => blockMapping(lines)).join('---\n')}`;
}

interface ObjectParts {
  readonly labels?: RuleLabels;
  readonly annotations?: Readonly<Record<string, string | undefined>>;
  readonly spec: YamlValue;
}

function object(
  kind: string,
  name: string,
  { labels = {}, annotations = {}, spec }: ObjectParts,
): YamlMapping {
  const written = Object.entries(labels).filter(([label]) => isWritable(label));
  return entries({
    apiVersion: OPENSLO_VERSION,
    kind,
    metadata: entries({
      name,
      labels: filled(Object.fromEntries(written)),
      annotations: filled(annotations),
    }),
    spec,
  });
}

/** Whether a label may be one of OpenSLO's, which neither start nor end with an underscore. */
function isWritable(label: string): boolean {
  return /^[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/.test(label);
}

function filled(values: Readonly<Record<string, string | undefined>>): YamlMapping | undefined {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : new Map(given);
}

function entries(values: Readonly<Record<string, YamlValue | undefined>>): YamlMapping {
  return new Map(Object.entries(values));
}

function sloOf(spec: SloSpec, slo: Slo, name: string, service: string): YamlMapping {
  const { policy, sli, description, objective, periodMs, runbook, thresholdMs, silenced } = slo;
  return object('SLO', name, {
    labels: slo.labels,
    annotations: {
      [annotationNames.slo]: name === slo.name ? undefined : slo.name,
      [annotationNames.policy]: policy === slo.name ? undefined : policy,
      [annotationNames.sli]: sli === 'availability' && policy === slo.name ? undefined : sli,
      [annotationNames.runbook]: runbook,
      [annotationNames.threshold]: thresholdMs === undefined ? undefined : formatDuration(thresholdMs),
      [annotationNames.silence]: silenced.length === 0 ? undefined : silenced.join(','),
    },
    spec: entries({
      description: description && shortened(description),
      service,
      indicator: entries({
        metadata: entries({ name }),
        spec: entries({ ratioMetric: entries(ratioOf(slo.indicator, spec.selector)) }),
      }),
      timeWindow: inlineList({ duration: new Yaml(shorthand(periodMs)), isRolling: new Yaml('true') }),
      budgetingMethod: 'Occurrences',
      objectives: inlineList({ target: new Yaml(shiftedDecimal(objective, 0)) }),
    }),
  });
}

function inlineList(item: Readonly<Record<string, YamlValue>>): Yaml {
  return new Yaml(`[${inlineMapping(entries(item)).text}]`);
}

function ratioOf(indicator: Indicator, selector: RuleLabels): Readonly<Record<string, YamlValue>> {
  const [yes, no] = [new Yaml('true'), new Yaml('false')];
  if (indicator.kind === 'ratio') return { rawType: 'failure', raw: metric(indicator.badRatio) };
  if (indicator.kind === 'policy') {
    const { bad, total } = policySeries({ ...indicator, selector });
    return { counter: yes, bad: metric(bad), total: metric(total) };
  }
  const part = 'bad' in indicator ? { bad: metric(indicator.bad) } : { good: metric(indicator.good) };
  return { counter: no, ...part, total: metric(indicator.total) };
}

function metric(query: string): YamlMapping {
  const source = entries({ metricSourceRef: DATA_SOURCE, type: 'Prometheus', spec: entries({ query }) });
  return entries({ metricSource: source });
}

/** A duration in the one unit that OpenSLO allows; in minutes, rounded up, where no other fits. */
function shorthand(ms: number): string {
  if (ms % DAY_MS === 0) return `${ms / DAY_MS}d`;
  const minutes = Math.ceil(ms / 60_000);
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

function shortened(description: string): string {
  return description.length <= MAX_DESCRIPTION
    ? description
    : `${description.slice(0, MAX_DESCRIPTION - 3).replace(/[\ud800-\udbff]$/, '')}...`;
}

function comment({ labels, slos }: SloSpec): string {
  const left = new Set(
    [labels, ...slos.map((slo) => slo.labels)].flatMap((given) =>
      Object.keys(given).filter((label) => !isWritable(label)),
    ),
  );
  const lines = [
    'Generated by `breakwater slo rules --openslo`.',
    'OpenSLO has no words for what is here said of alerts: their labels, a minimum of bad events, and those on missing data,',
    'on a budget at risk and on breakers. In queries, {{.window}} stands for the window that is looked at.',
    ...(left.size === 0 ? [] : [`Labels that OpenSLO does not take: ${[...left].join(', ')}.`]),
  ];
  return lines.map((line) => `# ${line}\n`).join('');
}
