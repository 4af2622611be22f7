/*
 * The parts of Grafana's dashboard model (schema version 38, Grafana 10.0 and later) that are used here. Fields keep
 * Grafana's names.
 */

/** The data source of everything on the dashboard: what its variable `datasource` says. */
export const datasource = { type: 'prometheus', uid: '$datasource' } as const;

/** A colour of Grafana's palette, which it shows differently in its light and dark themes. */
export type Colour =
  | 'green'
  | 'semi-dark-green'
  | 'light-green'
  | 'yellow'
  | 'orange'
  | 'dark-orange'
  | 'red'
  | 'dark-red'
  | 'blue'
  | 'purple'
  | 'text';

/** From `value` on, up to the next, values have this colour; `null` is the least. */
export interface ThresholdStep {
  readonly value: number | null;
  readonly color: Colour;
}

/** What is shown in place of a number. */
export interface ValueMapping {
  readonly value: number;
  readonly text: string;
  readonly color: Colour;
}

/** A query of a panel. */
export interface Query {
  readonly expr: string;
  /** Name of its series, with labels in double braces. */
  readonly legend?: string;
}

/** A query as Grafana has it. */
export interface Target {
  readonly datasource: typeof datasource;
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly format: 'time_series' | 'table' | 'heatmap';
  readonly instant: boolean;
  readonly range: boolean;
}

/** How the values of a field are shown. Units are Grafana's: `percentunit` is a ratio shown in percent, `s` seconds. */
export interface FieldSettings {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Shown where there is no value. */
  readonly noValue?: string;
  readonly thresholds?: readonly ThresholdStep[];
  readonly mappings?: readonly ValueMapping[];
  /** Settings of the kind of panel. */
  readonly custom?: Readonly<Record<string, unknown>>;
}

/** A panel before it has its place. */
export interface Panel {
  readonly type: string;
  readonly title: string;
  /** What it shows, for somebody who sees it for the first time. Markdown. */
  readonly description: string;
  /** In columns of 24. */
  readonly width: number;
  /** In rows of 30 pixels. */
  readonly height: number;
  /** All else, in Grafana's own form. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Panels below a heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}
