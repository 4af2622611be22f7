import type { SyntaxNode, Tree } from '@lezer/common';
import { WINDOW_PLACEHOLDER } from '../spec/model.ts';
import { unknownFunction } from './calls.ts';
import { checkExpression } from './expressions.ts';
import type { ValueType } from './functions.ts';
import { checkDuration, isClosed } from './literals.ts';
import { typeNames } from './operand.ts';
import { fillPlaceholders, foreignPlaceholder, type Placeholder, plainPlaceholders } from './placeholder.ts';
import { QueryError, type QueryProblem } from './problem.ts';
import { type QueryText, treeOf } from './tree.ts';

export type { QueryProblem } from './problem.ts';

const MAX_LENGTH = 5000;

/**
 * Checks a query that a user wrote, with `{{.window}}` where a range goes, as in `sum(rate(errors_total[{{.window}}]))`.
 * It must give an instant vector or a scalar.
 *
 * What it accepts, Prometheus from 2.42 on accepts. It refuses some of what Prometheus would take: what only later
 * versions know, what would fail when it is evaluated, and a few things that nobody means, such as a metric with the
 * name of a keyword.
 *
 * @returns the first problem, or `undefined`
 */
export function checkQuery(query: string): QueryProblem | undefined {
  const checked = inspect(query);
  return checked.problem;
}

/** What kind of value a query gives that `checkQuery` accepts; `undefined` for others. */
export function queryType(query: string): 'scalar' | 'instant vector' | undefined {
  const { type } = inspect(query);
  return type === 'scalar' || type === 'instant vector' ? type : undefined;
}

/**
 * A query that `checkQuery` accepts as it goes into rules: without comments, which would hide what is put behind it,
 * without space around it, and with the placeholder spelt as `{{.window}}`.
 */
export function normalQuery(query: string): string {
  const { text } = fillPlaceholders(query);
  let plain = '';
  let from = 0;
  treeOf(text)?.iterate({
    enter: (node) => {
      if (node.name !== 'LineComment') return;
      plain += query.slice(from, node.from).replace(/[ \t]+$/, '');
      from = node.to;
    },
  });
  return plainPlaceholders(plain + query.slice(from)).trim();
}

interface Inspected {
  readonly problem?: QueryProblem;
  readonly type?: ValueType;
}

function inspect(query: string): Inspected {
  try {
    return { type: typeOf(query) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return { problem: { message: error.message, offset: error.offset } };
  }
}

function typeOf(query: string): ValueType {
  if (query.length > MAX_LENGTH) throw new QueryError(`is longer than ${MAX_LENGTH} characters`, MAX_LENGTH);
  if (query.trim() === '') throw new QueryError('is empty', 0);
  const { text, placeholders } = fillPlaceholders(query);
  const tree = treeOf(text);
  if (tree === undefined) throw new QueryError('nests too deeply', 0);
  checkCharacters(text, tree);
  checkSyntax(query, text, tree);
  for (const { from, to } of placeholders) {
    if (/[\w.]/.test(text.charAt(from - 1) + text.charAt(to))) throw misplaced(from);
  }
  const durations = new Set<string>();
  const onDuration = (from: number, to: number) => durations.add(`${from} ${to}`);
  const root = firstExpression(tree);
  if (root === undefined) throw new QueryError('is empty', 0);
  const type = typeAround(root, { text, onDuration }, placeholders);
  if (type !== 'scalar' && type !== 'instant vector') {
    throw new QueryError(`gives ${typeNames[type]}; it must give an instant vector or a scalar`, 0);
  }
  checkPlaceholders(placeholders, tree, durations);
  return type;
}

/** The type of an expression. A placeholder that is wrong where it stands is called by its own name. */
function typeAround(root: SyntaxNode, query: QueryText, placeholders: readonly Placeholder[]): ValueType {
  try {
    return checkExpression(root, query).type;
  } catch (error) {
    const culprit =
      error instanceof QueryError ? placeholders.find(({ from }) => from === error.offset) : undefined;
    throw culprit === undefined ? error : misplaced(culprit.from);
  }
}

function misplaced(offset: number): QueryError {
  return new QueryError(
    `has ${WINDOW_PLACEHOLDER} where it is no duration of its own, as in [${WINDOW_PLACEHOLDER}]`,
    offset,
  );
}

function firstExpression(tree: Tree): SyntaxNode | undefined {
  for (let node = tree.topNode.firstChild; node !== null; node = node.nextSibling) {
    if (node.name !== 'LineComment') return node;
  }
  return undefined;
}

/** Refuses a part that the grammar does not know. */
function checkSyntax(query: string, text: string, tree: Tree): void {
  let offset: number | undefined;
  tree.iterate({
    enter: (node) => {
      const isWrong =
        node.type.isError || (node.name === 'StringLiteral' && !isClosed(text.slice(node.from, node.to)));
      if (isWrong) offset = Math.min(offset ?? node.from, node.from);
    },
  });
  if (offset === undefined) return;
  if (/["'`]/.test(text.charAt(offset))) {
    throw new QueryError(`has a string without its closing ${text.charAt(offset)}`, offset);
  }
  const foreign = foreignPlaceholder(text);
  if (foreign !== undefined) throw new QueryError(foreign.message, foreign.offset);
  const call = /([A-Za-z_][A-Za-z0-9_:]*)\s*$/.exec(text.slice(0, offset));
  if (call?.[1] !== undefined && text.charAt(offset) === '(') {
    throw new QueryError(unknownFunction(call[1]), call.index);
  }
  const rest = query.slice(offset).trimStart();
  throw new QueryError(
    rest === '' ? 'ends too early' : `cannot be read as PromQL at '${shortened(rest)}'`,
    offset,
  );
}

function shortened(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}...` : text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNUSABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\p{Surrogate}]/u;
const PLAIN = /^[\t\n\x20-\x7e]*$/;

/** Refuses characters that Prometheus or its YAML does not read, and words that run into numbers. */
function checkCharacters(text: string, tree: Tree): void {
  const unusable = text.search(UNUSABLE);
  if (unusable !== -1) throw new QueryError('has a control character, or half of one character', unusable);
  tree.iterate({
    enter: ({ name, from, to }) => {
      const isNumber = name === 'NumberDurationLiteral' || name === 'NumberDurationLiteralInDurationContext';
      if (isNumber && /[A-Za-z0-9_]/.test(text.charAt(to))) {
        const word = /^[A-Za-z0-9_]+/.exec(text.slice(from))?.[0] ?? '';
        if (/^[0-9]+[a-z]+[0-9]/.test(word)) checkDuration(word, from);
        throw new QueryError(`has '${shortened(word)}', where a space is missing`, from);
      }
    },
  });
  if (PLAIN.test(text)) return;
  const outside = textOutside(text, tree).search(/[^\t\n\x20-\x7e]/);
  if (outside !== -1) {
    throw new QueryError(`has '${text.charAt(outside)}' outside of a string`, outside);
  }
}

/** The text with spaces for strings and comments. */
function textOutside(text: string, tree: Tree): string {
  let outside = '';
  let at = 0;
  tree.iterate({
    enter: ({ name, from, to }) => {
      if (name !== 'StringLiteral' && name !== 'LineComment') return;
      outside += text.slice(at, from) + ' '.repeat(to - from);
      at = to;
    },
  });
  return outside + text.slice(at);
}

/** Each placeholder must be a duration, one of them at least. */
function checkPlaceholders(
  placeholders: readonly Placeholder[],
  tree: Tree,
  durations: ReadonlySet<string>,
): void {
  let used = 0;
  for (const { from, to } of placeholders) {
    if (durations.has(`${from} ${to}`)) used++;
    else if (tree.resolveInner(from, 1).name !== 'LineComment') throw misplaced(from);
  }
  if (used === 0) {
    throw new QueryError(
      `has no ${WINDOW_PLACEHOLDER}; write it for the range, as in rate(requests_total[${WINDOW_PLACEHOLDER}])`,
      0,
    );
  }
}
