import { normalQuery, queryType } from '../promql/check.ts';
import { type CountedBy, countedBy } from '../promql/counted.ts';
import { fillPlaceholders } from '../promql/placeholder.ts';
import { treeOf } from '../promql/tree.ts';
import { type Slo, WINDOW_PLACEHOLDER } from '../spec/model.ts';

/** Aggregations that give one value without labels, as long as nothing says by which labels. */
const GIVES_ONE = new Set(['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar', 'quantile']);

/**
 * A user's query over one window, aggregated to one value without labels.
 *
 * @param aggregation how, where the query does not do so itself
 */
export function singleValue(query: string, window: string, aggregation: 'sum' | 'max'): string {
  const text = normalQuery(query).replaceAll(WINDOW_PLACEHOLDER, window);
  if (givesOne(query)) return text;
  const vector = queryType(query) === 'scalar' ? `vector(${text})` : text;
  return vector.includes('\n') ? `${aggregation}(\n${vector}\n)` : `${aggregation}(${vector})`;
}

/** By what an objective's events can be counted, all of them and the good or bad ones alike; `undefined` where not. */
export function countedEvents({ indicator }: Slo): CountedBy | undefined {
  if (indicator.kind === 'policy') return 'increase';
  if (indicator.kind === 'ratio') return undefined;
  const counted = countedBy(indicator.total);
  return countedBy('good' in indicator ? indicator.good : indicator.bad) === counted ? counted : undefined;
}

function givesOne(query: string): boolean {
  const { text } = fillPlaceholders(normalQuery(query));
  const root = treeOf(text)?.topNode.firstChild;
  if (root?.name !== 'AggregateExpr' || root.getChild('AggregateModifier') !== null) return false;
  const operator = root.getChild('AggregateOp');
  return operator !== null && GIVES_ONE.has(text.slice(operator.from, operator.to).toLowerCase());
}
