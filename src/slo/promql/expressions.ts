import type { SyntaxNode } from '@lezer/common';
import { checkAggregation, checkCall } from './calls.ts';
import { parseNumber, unquote } from './literals.ts';
import { suffixNodes, withSuffix } from './modifiers.ts';
import { type Operand, plainOperand, typeNames } from './operand.ts';
import { type BinaryOperator, precedences, readOperator, SIGN_PRECEDENCE, withBinary } from './operators.ts';
import { QueryError } from './problem.ts';
import { checkSelector } from './selectors.ts';
import { childrenOf, type QueryText, textOf } from './tree.ts';

const MAX_DEPTH = 100;

/*
 * The grammar for editors gives `a / b offset 5m` as an offset of the quotient, where Prometheus offsets `b`. So the
 * tree is taken apart into its signs, operands, suffixes and operators, as they follow each other in the text, and put
 * together again by Prometheus' precedences.
 */

type Part =
  | { readonly kind: 'sign'; readonly node: SyntaxNode }
  | { readonly kind: 'operand'; readonly node: SyntaxNode }
  | { readonly kind: 'suffix'; readonly node: SyntaxNode }
  | { readonly kind: 'operator'; readonly operator: BinaryOperator };

/** Checks an expression, down to its leaves. */
export function checkExpression(node: SyntaxNode, query: QueryText, depth = 0): Operand {
  if (depth > MAX_DEPTH) throw new QueryError(`nests deeper than ${MAX_DEPTH} levels`, node.from);
  return new Assembly(
    partsOf(node, query),
    (leaf) => checkLeaf(leaf, query, depth),
    query,
    node.from,
  ).whole();
}

/** The parts in the order of the text. Without recursion, as a chain of operators may be long. */
function partsOf(root: SyntaxNode, query: QueryText): Part[] {
  const parts: Part[] = [];
  const open: (SyntaxNode | Part)[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if ('kind' in next) parts.push(next);
    else open.push(...openUp(next, query).reverse());
  }
  return parts;
}

function openUp(node: SyntaxNode, query: QueryText): (SyntaxNode | Part)[] {
  const children = childrenOf(node);
  const [first] = children;
  const last = children.at(-1);
  if (first !== undefined && last !== undefined) {
    if (node.name === 'BinaryExpr') {
      return [first, { kind: 'operator', operator: readOperator(children.slice(1, -1), query) }, last];
    }
    if (node.name === 'UnaryExpr') return [{ kind: 'sign', node: first }, last];
    if (suffixNodes.has(node.name)) return [first, { kind: 'suffix', node }];
  }
  return [{ kind: 'operand', node }];
}

/** Puts parts together by precedence climbing. */
class Assembly {
  readonly #parts: readonly Part[];
  readonly #checkLeaf: (node: SyntaxNode) => Operand;
  readonly #query: QueryText;
  readonly #from: number;
  #at = 0;

  constructor(
    parts: readonly Part[],
    checkLeaf: (node: SyntaxNode) => Operand,
    query: QueryText,
    from: number,
  ) {
    this.#parts = parts;
    this.#checkLeaf = checkLeaf;
    this.#query = query;
    this.#from = from;
  }

  whole(): Operand {
    return this.#binary(0, 0);
  }

  #binary(lowest: number, depth: number): Operand {
    if (depth > MAX_DEPTH) throw new QueryError(`nests deeper than ${MAX_DEPTH} levels`, this.#from);
    let left = this.#signed(depth);
    for (let part = this.#parts[this.#at]; part?.kind === 'operator'; part = this.#parts[this.#at]) {
      const precedence = precedences.get(part.operator.name) ?? 0;
      if (precedence < lowest) break;
      this.#at++;
      const right = this.#binary(part.operator.name === '^' ? precedence : precedence + 1, depth + 1);
      left = withBinary(part.operator, left, right);
    }
    return left;
  }

  #signed(depth: number): Operand {
    const part = this.#parts[this.#at++];
    if (part?.kind === 'sign') {
      const operand = this.#binary(SIGN_PRECEDENCE + 1, depth + 1);
      if (operand.type !== 'scalar' && operand.type !== 'instant vector') {
        throw new QueryError(`has a sign before ${typeNames[operand.type]}`, part.node.from);
      }
      return plainOperand(operand.type, part.node.from);
    }
    if (part?.kind !== 'operand') throw new QueryError('cannot be read', this.#from);
    let operand = this.#checkLeaf(part.node);
    for (let next = this.#parts[this.#at]; next?.kind === 'suffix'; next = this.#parts[this.#at]) {
      this.#at++;
      operand = withSuffix(operand, next.node, this.#query);
    }
    return operand;
  }
}

function checkLeaf(node: SyntaxNode, query: QueryText, depth: number): Operand {
  const within = (inner: SyntaxNode) => checkExpression(inner, query, depth + 1);
  switch (node.name) {
    case 'NumberDurationLiteral': {
      const literal = textOf(query, node);
      parseNumber(literal.replace(/^[-+]\s*/, ''), node.from);
      return plainOperand('scalar', node.from);
    }
    case 'StringLiteral':
      return plainOperand('string', node.from, unquote(textOf(query, node), node.from));
    case 'VectorSelector':
      return checkSelector(node, query);
    case 'ParenExpr': {
      const [inner] = childrenOf(node);
      if (inner === undefined) throw new QueryError('has empty brackets', node.from);
      const { type, text } = within(inner);
      return plainOperand(type, node.from, text);
    }
    case 'FunctionCall':
      return checkCall(node, query, (body) => childrenOf(body).map(within));
    case 'AggregateExpr':
      return checkAggregation(node, query, (body) => childrenOf(body).map(within));
    default:
      throw new QueryError('has what is newer than Prometheus 2.42', node.from);
  }
}
