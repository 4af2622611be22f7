import type { SyntaxNode } from '@lezer/common';
import { keywords } from './functions.ts';
import { unquote } from './literals.ts';
import type { Operand } from './operand.ts';
import { QueryError } from './problem.ts';
import { anchoredRegex } from './regex.ts';
import { childrenOf, type QueryText, textOf } from './tree.ts';

/** Checks a selector of series, `name{label="value"}`. */
export function checkSelector(node: SyntaxNode, query: QueryText): Operand {
  const children = childrenOf(node);
  const name = children.find((child) => child.name === 'Identifier');
  const matchers = children.find((child) => child.name === 'LabelMatchers');
  if (name !== undefined && keywords.has(textOf(query, name).toLowerCase())) {
    const word = textOf(query, name);
    throw new QueryError(`uses the word '${word}' as a metric's name; write {__name__="${word}"}`, name.from);
  }
  let selects = name !== undefined;
  for (const matcher of matchers === undefined ? [] : childrenOf(matchers)) {
    const { label, matchesEmpty } = checkMatcher(matcher, query);
    if (name !== undefined && label === '__name__') {
      throw new QueryError(`names the metric twice, before the braces and in them`, matcher.from);
    }
    selects ||= !matchesEmpty;
  }
  if (!selects) {
    throw new QueryError('selects all series: one matcher at least must not match an empty label', node.from);
  }
  return { type: 'instant vector', form: 'selector', hasOffset: false, hasTimestamp: false, from: node.from };
}

function checkMatcher(node: SyntaxNode, query: QueryText): { label: string; matchesEmpty: boolean } {
  const [label, operator, literal] = childrenOf(node);
  if (
    node.name !== 'UnquotedLabelMatcher' ||
    label === undefined ||
    operator === undefined ||
    literal === undefined
  ) {
    throw new QueryError(
      'has a name in quotes in a selector, which Prometheus 2.42 does not read',
      node.from,
    );
  }
  const value = unquote(textOf(query, literal), literal.from);
  return {
    label: textOf(query, label),
    matchesEmpty: matchesEmpty(textOf(query, operator), value, literal.from),
  };
}

function matchesEmpty(operator: string, value: string, offset: number): boolean {
  if (operator === '=') return value === '';
  if (operator === '!=') return value !== '';
  return anchoredRegex(value, offset).matches('') === (operator === '=~');
}
