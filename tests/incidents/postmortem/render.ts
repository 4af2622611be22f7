/** What a reader sees of a Markdown document, as far as post-mortems use it. */
export interface Rendered {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly items: readonly string[];
}

/**
 * Reads Markdown line by line by the rules of CommonMark and GitHub Flavored Markdown. Fails on what post-mortems must
 * not have: HTML other than comments, links, images, unclosed markup.
 */
export function rendered(markdown: string): Rendered {
  const headings: string[] = [];
  const rows: string[][] = [];
  const items: string[] = [];
  for (const line of markdown.replace(/<!-- breakwater:[\s\S]*$/, '').split('\n')) {
    const heading = /^#{1,6} (.*)$/.exec(line)?.[1];
    const item = /^- (?:\[[ x]\] )?(.*)$/.exec(line)?.[1];
    if (heading !== undefined) headings.push(textOf(heading));
    else if (item !== undefined) items.push(blockText(item));
    else if (line.startsWith('|')) {
      const cells = line.slice(1, -1).split(/(?<!(?<!\\)(?:\\\\)*\\)\|/);
      rows.push(cells.map((cell) => textOf(cell.trim())));
    } else if (line !== '') blockText(line);
  }
  return { headings, rows: rows.filter((cells) => cells.some((cell) => !/^-*$/.test(cell))), items };
}

/** The text of a line that must begin no other block. */
export function blockText(line: string): string {
  if (/^(?:#{1,6}(?:\s|$)|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|>|```|~~~|={1,}$|-{1,}$|<)/.test(line)) {
    throw new Error(`begins another block: ${line}`);
  }
  return textOf(line);
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', '#64': '@' };

/** The text of inline Markdown: escapes, entities, code spans, our own emphasis and comments; anything else fails. */
export function textOf(inline: string): string {
  let text = '';
  let rest = inline
    .replace(/_([^_]*)_ <!-- blank: [A-Za-z0-9-]+ -->/g, '$1')
    .replace(/\*\*([^*]*)\*\*/g, '$1');
  while (rest !== '') {
    const escaped = /^\\([!-/:-@[-`{-~])/.exec(rest);
    const entity = /^&([a-z]+|#\d+);/.exec(rest);
    const code = /^`([A-Za-z0-9._%+@/-]+)`(?!`)/.exec(rest);
    if (escaped !== null) text += escaped[1] ?? '';
    else if (entity !== null) text += entities[entity[1] ?? ''] ?? `[unknown entity ${entity[0]}]`;
    else if (code !== null) text += code[1] ?? '';
    else {
      const before = text.at(-1) ?? '';
      if (/^[`*[\]|<>~$@]/.test(rest)) throw new Error(`markup: ${rest}`);
      if (/^_/.test(rest) && !(/[A-Za-z0-9]/.test(before) && /^_[A-Za-z0-9]/.test(rest)))
        throw new Error(`emphasis: ${rest}`);
      if (/^:\/\//.test(rest) || (/^www\./i.test(rest) && !/[A-Za-z0-9]/.test(before)))
        throw new Error(`autolink: ${rest}`);
      text += rest[0] ?? '';
      rest = rest.slice(1);
      continue;
    }
    rest = rest.slice((escaped ?? entity ?? code)?.[0].length ?? 1);
  }
  return text;
}
