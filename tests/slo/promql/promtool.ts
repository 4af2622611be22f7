import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { burnWindowNames } from '../../../src/slo/windows.ts';
import { promtool } from '../../prometheus/support.ts';

const windows = [...burnWindowNames, '30d'];
const PLACEHOLDER = /\{\{[ \t]*\.window[ \t]*\}\}/g;

/** What `promtool check rules` says against queries, each the rule of a file, over one window or another. */
export async function refusedByPromtool(queries: readonly string[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'breakwater-promql-'));
  try {
    const rules = queries.map((query, at) => {
      const expr = query.replace(PLACEHOLDER, windows[at % windows.length] ?? '5m');
      return `  - record: query\n    labels: { at: '${at}' }\n    expr: ${JSON.stringify(expr)}\n`;
    });
    const file = join(directory, 'rules.yaml');
    await writeFile(file, `groups:\n- name: queries\n  rules:\n${rules.join('')}`);
    const { status, stdout, stderr } = await promtool(['check', 'rules', file]);
    if (status === 0) return [];
    const refusals = Array.from(
      `${stdout}${stderr}`.matchAll(/rule (\d+), "query": (.*)/g),
      ([, rule, why]) => {
        return `${queries[Number(rule) - 1]} => ${why}`;
      },
    );
    return refusals.length > 0 ? refusals : [`${stdout}${stderr}`];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
