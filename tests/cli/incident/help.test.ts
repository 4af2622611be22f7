import { expect, it } from 'vitest';
import { breakwater } from '../support.ts';

const groups: Readonly<Record<string, readonly string[]>> = {
  data: ['needed', 'repaired'],
  decision: ['ask', 'made'],
  hypothesis: ['add', 'evidence', 'confirm', 'rule-out', 'reopen'],
  action: ['add', 'assign', 'done', 'checked', 'drop', 'reopen'],
};

const commands = [
  ...['list', 'show', 'declare', 'ack', 'note', 'update', 'check', 'mitigated', 'resolve', 'close', 'reopen'],
  ...['assign', 'contacted', 'war-room', 'severity', 'affected', 'observe', 'reproduce', 'recovery'],
  ...['runbook', 'try', 'outcome', 'actions', 'learned', 'why', 'postmortem', 'lint', 'search', 'explain'],
];

const help = async (args: readonly string[]) => (await breakwater(['incident', ...args, '--help'])).out;

/** What is no example has at most 80 characters a line. */
function expectToFit(text: string): void {
  const [prose = ''] = text.split(/^Examples?:$/m);
  expect(prose.split('\n').filter((line) => line.length > 80)).toEqual([]);
}

it('has every command in a group, the daily ones first, one line each', async () => {
  const text = await help([]);
  expectToFit(text);
  expect(text.indexOf('Every day:')).toBeLessThan(text.indexOf('Afterwards:'));
  for (const name of [...commands, ...Object.keys(groups)]) {
    expect(text).toMatch(new RegExp(`^ {2}${name} {2,}\\S.*\\.$`, 'm'));
  }
  expect(text).not.toMatch(/^Commands:/m);
});

it.each(commands)('shows how to use %s', async (name) => {
  const text = await help([name]);
  expect(text).toContain(`Usage: breakwater incident ${name} [options]`);
  expect(text).toMatch(new RegExp(`^Examples?:\\n {2}breakwater incident ${name}`, 'm'));
  expectToFit(text);
});

it.each(Object.entries(groups))('shows how to use %s', async (group, names) => {
  expectToFit(await help([group]));
  for (const name of names) {
    const text = await help([group, name]);
    expect(text).toContain(`Usage: breakwater incident ${group} ${name} [options] [INC] <`);
    expect(text).toMatch(new RegExp(`^Examples?:\\n {2}breakwater incident ${group} ${name}`, 'm'));
    expectToFit(text);
  }
});
