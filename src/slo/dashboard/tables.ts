import type { FieldSettings, Panel } from './json.ts';
import { fields, type PanelSettings, panel, properties, refId, targets } from './panel.ts';

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
