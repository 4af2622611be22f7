import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** A query and what the check of it needs to know on its way. */
export interface QueryText {
  /** The query, with durations of the same length in the place of its placeholders. */
  readonly text: string;
  /** Is told of each duration. */
  onDuration(from: number, to: number): void;
}

/** The children of a node, without comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child);
  }
  return children;
}

/** The text of a node. */
export function textOf(query: QueryText, { from, to }: { from: number; to: number }): string {
  return query.text.slice(from, to);
}

/** The tree of a query, with nodes for what is wrong; `undefined` for one nested so deeply that the parser fails. */
export function treeOf(text: string): Tree | undefined {
  try {
    return parser.parse(text);
  } catch (error) {
    // Its recursion has overflowed the stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
