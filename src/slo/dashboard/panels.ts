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
interface PanelSettings extends FieldSettings {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
}

/** Settings of `timeSeries()`. */
export interface TimeSeriesSettings extends PanelSettings {
  readonly queries: readonly Query[];
  /** Shares of a whole, one on top of the other. */
  readonly stacked?: boolean;
  /** Colours by name of the series. */
  readonly colours?: Readonly<Record<string, string>>;
  /** Draws the thresholds as dashed lines. */
  readonly thresholdLines?: boolean;
  readonly axisSoftMin?: number;
  readonly axisSoftMax?: number;
}

/** Values over time. */
export function timeSeries(settings: TimeSeriesSettings): Panel {
  const {
    queries,
    stacked = false,
    colours = {},
    thresholdLines = false,
    axisSoftMin,
    axisSoftMax,
  } = settings;
  const custom = {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: stacked ? 1 : 2,
    fillOpacity: stacked ? 60 : 6,
    gradientMode: 'none',
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: thresholdLines ? 'dashed' : 'off' },
    ...(axisSoftMin === undefined ? {} : { axisSoftMin }),
    ...(axisSoftMax === undefined ? {} : { axisSoftMax }),
  };
  return panel('timeseries', settings, {
    targets: targets(queries, 'time_series', false),
    fieldConfig: {
      defaults: { color: { mode: 'palette-classic' }, ...fields({ ...settings, custom }) },
      overrides: Object.entries(colours).map(([name, fixedColor]) => ({
        matcher: { id: 'byName', options: name },
        properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
      })),
    },
    options: {
      legend: { showLegend: true, displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  });
}

/** One number for each series, as it is now. */
export function stat(settings: PanelSettings & { readonly queries: readonly Query[] }): Panel {
  return panel('stat', settings, {
    targets: targets(settings.queries, 'time_series', true),
    fieldConfig: { defaults: { color: { mode: 'thresholds' }, ...fields(settings) }, overrides: [] },
    options: {
      colorMode: 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      textMode: 'value_and_name',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  });
}

/** A column of a table that shows a query's values. */
export interface ValueColumn extends FieldSettings {
  readonly name: string;
  readonly expr: string;
  /** Whether the thresholds, or mappings, colour the cell or its text. Default: neither. */
  readonly coloured?: 'background' | 'text';
}

/** Settings of `table()`. */
export interface TableSettings extends PanelSettings {
  /** Columns of labels: heading by label. A label without a heading is not shown. */
  readonly labels: Readonly<Record<string, string>>;
  readonly hiddenLabels?: readonly string[];
  readonly columns: readonly ValueColumn[];
}

/** Rows by labels, with a column for each query, as things are now. */
export function table(settings: TableSettings): Panel {
  const { labels, hiddenLabels = [], columns } = settings;
  const refIds = columns.map((_, at) => refId(at));
  const valueNames = columns.length === 1 ? ['Value'] : refIds.map((id) => `Value #${id}`);
  const order = [...Object.keys(labels), ...valueNames];
  return panel('table', settings, {
    targets: targets(columns, 'table', true),
    fieldConfig: {
      defaults: { color: { mode: 'thresholds' }, ...fields(settings) },
      overrides: columns.map(({ name, coloured, ...column }) => ({
        matcher: { id: 'byName', options: name },
        properties: properties({
          ...column,
          custom: coloured === undefined ? {} : { cellOptions: { type: `color-${coloured}` } },
        }),
      })),
    },
    options: { showHeader: true, cellHeight: 'sm' },
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: Object.fromEntries(['Time', ...hiddenLabels].map((name) => [name, true])),
          indexByName: Object.fromEntries(order.map((name, at) => [name, at])),
          renameByName: {
            ...labels,
            ...Object.fromEntries(columns.map(({ name }, at) => [valueNames[at] ?? '', name])),
          },
        },
      },
    ],
  });
}

/** Settings of `matrix()`. */
export interface MatrixSettings extends PanelSettings {
  readonly expr: string;
  readonly rowLabel: string;
  readonly columnLabel: string;
  /** Values of `columnLabel`, in their order. */
  readonly columns: readonly string[];
  readonly heading: string;
}

/** A query's values as they are now, by two labels. */
export function matrix(settings: MatrixSettings): Panel {
  const { expr, rowLabel, columnLabel, columns, heading } = settings;
  const corner = `${rowLabel}\\${columnLabel}`;
  return panel('table', settings, {
    targets: targets([{ expr }], 'table', true),
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        ...fields({ ...settings, custom: { cellOptions: { type: 'color-text' } } }),
      },
      overrides: [],
    },
    options: { showHeader: true, cellHeight: 'sm' },
    transformations: [
      {
        id: 'groupingToMatrix',
        options: { rowField: rowLabel, columnField: columnLabel, valueField: 'Value', emptyValue: 'null' },
      },
      {
        id: 'organize',
        options: {
          excludeByName: {},
          indexByName: Object.fromEntries([corner, ...columns].map((name, at) => [name, at])),
          renameByName: { [corner]: heading },
        },
      },
    ],
  });
}

/** States over time, one bar for each series. */
export function stateTimeline(settings: PanelSettings & { readonly queries: readonly Query[] }): Panel {
  return panel('state-timeline', settings, {
    targets: targets(settings.queries, 'time_series', false),
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        ...fields({ ...settings, custom: { fillOpacity: 80, lineWidth: 0, spanNulls: false } }),
      },
      overrides: [],
    },
    options: {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.85,
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'single', sort: 'none' },
    },
  });
}

/** The buckets of a histogram over time, by their label `le`. */
export function heatmap(settings: PanelSettings & { readonly expr: string }): Panel {
  const { expr, unit = 'short', decimals } = settings;
  return panel('heatmap', settings, {
    targets: targets([{ expr, legend: '{{le}}' }], 'heatmap', false),
    fieldConfig: {
      defaults: { ...fields({ custom: { scaleDistribution: { type: 'linear' } } }) },
      overrides: [],
    },
    options: {
      calculate: false,
      cellGap: 1,
      color: {
        mode: 'scheme',
        scheme: 'Blues',
        steps: 64,
        exponent: 0.5,
        reverse: false,
        scale: 'exponential',
      },
      yAxis: {
        unit,
        axisPlacement: 'left',
        reverse: false,
        ...(decimals === undefined ? {} : { decimals }),
      },
      cellValues: { unit: 'short', decimals: 1 },
      rowsFrame: { layout: 'auto', value: 'calls' },
      // Buckets that nothing fell into stay empty.
      filterValues: { le: 1e-9 },
      showValue: 'never',
      legend: { show: true },
      tooltip: { mode: 'single', yHistogram: true, showColorScale: false },
      exemplars: { color: 'rgba(255,0,255,0.7)' },
    },
  });
}

/** Text in Markdown. */
export function text(
  settings: Omit<PanelSettings, keyof FieldSettings> & { readonly content: string },
): Panel {
  return panel('text', settings, { options: { mode: 'markdown', content: settings.content } });
}

function panel(
  type: string,
  { title, description, width, height }: PanelSettings,
  body: Readonly<Record<string, unknown>>,
): Panel {
  return { type, title, description, width, height, body };
}

function targets(queries: readonly Query[], format: Target['format'], instant: boolean): readonly Target[] {
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
function refId(at: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + at);
}

/** Field settings in Grafana's form. */
function fields({ thresholds, mappings, unit, decimals, min, max, noValue, custom }: FieldSettings) {
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
function properties(settings: FieldSettings): readonly { readonly id: string; readonly value: unknown }[] {
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
