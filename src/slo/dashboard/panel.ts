import {
  datasource,
  type FieldSettings,
  type Panel,
  type Query,
  type Target,
  type ThresholdStep,
  type ValueMapping,
} from './json.ts';

/** What every panel is made of. */
export interface PanelSettings extends FieldSettings {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
}

/** A panel of the kind `type`. */
export function panel(
  type: string,
  { title, description, width, height }: PanelSettings,
  body: Readonly<Record<string, unknown>>,
): Panel {
  return { type, title, description, width, height, body };
}

/** Queries in Grafana's form. */
export function targets(
  queries: readonly Query[],
  format: Target['format'],
  instant: boolean,
): readonly Target[] {
  return queries.map(({ expr, legend = '' }, at) => ({
    datasource,
    refId: refId(at),
    expr,
    legendFormat: legend,
    format,
    instant,
    range: !instant,
  }));
}

/** `A`, `B` and so on. */
export function refId(at: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + at);
}

/** Field settings in Grafana's form. */
export function fields({ thresholds, mappings, unit, decimals, min, max, noValue, custom }: FieldSettings) {
  return {
    ...(unit === undefined ? {} : { unit }),
    ...(decimals === undefined ? {} : { decimals }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(noValue === undefined ? {} : { noValue }),
    ...(thresholds === undefined ? {} : { thresholds: steps(thresholds) }),
    ...(mappings === undefined ? {} : { mappings: [mapping(mappings)] }),
    ...(custom === undefined ? {} : { custom }),
  };
}

/** Field settings as the properties of an override. */
export function properties(
  settings: FieldSettings,
): readonly { readonly id: string; readonly value: unknown }[] {
  const { custom = {}, ...others } = fields(settings);
  return [
    ...Object.entries(others).map(([id, value]) => ({ id, value })),
    ...Object.entries(custom).map(([id, value]) => ({ id: `custom.${id}`, value })),
  ];
}

function steps(thresholds: readonly ThresholdStep[]) {
  return { mode: 'absolute', steps: thresholds };
}

function mapping(mappings: readonly ValueMapping[]) {
  return {
    type: 'value',
    options: Object.fromEntries(
      mappings.map(({ value, text: shown, color }, index) => [String(value), { text: shown, color, index }]),
    ),
  };
}
