import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './environment.ts';
import { published, type SubjectResult } from './result.ts';
import { asMarkdown } from './table.ts';

const BEGIN = '<!-- results: written by `npm run bench -- --write` -->';
const END = '<!-- end of results -->';

/** A committed result. */
export interface Committed {
  readonly environment: Environment;
  readonly result: Omit<SubjectResult, 'files'>;
}

/** Committed results by subject. */
export type CommittedResults = Readonly<Record<string, Committed>>;

/** Puts new results among the committed ones, and renders the section of the README anew. */
export function commitResults(
  folder: string,
  results: readonly SubjectResult[],
  environments: ReadonlyMap<string, Environment>,
  order: readonly string[],
): void {
  const resultsFolder = join(folder, 'results');
  mkdirSync(resultsFolder, { recursive: true });
  const committed: Record<string, Committed> = { ...readResults(resultsFolder) };
  for (const result of results) {
    const environment = environments.get(result.subject);
    if (environment !== undefined) committed[result.subject] = { environment, result: published(result) };
    for (const [name, text] of Object.entries(result.files ?? {}))
      writeFileSync(join(resultsFolder, name), text);
  }
  writeFileSync(join(resultsFolder, 'results.json'), `${JSON.stringify(committed, undefined, 2)}\n`);
  const readme = join(folder, 'README.md');
  writeFileSync(readme, withResults(readFileSync(readme, 'utf8'), committed, order));
}

/** `readme` with the section of results rendered from `committed`. */
export function withResults(readme: string, committed: CommittedResults, order: readonly string[]): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('The README has no place for results');
  const sections = order.flatMap((subject) => {
    const entry = committed[subject];
    return entry === undefined ? [] : [asMarkdown(entry.result), provenance(entry.environment)];
  });
  return `${readme.slice(0, begin)}${[BEGIN, ...sections, readme.slice(end)].join('\n\n')}`;
}

function provenance({ machine, node, packages, date, command }: Environment): string {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\`, ${date}: ${machine}, Node ${node}, ${versions.join(', ')}.`;
}

function readResults(folder: string): CommittedResults {
  try {
    return JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
  } catch {
    return {};
  }
}
