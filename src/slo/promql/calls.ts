import type { SyntaxNode } from '@lezer/common';
import { aggregations, type FunctionSignature, functions, type ValueType } from './functions.ts';
import { type Operand, plainOperand, typeNames } from './operand.ts';
import { readLabels } from './operators.ts';
import { QueryError } from './problem.ts';
import { anchoredRegex } from './regex.ts';
import { childrenOf, type QueryText, textOf } from './tree.ts';

/** Checks the expressions between brackets. */
export type CheckArguments = (body: SyntaxNode) => readonly Operand[];

/** Checks a call of a function. */
export function checkCall(node: SyntaxNode, query: QueryText, checkArguments: CheckArguments): Operand {
  const [identifier, body] = childrenOf(node);
  if (identifier === undefined || body === undefined)
    throw new QueryError('has a call that cannot be read', node.from);
  const name = textOf(query, identifier);
  const signature = functions.get(name);
  if (signature === undefined) throw new QueryError(unknownFunction(name), identifier.from);
  const given = checkArguments(body);
  checkCount(name, signature, given.length, node.from);
  const { parameters } = signature;
  given.forEach((operand, at) => {
    expectType(operand, parameters[Math.min(at, parameters.length - 1)], `${name}()`);
  });
  checkLabelFunction(name, given);
  return plainOperand(signature.result, node.from);
}

/** Why a function is not known, in words. */
export function unknownFunction(name: string): string {
  const lower = name.toLowerCase();
  if (functions.has(lower) || aggregations.has(lower)) return `calls '${name}'; it is written '${lower}'`;
  if (lower === 'holt_winters') return `calls 'holt_winters', which Prometheus 3 no longer has`;
  return `calls '${name}', which Prometheus 2.42 does not know`;
}

function checkCount(
  name: string,
  { parameters, optional, repeats }: FunctionSignature,
  given: number,
  from: number,
) {
  const most = repeats ? Number.POSITIVE_INFINITY : parameters.length;
  const least = parameters.length - optional;
  if (given >= least && given <= most) return;
  const wanted = repeats ? `at least ${least}` : optional > 0 ? `${least} or ${most}` : String(least);
  throw new QueryError(`calls ${name}() with ${given} arguments; it takes ${wanted}`, from);
}

function expectType(operand: Operand, wanted: ValueType | undefined, taker: string): void {
  if (wanted === undefined || operand.type === wanted) return;
  const hint =
    wanted === 'range vector' && operand.form === 'selector' ? ', such as requests_total[{{.window}}]' : '';
  throw new QueryError(
    `gives ${taker} ${typeNames[operand.type]}; it takes ${typeNames[wanted]}${hint}`,
    operand.from,
  );
}

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** What Prometheus would find wrong only when it evaluates the rule. */
function checkLabelFunction(name: string, given: readonly Operand[]): void {
  if (name === 'label_replace') {
    const [, , , , regex] = given;
    if (regex?.text !== undefined) anchoredRegex(regex.text, regex.from);
  }
  const labels =
    name === 'label_replace' ? [given[1]] : name === 'label_join' ? [given[1], ...given.slice(3)] : [];
  for (const label of labels) expectLabel(label, `${name}()`);
}

function expectLabel(operand: Operand | undefined, taker: string): void {
  if (operand?.text !== undefined && !LABEL.test(operand.text)) {
    throw new QueryError(
      `gives ${taker} '${operand.text.slice(0, 40)}', which is no label's name`,
      operand.from,
    );
  }
}

/** Checks an aggregation. */
export function checkAggregation(
  node: SyntaxNode,
  query: QueryText,
  checkArguments: CheckArguments,
): Operand {
  const parts = childrenOf(node);
  const operator = parts.find((part) => part.name === 'AggregateOp');
  const body = parts.find((part) => part.name === 'FunctionCallBody');
  if (operator === undefined || body === undefined) {
    throw new QueryError('has an aggregation that cannot be read', node.from);
  }
  const name = textOf(query, operator).toLowerCase();
  if (!aggregations.has(name)) throw new QueryError(unknownFunction(name), operator.from);
  for (const modifier of parts.filter((part) => part.name === 'AggregateModifier')) {
    const labels = childrenOf(modifier).find((part) => part.name === 'GroupingLabels');
    if (labels !== undefined) readLabels(labels, query);
  }
  const parameter = aggregations.get(name);
  const given = checkArguments(body);
  const wanted = parameter === undefined ? 1 : 2;
  if (given.length !== wanted) {
    throw new QueryError(`gives ${name} ${given.length} arguments; it takes ${wanted}`, node.from);
  }
  const [first, last = first] = given;
  if (last !== undefined) expectType(last, 'instant vector', name);
  if (parameter !== undefined && first !== undefined) {
    expectType(first, parameter, name);
    if (parameter === 'string') expectLabel(first, name);
  }
  return plainOperand('instant vector', node.from);
}
