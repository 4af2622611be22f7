import type { ExemplarLabels } from '../core/tracing.ts';
import { labelListText } from './label-text.ts';

/** One call or attempt that stands for those of its sample, as OpenMetrics has it; the shape is prom-client's own. */
export interface Exemplar {
  readonly labelSet: ExemplarLabels;
  /** In the unit of the metric. */
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** One for each series, in their order, as with `Values`. */
export type Exemplars = readonly (Exemplar | undefined)[];

/** What the text of an OpenMetrics sample ends with. */
export function exemplarText({ labelSet, value, timestamp }: Exemplar): string {
  return ` # {${labelListText(labelSet)}} ${value} ${timestamp}`;
}
