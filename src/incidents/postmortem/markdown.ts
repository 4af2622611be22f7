/** Characters that end a line, move the cursor or turn the direction of what follows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const SPACE = /[\u0000-\u0020\u007f-\u009f\u2028\u2029]+/g;
const UNSEEN = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/** Mail addresses and mentions, of characters that need no escape in a code span; neighbours share one. */
const MENTION = /(?<![A-Za-z0-9._%+-])(?:[A-Za-z0-9._%+-]*@[A-Za-z0-9][A-Za-z0-9_./-]*)+/g;

/**
 * Text from outside, for one line of Markdown: a paragraph, a list item, a table cell. Whoever renders it as
 * CommonMark 0.31 or GitHub Flavored Markdown sees the text as it was, on one line: no markup, no HTML, no link, no
 * image. What would notify somebody (`@name`) stands in a code span, since that is the only escape all hosts honour.
 * What turns the direction of writing, and half characters, become U+FFFD.
 */
export function escapeMarkdown(text: string): string {
  const line = text.replace(SPACE, ' ').trim().replace(UNSEEN, '\ufffd');
  let escaped = '';
  let from = 0;
  for (const mention of line.matchAll(MENTION)) {
    escaped += `${escapeInline(line.slice(from, mention.index))}\`${mention[0]}\``;
    from = mention.index + mention[0].length;
  }
  return escapeStart(escaped + escapeInline(line.slice(from)));
}

function escapeInline(text: string): string {
  return (
    text
      .replace(/[\\`*[\]|~$]/g, '\\$&')
      // Between letters or digits it is no markup, and names with it stay readable.
      .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
      .replace(/&(?=[#A-Za-z])/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/:(?=\/\/)/g, '\\:')
      .replace(/(?<![A-Za-z0-9])(www)(?=\.)/gi, '$1\\')
      .replace(/\b(mailto|xmpp)(?=:)/gi, '$1\\')
      .replace(/@/g, '&#64;')
  );
}

/** What makes a heading, a list, a quote or a rule of the line that begins with it. */
function escapeStart(text: string): string {
  return text.replace(/^[#+=-]/, '\\$&').replace(/^(\d{1,9})([.)])/, '$1\\$2');
}

/** A table of GitHub Flavored Markdown. Cells are Markdown already. Not aligned, so that a new row changes no other. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** List items, which are Markdown already. */
export function list(items: readonly string[]): string[] {
  return items.map((item) => `- ${item}`);
}

/** A check box, as an item of a list. */
export function checkBox(done: boolean, text: string): string {
  return `- [${done ? 'x' : ' '}] ${text}`;
}

/** Blocks with an empty line between them; empty ones are left out. */
export function blocks(...parts: readonly (readonly string[])[]): string[] {
  return parts
    .filter((part) => part.length > 0)
    .flatMap((part, index) => (index === 0 ? part : ['', ...part]));
}

/**
 * Where people must write: an invisible marker that `lintPostmortem` finds, after words that say what is asked for.
 * The marker comes last, since a line that begins with it would be HTML as a whole.
 */
export function blankMark(id: string, shown: string): string {
  return `_${shown}_ <!-- blank: ${id} -->`;
}
