import type { FieldSettings, Panel, Query } from './json.ts';
import { fields, type PanelSettings, panel, targets } from './panel.ts';

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
