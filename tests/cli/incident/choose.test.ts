import { describe, expect, it } from 'vitest';
import { chooseIncident, looksLikeId } from '../../../src/cli/commands/incident/choose.ts';
import { CommandFailure } from '../../../src/cli/context.ts';
import type { IncidentStatus } from '../../../src/incidents/incident/status.ts';
import { sampleIncident } from '../../incidents/sample.ts';

const incident = (id: string, status: IncidentStatus = 'declared') => sampleIncident({ id, status });
const database = incident('INC-20260204-001-9f3a01bc');
const search = incident('INC-20260204-002-77aa0000');
const tomorrow = incident('INC-20260205-001-9f3a01bc');

function failure(run: () => unknown): CommandFailure {
  try {
    run();
  } catch (error) {
    if (error instanceof CommandFailure) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

describe('an incident that is named', () => {
  it.each([['INC-20260204-002-77aa0000'], ['inc-20260204-002-77AA0000'], ['002-77aa'], ['77aa'], [' 002 ']])(
    'may be given as %j',
    (reference) => {
      expect(chooseIncident([database, search], reference)).toBe(search);
    },
  );

  it('is not guessed where several are meant', () => {
    const { message, exitCode } = failure(() => chooseIncident([database, search, tomorrow], '001-9f3a'));
    expect(exitCode).toBe(2);
    expect(message).toContain("'001-9f3a' may be any of 2 incidents");
    expect(message).toContain(database.id);
    expect(message).toContain(tomorrow.id);
    expect(message).not.toContain(search.id);
  });

  it.each([['03a0'], ['1bc'], ['04-001'], ['9f'], ['1'], ['-'], ['']])(
    'is not meant by %j, which is short or begins none of its parts',
    (reference) => {
      expect(failure(() => chooseIncident([database], reference)).exitCode).toBe(1);
    },
  );

  it('says how long a part of an id must be', () => {
    expect(failure(() => chooseIncident([database], '9f')).message).toContain('3 characters or more');
  });

  it('is an open one first for what writes, and guessed among none', () => {
    const closed = incident('INC-20260101-001-bbbbbbbb', 'closed');
    const resolved = incident('INC-20260102-001-aaaaaaaa', 'resolved');
    const all = [closed, resolved, database];
    expect(chooseIncident(all, '001', 'open', 'write')).toBe(database);
    expect(failure(() => chooseIncident(all, '001')).exitCode).toBe(2);
    expect(failure(() => chooseIncident([...all, tomorrow], '001', 'open', 'write')).exitCode).toBe(2);
    expect(chooseIncident([closed, resolved], '001', 'open', 'write')).toBe(resolved);
    expect(chooseIncident([closed, search], '001', 'open', 'write')).toBe(closed);
    // What comes after the trouble may mean either.
    expect(failure(() => chooseIncident(all, '001', 'resolved', 'write')).exitCode).toBe(2);
    expect(chooseIncident([closed, resolved, search], '001', 'resolved', 'write')).toBe(resolved);
    expect(chooseIncident(all, closed.id, 'open', 'write')).toBe(closed);
  });

  it('is whole before it is a part', () => {
    const longer = incident(`${database.id}0`);
    expect(chooseIncident([longer, database], database.id)).toBe(database);
  });

  it('may be named by its policy where only one that is open is of it', () => {
    const other = sampleIncident({ id: search.id, policy: 'search' });
    const over = incident('INC-20260101-001-bbbbbbbb', 'resolved');
    const closed = incident('INC-20260101-002-cccccccc', 'closed');
    expect(chooseIncident([over, closed, database, other], 'database')).toBe(database);
    expect(chooseIncident([over, other], 'database', 'resolved', 'write')).toBe(over);
    expect(failure(() => chooseIncident([database, tomorrow, other], 'database'))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(tomorrow.id),
    });
    for (const unknown of ['data', 'Database']) {
      expect(failure(() => chooseIncident([database, other], unknown)).exitCode).toBe(1);
    }
    expect(failure(() => chooseIncident([closed], 'database')).exitCode).toBe(1);
  });

  it.each([['001-9f3b'], ['INC-20260204-001-9f3a01bd'], ['20260204-001-9f4a']])(
    'is suggested for %j',
    (reference) => {
      const { message, exitCode } = failure(() => chooseIncident([database, search], reference));
      expect(exitCode).toBe(1);
      expect(message).toContain(`did you mean ${database.id}?`);
    },
  );

  it('is listed where nothing is like it', () => {
    const { message, exitCode } = failure(() => chooseIncident([database], 'zzzzzzzzzzzz'));
    expect(exitCode).toBe(1);
    expect(message).toContain('incident list --all');
  });
});

describe('an incident that is not named', () => {
  const resolved = incident('INC-20260201-001-aaaaaaaa', 'resolved');
  const closed = incident('INC-20260101-001-bbbbbbbb', 'closed');

  it('is the only open one', () => {
    expect(chooseIncident([closed, resolved, search], undefined)).toBe(search);
  });

  it('is the only one that waits to be closed where none is open', () => {
    expect(chooseIncident([closed, resolved], undefined)).toBe(resolved);
  });

  it('is the one that waits to be closed where that is what is done', () => {
    expect(chooseIncident([closed, resolved, search], undefined, 'resolved')).toBe(resolved);
    expect(chooseIncident([closed, search], undefined, 'resolved')).toBe(search);
  });

  it('must be said where several may be meant, and where there is none', () => {
    expect(failure(() => chooseIncident([database, search], undefined))).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/2 incidents are open; say which one is meant[\s\S]*002-77aa0000/),
    });
    expect(failure(() => chooseIncident([closed], undefined)).exitCode).toBe(1);
  });

  it('is told harmlessly', () => {
    const hostile = sampleIncident({ id: 'INC-20260204-003-cccccccc', policy: 'a\u001b[2Jb' });
    expect(failure(() => chooseIncident([database, hostile], undefined)).message).toContain('a\\u001b[2Jb');
  });
});

it.each([
  ['001-9f3a', true],
  ['INC-2026', true],
  ['20260204-001-9f', true],
  ['503 errors', false],
  ['h-3fa9', false],
  ['contact.responders', false],
])('%j looks like an id: %s', (word, expected) => {
  expect(looksLikeId(word)).toBe(expected);
});
