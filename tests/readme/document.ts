/** One code block of the README that the tests compile and run. */
export interface Snippet {
  /** From the comment `<!-- snippet: name -->` above it. */
  readonly name: string;
  readonly code: string;
  /** What it prints, where the README says so in a text block after `<!-- output -->`. */
  readonly output: string | undefined;
}

const SNIPPET =
  /<!-- snippet: (?<name>[\w-]+) -->\n```ts\n(?<code>[\s\S]*?)```\n(?:\n<!-- output -->\n```text\n(?<output>[\s\S]*?)```\n)?/g;

export function snippetsOf(markdown: string): Snippet[] {
  return [...markdown.matchAll(SNIPPET)].map(({ groups = {} }) => ({
    name: groups.name ?? '',
    code: groups.code ?? '',
    output: groups.output,
  }));
}

/** How many blocks there are that should be snippets. */
export function countTypeScriptBlocks(markdown: string): number {
  return [...markdown.matchAll(/^```(ts|typescript|js|javascript)\b/gm)].length;
}

/** The rows of the table under a heading, each as its cells, without the head. */
export function tableUnder(heading: string, markdown: string): string[][] {
  const chapter = markdown.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = chapter.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}
