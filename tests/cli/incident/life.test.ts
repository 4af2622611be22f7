import { describe, expect, it } from 'vitest';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { BEGAN, ID, NOW, TestJournal } from './journal.ts';

function openBefore(incident: IncidentJson, step: string): readonly string[] {
  return incident.checklists
    .flatMap(({ items }) => items)
    .filter(({ gates, state }) => gates === step && state === 'open')
    .map(({ id }) => id);
}

async function acknowledged(): Promise<TestJournal> {
  const journal = new TestJournal();
  await journal.begin();
  await journal.json(['ack']);
  return journal;
}

/** Takes what stands before a step out of the way. */
async function waiveAll(journal: TestJournal, step: string): Promise<readonly string[]> {
  const items = openBefore(await journal.json(['show', '001-9f3a']), step);
  for (const item of items) {
    await journal.json(['check', '001-9f3a', item, '--waive', 'a test has none']);
  }
  return items;
}

describe('a step', () => {
  it('is refused while something stands before it, which is named', async () => {
    const journal = await acknowledged();
    const before = await journal.json(['show']);
    const items = openBefore(before, 'mitigated');
    expect(items.length).toBeGreaterThan(0);
    const { code, out, err } = await journal.run(['mitigated', 'rolled back']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    for (const item of items) expect(err).toContain(item);
    expect(await journal.json(['show'])).toEqual(before);
  });

  it('may be waived with it, with the reason', async () => {
    const journal = await acknowledged();
    const items = openBefore(await journal.json(['show']), 'mitigated');
    const waive = items.flatMap((item) => ['--waive', item]);
    expect((await journal.run(['mitigated', 'rolled back', ...waive])).code).toBe(1);
    const incident = await journal.json([
      'mitigated',
      'rolled back',
      ...waive,
      '--waive-reason',
      'alone tonight',
    ]);
    expect(incident.status).toBe('mitigated');
    const waived = incident.checklists
      .flatMap((list) => list.items)
      .filter(({ state }) => state === 'waived');
    expect(waived.map(({ id, reason }) => [id, reason])).toEqual(items.map((id) => [id, 'alone tonight']));
  });

  it('is taken with a warning where calls fail still', async () => {
    const journal = await acknowledged();
    await journal.add(ID, [
      {
        type: 'circuit',
        at: BEGAN,
        from: 'closed',
        to: 'open',
        reason: '5 of 10 attempts failed',
        manual: false,
      },
      {
        type: 'measured',
        at: BEGAN + 1,
        during: {
          calls: 40,
          failed: 12,
          timedOut: 0,
          rejected: 20,
          retried: 0,
          servedStale: 0,
          servedFallback: 0,
        },
        latency: {},
        budget: [],
        errors: [],
        otherErrors: 0,
      },
    ]);
    const args = ['mitigated', 'rolled back', '--waive', '*', '--waive-reason', 'alone tonight'];
    const said =
      'the circuit is open since 10:00:00 UTC; of 40 calls since it began 12 failed, 20 were rejected';
    const text = await journal.run(args);
    expect(text).toMatchObject({ code: 0, err: '' });
    expect(text.out).toContain(`  Warning: ${said}\n`);
    expect((await journal.run(['note', 'it holds'])).out).not.toContain('Warning');
    await journal.json(['resolve', '--waive', '*', '--waive-reason', 'x']);
    await journal.json(['reopen', 'it is back']);
    await journal.add(ID, [
      { type: 'circuit', at: NOW + 1, from: 'half-open', to: 'open', reason: 'x', manual: false },
    ]);
    const json = await journal.run([...args, '--json']);
    expect(json.err).toMatch(/^warning: the circuit is open since /);
  });

  it('asks at the close for what was left out by one that resolved by itself', async () => {
    const journal = new TestJournal();
    await journal.begin();
    await journal.add(ID, [{ type: 'resolved', at: BEGAN + 60_000, reason: 'x', durationMs: 60_000 }]);
    const { code, err } = await journal.run(['close']);
    expect(code).toBe(1);
    expect(err).toContain('contact.responders is open');
    expect(err).toContain('impact.affected is open');
    expect((await journal.run(['show', ID])).out).toContain('Before closed: Those who respond know of it');
    const closed = await journal.json(['close', '--waive', '*', '--waive-reason', 'nobody was hurt']);
    expect(closed.status).toBe('closed');
  });

  it('means an incident by its policy', async () => {
    const journal = await acknowledged();
    await journal.begin({ id: 'INC-20260204-002-77aa0000', policy: 'search' });
    expect(await journal.json(['note', 'search', 'the index is gone'])).toMatchObject({ policy: 'search' });
    expect((await journal.run(['check', 'search'])).out).toContain('INC-20260204-002-77aa0000');
  });

  it('follows the other to the end, and back', async () => {
    const journal = await acknowledged();
    await waiveAll(journal, 'mitigated');
    await journal.json(['mitigated', 'rolled back']);
    await waiveAll(journal, 'resolved');
    expect(await journal.json(['resolve', '--reason', 'the index is back'])).toMatchObject({
      status: 'resolved',
      resolvedBy: 'alice',
    });
    await waiveAll(journal, 'closed');
    // None is open: the one that waits to be closed is meant.
    expect(await journal.json(['close', '--reason', 'all said'])).toMatchObject({ status: 'closed' });
    expect(await journal.run(['reopen', 'again'])).toMatchObject({ code: 1, out: '' });
    const reopened = await journal.json(['reopen', '001-9f3a', 'the errors are back']);
    expect(reopened).toMatchObject({ resolvedAt: null, closedAt: null });
    expect(['declared', 'acknowledged', 'mitigated']).toContain(reopened.status);
    expect(reopened.steps.at(-1)).toMatchObject({ reopening: true, reason: 'the errors are back' });
  });

  it('to close means the one that waits for it, though another is open', async () => {
    const journal = await acknowledged();
    const id = await journal.begin({ id: 'INC-20260204-002-77aa0000', policy: 'search' });
    await journal.add(id, [{ type: 'resolved', at: BEGAN + 60_000, reason: 'x', durationMs: 60_000 }]);
    const { err } = await journal.run(['close']);
    expect(err).toContain(id);
    expect(await journal.json(['show', '001-9f3a'])).toMatchObject({ status: 'acknowledged' });
  });
});

describe('the checklists', () => {
  it('are shown with what is open, and what each stands before', async () => {
    const journal = await acknowledged();
    const { code, out } = await journal.run(['check']);
    expect(code).toBe(0);
    for (const name of ['contact', 'impact', 'work', 'verification'])
      expect(out).toMatch(new RegExp(`^${name}: `, 'm'));
    expect(out).toMatch(/^ {2}\[ \] \S+ {2}before mitigated$/m);
    expect((await journal.run(['check', '001-9f3a'])).out).toBe(out);
  });

  it('are ticked, waived and opened again by item', async () => {
    const journal = await acknowledged();
    const incident = await journal.json(['show']);
    const [item = ''] = openBefore(incident, 'mitigated');
    const stateOf = ({ checklists }: IncidentJson) =>
      checklists.flatMap(({ items }) => items).find(({ id }) => id === item);
    expect(stateOf(await journal.json(['check', item, '--note', 'all three came']))).toMatchObject({
      state: 'done',
      by: 'alice',
    });
    expect(stateOf(await journal.json(['check', item, '--undo']))).toMatchObject({ state: 'open' });
    expect(
      stateOf(await journal.json(['check', '001-9f3a', item, '--waive', 'nobody else is on call'])),
    ).toMatchObject({
      state: 'waived',
      reason: 'nobody else is on call',
    });
    expect((await journal.run(['check'])).out).toContain('waived by alice: nobody else is on call');
  });

  it.each([
    [['check', 'contact.respnders'], 1, 'contact.'],
    [['check', '--waive', 'x'], 2, 'say which item is meant'],
    [['check', 'contact.x', '--waive', 'x', '--undo'], 2, 'cannot be used with'],
    [['check', 'a', 'b', 'c'], 2, 'too many words'],
  ])('are not guessed for %j', async (args, expected, why) => {
    const journal = await acknowledged();
    const { code, out, err } = await journal.run(args);
    expect(err).toContain(why);
    expect({ code, out }).toEqual({ code: expected, out: '' });
  });
});

it('names what else is to be done as it is called on the command line', async () => {
  const journal = await acknowledged();
  await waiveAll(journal, 'mitigated');
  await journal.json(['mitigated', 'rolled back']);
  await journal.json(['runbook', 'failover', '1', 'started']);
  const { code, err } = await journal.run(['resolve']);
  expect(code).toBe(1);
  expect(err).toContain("say that it was checked with 'runbook'");
  const { out } = await journal.run(['show']);
  expect(out).toContain("was checked; say that it was checked with 'runbook'");
  expect(out).not.toContain('check INC-20260204-001-9f3a01bc work.');
});
