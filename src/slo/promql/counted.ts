import type { SyntaxNode } from '@lezer/common';
import { normalQuery } from './check.ts';
import { fillPlaceholders } from './placeholder.ts';
import { childrenOf, treeOf } from './tree.ts';

/** What a query gives of counters over the window: their increase, or that by the second. */
export type CountedBy = 'increase' | 'rate';

/** Operators whose result counts what both sides count. */
const KEEPS_COUNT = new Set(['Add', 'Sub', 'Or']);

/**
 * By what a query tells how many events there were over `{{.window}}`, so that they can be counted: `increase()` or
 * `rate()` over just this window, their `sum()`, and what `+`, `-` and `or` make of these; `undefined` for queries of
 * which nobody can say so.
 */
export function countedBy(query: string): CountedBy | undefined {
  const { text, placeholders } = fillPlaceholders(normalQuery(query));
  const root = treeOf(text)?.topNode.firstChild;
  if (root == null || root.to !== text.length) return undefined;
  const isWindow = ({ from, to }: SyntaxNode) =>
    placeholders.some((placeholder) => placeholder.from === from && placeholder.to === to);
  return countedIn(root, text, isWindow);
}

function countedIn(
  node: SyntaxNode,
  text: string,
  isWindow: (duration: SyntaxNode) => boolean,
): CountedBy | undefined {
  const children = childrenOf(node);
  const first = children.at(0);
  const last = children.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const within = (part: SyntaxNode) => countedIn(part, text, isWindow);
  switch (node.name) {
    case 'ParenExpr':
      return children.length === 1 ? within(first) : undefined;
    case 'AggregateExpr': {
      const bodies = children.filter(({ name }) => name === 'FunctionCallBody');
      const [argument, ...more] = bodies.flatMap(childrenOf);
      const isSum = text.slice(first.from, first.to).toLowerCase() === 'sum';
      return isSum && argument !== undefined && more.length === 0 ? within(argument) : undefined;
    }
    case 'BinaryExpr': {
      const operators = children.filter(({ name }) => KEEPS_COUNT.has(name));
      if (operators.length !== 1) return undefined;
      const counted = within(first);
      if (counted === undefined) return undefined;
      const isNothing = operators[0]?.name === 'Or' && isZero(text.slice(last.from, last.to));
      return isNothing || within(last) === counted ? counted : undefined;
    }
    case 'FunctionCall': {
      const name = text.slice(first.from, first.to);
      const [range, ...more] = childrenOf(last);
      if ((name !== 'rate' && name !== 'increase') || range === undefined || more.length > 0)
        return undefined;
      return isOverWindow(range, isWindow) ? name : undefined;
    }
    default:
      return undefined;
  }
}

/** What stands behind `or` where no series counts yet. */
function isZero(text: string): boolean {
  return /^vector\(\s*0\s*\)$/.test(text);
}

function isOverWindow(range: SyntaxNode, isWindow: (duration: SyntaxNode) => boolean): boolean {
  const selector = range.name === 'OffsetExpr' ? range.firstChild : range;
  const duration = selector?.name === 'MatrixSelector' ? childrenOf(selector).at(-1) : undefined;
  return duration !== undefined && isWindow(duration);
}
