import { z } from 'zod';

/** A query of a dashboard, with its variables filled in. */
export interface DashboardQuery {
  /** Where it stands, such as `panel Call durations, A`. */
  readonly where: string;
  readonly expr: string;
  /** Name of its series, with labels in double braces. */
  readonly legend: string;
  /** Whether it is for one moment; otherwise it is for a stretch of time. */
  readonly instant: boolean;
}

/** What somebody chose above the dashboard. */
export interface Choices {
  readonly service: string;
  /** Default: all. */
  readonly policies?: readonly string[] | undefined;
  /** What Grafana makes of `$__rate_interval`: a few scrapes, such as `2s`. */
  readonly rateInterval: string;
}

const target = z.object({
  refId: z.string(),
  expr: z.string(),
  legendFormat: z.string(),
  instant: z.boolean(),
});
const dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(target).default([]) })),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), expr: z.string() })) }),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })),
  }),
});

/** All queries of a dashboard's panels and annotations. */
export function queriesOf(json: object, choices: Choices): readonly DashboardQuery[] {
  const { panels, annotations } = dashboard.parse(json);
  const ofPanels = panels.flatMap(({ title, targets }) =>
    targets.map(({ refId, expr, legendFormat, instant }) => ({
      where: `panel ${title}, ${refId}`,
      expr: filledIn(expr, choices),
      legend: legendFormat,
      instant,
    })),
  );
  const ofAnnotations = annotations.list.map(({ name, expr }) => ({
    where: `annotation ${name}`,
    expr: filledIn(expr, choices),
    legend: '',
    instant: false,
  }));
  return [...ofPanels, ...ofAnnotations];
}

/** The query of the panel of that title, its first or the one with `refId`. */
export function queryOf(json: object, title: string, choices: Choices, refId = 'A'): string {
  const found = queriesOf(json, choices).find(({ where }) => where === `panel ${title}, ${refId}`);
  if (found === undefined) throw new Error(`The dashboard has no panel '${title}' with a query ${refId}.`);
  return found.expr;
}

/** A variable whose values are those of a label. */
export interface LabelVariable {
  readonly name: string;
  readonly series: string;
  readonly label: string;
}

/** The variables of a dashboard that are asked for. */
export function variablesOf(json: object, choices: Choices): readonly LabelVariable[] {
  return dashboard.parse(json).templating.list.flatMap(({ name, type, definition = '' }) => {
    if (type !== 'query') return [];
    const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
    if (series === undefined || label === undefined) throw new Error(`'${definition}' gives no label.`);
    return { name, series: filledIn(series, choices), label };
  });
}

/** As Grafana does it for Prometheus: several values become a regular expression. */
function filledIn(expr: string, { service, policies, rateInterval }: Choices): string {
  const policy = policies === undefined ? '.*' : policies.map(inRegex).join('|');
  const values: Readonly<Record<string, string>> = {
    service: service.replace(/["\\]/g, '\\$&'),
    policy,
    __rate_interval: rateInterval,
  };
  return expr.replace(/\$(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The dashboard has no variable '${name}'.`);
    return value;
  });
}

function inRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&').replaceAll('"', '\\"');
}
