import { fillPlaceholders } from '../../promql/placeholder.ts';
import { treeOf } from '../../promql/tree.ts';
import type { Slo } from '../../spec/model.ts';

/** Functions that give something where there are no series. */
const MAKES_SOMETHING = new Set([
  'vector',
  'absent',
  'absent_over_time',
  'time',
  'minute',
  'hour',
  'month',
  'year',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'days_in_month',
]);

/** Names of series that the tests themselves give or that rules make. */
const KNOWN_HERE = /^(?:breakwater_|slo:|sli:|ALERTS)/;

/** Whether an objective's queries give nothing as long as nobody gives them series of their own. */
export function isSelfContained({ indicator }: Slo): boolean {
  if (indicator.kind === 'policy') return true;
  if (indicator.kind === 'ratio') return isQuiet(indicator.badRatio);
  return isQuiet(indicator.total) && isQuiet('good' in indicator ? indicator.good : indicator.bad);
}

function isQuiet(query: string): boolean {
  const { text } = fillPlaceholders(query);
  const tree = treeOf(text);
  let quiet = tree !== undefined;
  tree?.iterate({
    enter: ({ name, from, to, node }) => {
      const own = text.slice(from, to);
      if (name === 'FunctionIdentifier' && MAKES_SOMETHING.has(own)) quiet = false;
      if (name !== 'VectorSelector') return;
      const metric = node.getChild('Identifier');
      if (metric === null || KNOWN_HERE.test(text.slice(metric.from, metric.to))) quiet = false;
    },
  });
  return quiet;
}
