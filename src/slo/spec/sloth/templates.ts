import { literal } from '../../rules/text.ts';
import { WINDOW_PLACEHOLDER } from '../model.ts';

/*
 * Queries, and labels and annotations of alerts, are templates of Go. What would begin an action in a text is printed
 * by one.
 */

const PRINTED_BRACES = /\{\{"(\{+)"\}\}/g;

/** A text as a template that gives it. */
export const textTemplate = literal;

/** A query as a template, in which the window is a variable. */
export function queryTemplate(query: string): string {
  return query.split(WINDOW_PLACEHOLDER).map(literal).join(WINDOW_PLACEHOLDER);
}

/** What a template gives that prints nothing but braces. Other actions stay. */
export function templateText(template: string): string {
  return template.replace(PRINTED_BRACES, '$1');
}

/** Whether a template has actions other than those that print braces. */
export function hasActions(template: string): boolean {
  return template.replace(PRINTED_BRACES, '').includes('{{');
}
