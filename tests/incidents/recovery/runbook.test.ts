import { expect, test } from 'vitest';
import { runbookSchema } from '../../../src/incidents/recovery/runbook.ts';
import { isBreakwaterError } from '../../../src/index.ts';
import { testHub } from '../../support.ts';

const step = { text: 'Fail over', command: 'pg_ctl promote', check: 'Queries succeed' };

test('a policy takes a runbook, with its defaults', () => {
  expect(
    runbookSchema.parse({ title: 'Database down', url: 'https://runbooks.example.com/db', steps: [step] }),
  ).toEqual({
    title: 'Database down',
    url: 'https://runbooks.example.com/db',
    steps: [{ ...step, twoPeople: false }],
  });
  expect(() =>
    testHub().policy('database', { runbook: { title: 'Database down', steps: [step] } }),
  ).not.toThrow();
});

test('all that is wrong with one is named by its path', () => {
  const runbook = {
    title: '',
    url: 'javascript:alert(1)',
    steps: [
      { text: 'x'.repeat(501), check: ' ', link: 'https://ana:secret@example.com' },
      { text: 'No check' },
    ],
  };
  let thrown: unknown;
  try {
    // @ts-expect-error a step without a check
    testHub().policy('database', { runbook });
  } catch (error) {
    thrown = error;
  }
  if (!isBreakwaterError(thrown, 'INVALID_OPTIONS')) throw new Error('it was to be refused');
  expect(thrown.problems.map(({ path }) => path)).toEqual([
    'runbook.title',
    'runbook.url',
    'runbook.steps[0].text',
    'runbook.steps[0].link',
    'runbook.steps[0].check',
    'runbook.steps[1].check',
  ]);
});
