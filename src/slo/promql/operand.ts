import type { ValueType } from './functions.ts';

/** A part of a query that has been checked. */
export interface Operand {
  readonly type: ValueType;
  /** What it is made of, where modifiers and ranges depend on it. */
  readonly form: 'selector' | 'range selector' | 'subquery' | 'other';
  readonly hasOffset: boolean;
  readonly hasTimestamp: boolean;
  /** What a string literal stands for. */
  readonly text?: string | undefined;
  /** Where it begins in the query. */
  readonly from: number;
}

/** An operand that no modifier can follow. */
export function plainOperand(type: ValueType, from: number, text?: string): Operand {
  return { type, form: 'other', hasOffset: false, hasTimestamp: false, text, from };
}

/** How messages name a type. */
export const typeNames: Readonly<Record<ValueType, string>> = {
  scalar: 'a scalar',
  'instant vector': 'an instant vector',
  'range vector': 'a range vector',
  string: 'a string',
};
