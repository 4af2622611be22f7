/** Whitespace, comments and opening parentheses before a statement's first word. */
const LEADING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()+/;

const READING = /^(?:select|with|table|values)\b/i;

/** Words of statements and functions that do something; one of them anywhere, and a text is taken to write. */
const DOING =
  /\b(?:insert|update|delete|merge|into|truncate|lock|call|copy|nextval|setval|share|set_config|pg_notify|pg_terminate_backend|pg_cancel_backend|dblink\w*|lo_\w+|pg_\w*advisory\w*)\b/i;

/** Statements that can commit on their way. */
const PROCEDURAL = /^(?:call|do)\b/i;

/** A semicolon with something behind it. */
const SEVERAL = /;\s*\S/;

/**
 * Whether a text looks as if it only reads, by a rule that errs on the side of no: it begins with `select`, `with`,
 * `table` or `values` and has none of the words of writing in it, not even as a name or in a literal.
 */
export function looksReading(text: string): boolean {
  return READING.test(text.replace(LEADING, '')) && !DOING.test(text) && !SEVERAL.test(text);
}

/** Whether a part of the text may have been committed when another part fails: several statements, or a procedure. */
export function mayCommitInParts(text: string): boolean {
  return SEVERAL.test(text) || PROCEDURAL.test(text.replace(LEADING, ''));
}

/** The text of what `query` was given. */
export function textOf(config: unknown): string {
  const text: unknown = typeof config === 'object' && config !== null ? Reflect.get(config, 'text') : config;
  return typeof text === 'string' ? text : '';
}
