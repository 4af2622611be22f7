import { WINDOW_PLACEHOLDER } from '../spec/model.ts';
import { checkQuery, normalQuery } from './check.ts';
import { childrenOf, treeOf } from './tree.ts';

/**
 * The increase over the window of counters that a query selects, by itself or in a plain `sum()`; `undefined` for other
 * queries.
 */
export function increaseOf(query: string): string | undefined {
  const plain = normalQuery(query);
  const selector = selectorIn(plain);
  if (selector === undefined) return undefined;
  const increase = `sum(increase(${selector}[${WINDOW_PLACEHOLDER}]))`;
  return checkQuery(increase) === undefined ? increase : undefined;
}

function selectorIn(query: string): string | undefined {
  const root = treeOf(query)?.topNode.firstChild;
  if (root == null || root.to !== query.length) return undefined;
  if (root.name === 'VectorSelector') return query;
  const [operator, body, ...others] = root.name === 'AggregateExpr' ? childrenOf(root) : [];
  if (operator === undefined || body === undefined || others.length > 0) return undefined;
  const [argument, ...more] = body.name === 'FunctionCallBody' ? childrenOf(body) : [];
  const isSum = query.slice(operator.from, operator.to).toLowerCase() === 'sum';
  if (!isSum || argument?.name !== 'VectorSelector' || more.length > 0) return undefined;
  return query.slice(argument.from, argument.to);
}
