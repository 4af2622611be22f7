import { WINDOW_PLACEHOLDER } from '../spec/model.ts';

/** The placeholder, with sloth's freedom to put spaces into it. */
const PLACEHOLDER = /\{\{[ \t]*\.window[ \t]*\}\}/g;

/** Where a placeholder stands in a query. */
export interface Placeholder {
  readonly from: number;
  readonly to: number;
}

/** The query with durations of the same length in the place of its placeholders, and where they are. */
export function fillPlaceholders(query: string): { text: string; placeholders: Placeholder[] } {
  const placeholders: Placeholder[] = [];
  const text = query.replace(PLACEHOLDER, (match, from: number) => {
    placeholders.push({ from, to: from + match.length });
    return '5m'.padStart(match.length, '0');
  });
  return { text, placeholders };
}

/** A query with its placeholders written as `{{.window}}`. */
export function plainPlaceholders(query: string): string {
  return query.replace(PLACEHOLDER, WINDOW_PLACEHOLDER);
}

/** What looks like a placeholder of another tool, and what it is. */
export function foreignPlaceholder(query: string): { message: string; offset: number } | undefined {
  const match = /\{\{[^}]*\}\}|\$\{?[A-Za-z_]\w*\}?/.exec(query);
  if (match === null) return undefined;
  return {
    message: `has '${match[0].slice(0, 40)}'; the only placeholder is ${WINDOW_PLACEHOLDER}`,
    offset: match.index,
  };
}
