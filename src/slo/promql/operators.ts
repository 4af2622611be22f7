import type { SyntaxNode } from '@lezer/common';
import { type Operand, plainOperand, typeNames } from './operand.ts';
import { QueryError } from './problem.ts';
import { childrenOf, type QueryText, textOf } from './tree.ts';

/** A binary operator with its modifiers. */
export interface BinaryOperator {
  readonly name: string;
  readonly bool: boolean;
  /** Labels of `on` or `ignoring`, and of `group_left` or `group_right`. */
  readonly matching: VectorMatching | undefined;
  readonly from: number;
}

interface VectorMatching {
  readonly kind: string;
  readonly labels: readonly string[];
  readonly group: { readonly labels: readonly string[] } | undefined;
}

/** Higher binds more tightly. A sign binds as `*`. */
export const precedences: ReadonlyMap<string, number> = new Map([
  ['or', 1],
  ...['and', 'unless'].map((name) => [name, 2] as const),
  ...['==', '!=', '<', '<=', '>', '>='].map((name) => [name, 3] as const),
  ...['+', '-'].map((name) => [name, 4] as const),
  ...['*', '/', '%', 'atan2'].map((name) => [name, 5] as const),
  ['^', 6],
]);
export const SIGN_PRECEDENCE = 5;

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

/** Reads the operator of a binary expression from what stands between its sides. */
export function readOperator(nodes: readonly SyntaxNode[], query: QueryText): BinaryOperator {
  const [operator, ...modifiers] = nodes;
  if (operator === undefined) throw new QueryError('has an operator that cannot be read', 0);
  const name = textOf(query, operator).toLowerCase();
  if (!precedences.has(name)) {
    throw new QueryError(`has the operator ${name}, which is newer than Prometheus 2.42`, operator.from);
  }
  let bool = false;
  let matching: VectorMatching | undefined;
  for (const modifier of modifiers) {
    if (modifier.name === 'BoolModifier') bool = true;
    else if (modifier.name === 'MatchingModifierClause') matching = readMatching(modifier, query);
    else throw new QueryError('has fill, which is newer than Prometheus 2.42', modifier.from);
  }
  return { name, bool, matching, from: operator.from };
}

function readMatching(node: SyntaxNode, query: QueryText): VectorMatching {
  const [kind, labels, group, include] = childrenOf(node);
  if (kind === undefined || labels === undefined)
    throw new QueryError('has no labels to match on', node.from);
  if (group !== undefined && include === undefined && /^\s*\(/.test(query.text.slice(group.to))) {
    throw new QueryError(`needs labels or () between ${textOf(query, group)} and the bracket`, group.from);
  }
  return {
    kind: textOf(query, kind).toLowerCase(),
    labels: readLabels(labels, query),
    group: group && { labels: include === undefined ? [] : readLabels(include, query) },
  };
}

/** The labels in brackets behind `by`, `on` and the like. */
export function readLabels(node: SyntaxNode, query: QueryText): string[] {
  return childrenOf(node).map((child) => {
    const label = textOf(query, child);
    if (child.name !== 'LabelName') {
      throw new QueryError('has a label in quotes, which Prometheus 2.42 does not read', child.from);
    }
    if (/^(?:inf|nan)$/i.test(label)) throw new QueryError(`cannot group by a label '${label}'`, child.from);
    return label;
  });
}

/** Checks an operator against its sides. */
export function withBinary(operator: BinaryOperator, left: Operand, right: Operand): Operand {
  const { name, bool, matching, from } = operator;
  for (const side of [left, right]) {
    if (side.type !== 'scalar' && side.type !== 'instant vector') {
      const hint = side.type === 'range vector' ? '; put rate() or the like around it' : '';
      throw new QueryError(`has ${typeNames[side.type]} beside '${name}'${hint}`, side.from);
    }
  }
  const betweenVectors = left.type === 'instant vector' && right.type === 'instant vector';
  if (bool && !comparisons.has(name)) throw new QueryError(`has bool behind '${name}', no comparison`, from);
  if (comparisons.has(name) && !bool && left.type === 'scalar' && right.type === 'scalar') {
    throw new QueryError(`compares two scalars; write '${name} bool'`, from);
  }
  if (setOperators.has(name) && !betweenVectors) {
    throw new QueryError(`has a scalar beside '${name}', which takes vectors; put vector() around it`, from);
  }
  if (matching !== undefined) checkMatching(operator, matching, betweenVectors);
  return plainOperand(
    left.type === 'scalar' && right.type === 'scalar' ? 'scalar' : 'instant vector',
    left.from,
  );
}

function checkMatching(
  { name, from }: BinaryOperator,
  matching: VectorMatching,
  betweenVectors: boolean,
): void {
  const { kind, labels, group } = matching;
  if (!betweenVectors) throw new QueryError(`has ${kind} beside a scalar; it is for two vectors`, from);
  if (group !== undefined && setOperators.has(name)) {
    throw new QueryError(`has group_left or group_right behind '${name}', which matches many to many`, from);
  }
  const both = kind === 'on' ? labels.find((label) => group?.labels.includes(label)) : undefined;
  if (both !== undefined) throw new QueryError(`has the label '${both}' in both on and group`, from);
}
