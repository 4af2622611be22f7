import type { SyntaxNode } from '@lezer/common';
import { checkDuration, parseNumber } from './literals.ts';
import { type Operand, plainOperand, typeNames } from './operand.ts';
import { QueryError } from './problem.ts';
import { childrenOf, type QueryText, textOf } from './tree.ts';

/** What stands behind an expression: a range, a subquery, an offset or a time. */
export type Suffix = SyntaxNode;

/** The names of the tree's nodes that put something behind an expression. */
export const suffixNodes: ReadonlySet<string> = new Set([
  'MatrixSelector',
  'SubqueryExpr',
  'OffsetExpr',
  'StepInvariantExpr',
]);

/** Checks a suffix and gives the operand with it. */
export function withSuffix(operand: Operand, node: Suffix, query: QueryText): Operand {
  const [expression, ...rest] = childrenOf(node);
  if (expression === undefined) throw new QueryError('cannot be read', node.from);
  if (node.name === 'MatrixSelector') return withRange(operand, expression.to, node, query);
  if (node.name === 'SubqueryExpr') return withSubquery(operand, expression.to, node, query);
  if (node.name === 'OffsetExpr') return withOffset(operand, rest, query);
  return withTimestamp(operand, rest, query);
}

const RANGE = /^((?:\s|#[^\n]*\n)*\[\s*)([0-9a-z]+)\s*\]$/;
const SUBQUERY = /^((?:\s|#[^\n]*\n)*\[\s*)([0-9a-z]+)(\s*:\s*)([0-9a-z]+)?\s*\]$/;

function withRange(operand: Operand, from: number, node: SyntaxNode, query: QueryText): Operand {
  const match = RANGE.exec(query.text.slice(from, node.to));
  if (match === null) throw new QueryError('has a range that is no plain duration, such as [5m]', from);
  const [, open = '', range = ''] = match;
  duration(query, from + open.length, range);
  if (operand.form !== 'selector') {
    const hint = operand.type === 'instant vector' ? '; a subquery, such as [1h:], can' : '';
    throw new QueryError(`has a range behind what is no selector of series${hint}`, from);
  }
  if (operand.hasOffset || operand.hasTimestamp) {
    throw new QueryError('has a range behind offset or @, which go behind it', from);
  }
  return { ...operand, type: 'range vector', form: 'range selector' };
}

function withSubquery(operand: Operand, from: number, node: SyntaxNode, query: QueryText): Operand {
  const match = SUBQUERY.exec(query.text.slice(from, node.to));
  if (match === null) throw new QueryError('has a subquery without plain durations, such as [1h:5m]', from);
  const [, open = '', range = '', colon = '', step] = match;
  duration(query, from + open.length, range);
  if (step !== undefined) duration(query, from + open.length + range.length + colon.length, step);
  if (operand.type !== 'instant vector') {
    throw new QueryError(`has a subquery of ${typeNames[operand.type]}; it takes an instant vector`, from);
  }
  return { ...plainOperand('range vector', operand.from), form: 'subquery' };
}

function duration(query: QueryText, from: number, literal: string): void {
  checkDuration(literal, from);
  query.onDuration(from, from + literal.length);
}

function withOffset(operand: Operand, rest: readonly SyntaxNode[], query: QueryText): Operand {
  const [keyword, value] = rest;
  if (keyword === undefined || value === undefined) throw new QueryError('has no offset', operand.from);
  const signed = /^([-+]?\s*)(.*)$/s.exec(textOf(query, value));
  const [, sign = '', literal = ''] = signed ?? [];
  if (sign.startsWith('+') || !/^[0-9a-z]+$/.test(literal)) {
    throw new QueryError('has an offset that is no plain duration, such as 5m or -5m', value.from);
  }
  duration(query, value.from + sign.length, literal);
  refuseUnlessSelector(operand, 'offset', keyword.from);
  if (operand.hasOffset) throw new QueryError('has two offsets', keyword.from);
  return { ...operand, hasOffset: true };
}

function withTimestamp(operand: Operand, rest: readonly SyntaxNode[], query: QueryText): Operand {
  const [at, value] = rest;
  if (at === undefined || value === undefined) throw new QueryError('has no time behind @', operand.from);
  if (value.name !== 'AtModifierPreprocessors') {
    const literal = textOf(query, value).replace(/^[-+]\s*/, '');
    if (!(Math.abs(parseNumber(literal, value.from)) < 2 ** 63)) {
      throw new QueryError('has a time behind @ that is out of bounds', value.from);
    }
  }
  refuseUnlessSelector(operand, '@', at.from);
  if (operand.hasTimestamp) throw new QueryError('has two times behind @', at.from);
  return { ...operand, hasTimestamp: true };
}

function refuseUnlessSelector({ form }: Operand, modifier: string, offset: number): void {
  if (form === 'other') {
    throw new QueryError(`has ${modifier} behind what is no selector, range or subquery`, offset);
  }
}
