import { describe, expect, it } from 'vitest';
import { inVain } from '../../../src/cli/commands/incident/in-vain.ts';
import type { IncidentChange } from '../../../src/incidents/incident/changes/change.ts';
import { sampleIncident } from '../../incidents/sample.ts';
import { ID, NOW, TestJournal } from './journal.ts';

const resolved: IncidentChange = {
  type: 'resolved',
  at: NOW - 1_000,
  by: 'bob',
  reason: 'rolled back',
  durationMs: 1,
};

it('decides on what the incident is once stdin was read', async () => {
  const journal = new TestJournal();
  await journal.begin();
  async function* typed() {
    await journal.add(ID, [resolved]);
    yield 'a new pool';
  }
  const { code, out, err } = await journal.run(['mitigated', '-', '--waive', '*', '--waive-reason', 'test'], {
    stdin: typed(),
  });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('resolved');
  expect((await journal.json(['show', ID])).timeline.filter(({ kind }) => kind === 'mitigated')).toEqual([]);
});

it('does not wait for stdin where words are missing', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const never = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>(() => {}) }),
  };
  expect(await journal.run(['learned', '-'], { stdin: never })).toMatchObject({
    code: 2,
    err: expect.stringContaining('<text> is missing'),
  });
});

it.each([[['ack']], [['ack', '--json']]])(
  'says that %j was in vain where somebody else was first',
  async (args) => {
    const journal = new TestJournal();
    await journal.begin();
    let looked = false;
    const { code, out, err } = await journal.run(args, {
      now: () => {
        if (!looked) journal.addAtOnce(ID, resolved);
        looked = true;
        return NOW;
      },
    });
    expect(code).toBe(1);
    expect(err).toContain('without effect: Acknowledged by alice');
    expect(err).toContain(`${ID} is resolved, since 10:19:59 by bob`);
    expect(out).toContain(args.includes('--json') ? '"status": "resolved"' : 'Without effect');
  },
);

describe('a step that was recorded', () => {
  const steps = [
    { at: '2026-02-04T10:20:01.000Z', status: 'acknowledged', by: 'bob', reason: 'x', reopening: true },
  ] as const;

  it('is told where it is undone already', () => {
    const reopened = sampleIncident({ id: ID, status: 'acknowledged', steps });
    for (const command of [
      { do: 'mitigated', by: 'alice', reason: 'x' },
      { do: 'resolve', by: 'alice' },
      { do: 'close', by: 'alice' },
    ] as const) {
      expect(inVain(command, reopened, [])).toBe(
        `it is recorded, and undone already; somebody else was there first: ${ID} is acknowledged, since 10:20:01 by bob`,
      );
    }
    expect(inVain({ do: 'acknowledge', by: 'alice' }, reopened, [])).toBeUndefined();
    expect(inVain({ do: 'reopen', by: 'alice', reason: 'x' }, reopened, [])).toBeUndefined();
    const closed = sampleIncident({ id: ID, status: 'closed' });
    expect(inVain({ do: 'reopen', by: 'alice', reason: 'x' }, closed, [])).toContain('is closed');
  });

  it('is enough where others went on from it', () => {
    const on = sampleIncident({ id: ID, status: 'mitigated' });
    expect(inVain({ do: 'acknowledge', by: 'alice' }, on, [])).toBeUndefined();
    expect(inVain({ do: 'note', by: 'alice', text: 'x' }, on, [])).toBeUndefined();
  });
});
