import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { breakwater, CapturedTerminal, temporaryFolder } from '../support.ts';
import { BEGAN, ID, NOW, TestJournal } from './journal.ts';

const DAY = 86_400_000;

/** An open one, one that waits to be closed, and one that is closed. */
async function threeIncidents(): Promise<TestJournal> {
  const journal = new TestJournal();
  await journal.begin();
  const resolved = await journal.begin({
    id: 'INC-20260203-001-77aa0000',
    policy: 'search',
    severity: 'Low',
    at: BEGAN - DAY,
  });
  await journal.add(resolved, [
    { type: 'resolved', at: BEGAN - DAY + 60_000, reason: 'x', durationMs: 60_000 },
  ]);
  const closed = await journal.begin({ id: 'INC-20260101-001-bbbb0000', at: BEGAN - 34 * DAY });
  await journal.add(closed, [
    { type: 'resolved', at: BEGAN - 34 * DAY + 60_000, reason: 'x', durationMs: 60_000 },
    { type: 'closed', at: BEGAN - 33 * DAY, by: 'bob' },
  ]);
  return journal;
}

describe('the list', () => {
  it('has the open incidents, one a line where nobody looks', async () => {
    const journal = await threeIncidents();
    const { code, out, err } = await journal.run(['list']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      'INCIDENT                   SEVERITY  STATUS    POLICY         SINCE            SUMMARY\n' +
        "INC-20260204-001-9f3a01bc  High      declared  shop/database  20 min 30 s ago  The circuit of 'database' opened\n",
    );
  });

  it.each([
    [['--all'], ['INC-20260101-001-bbbb0000', 'INC-20260203-001-77aa0000', ID]],
    [['--all', '--policy', 'search'], ['INC-20260203-001-77aa0000']],
    [
      ['--since', '7d'],
      ['INC-20260203-001-77aa0000', ID],
    ],
    [['--since', '2026-02-04'], [ID]],
    [['--severity', 'low', '--severity', 'medium', '--all'], ['INC-20260203-001-77aa0000']],
    [['--policy', 'search'], []],
  ])('with %j has %j', async (args, ids) => {
    const journal = await threeIncidents();
    const { code, out } = await journal.run(['list', '--json', ...args]);
    const listed: readonly IncidentJson[] = JSON.parse(out);
    expect(listed.map(({ id }) => id)).toEqual(ids);
    expect(code).toBe(ids.length > 0 ? 0 : 1);
  });

  it('says that there is none', async () => {
    const journal = new TestJournal();
    expect(await journal.run(['list'])).toEqual({ code: 1, out: 'No incident is open.\n', err: '' });
    expect(await journal.run(['list', '--all'])).toMatchObject({ out: 'The journal has no incident.\n' });
    expect(await journal.run(['list', '--policy', 'x'])).toMatchObject({
      out: 'No incident is like that.\n',
    });
  });

  it('has summaries on lines of their own on a narrow terminal, and tells of those that wait', async () => {
    const journal = await threeIncidents();
    const out = new CapturedTerminal({ isTTY: true, columns: 80 });
    await journal.run(['list'], { out });
    expect(out.text).toBe(
      'INCIDENT                   SEVERITY  STATUS    POLICY         SINCE\n' +
        'INC-20260204-001-9f3a01bc  High      declared  shop/database  20 min 30 s ago\n' +
        "  The circuit of 'database' opened\n" +
        '1 resolved and not closed: --all lists it\n',
    );
  });

  it.each([
    [['--since', 'yesterday'], 'Write a duration such as 7d'],
    [['--severity', 'awful'], 'Allowed choices are Critical, High, Medium, Low.'],
    [['--polcy', 'x'], '(Did you mean --policy?)'],
    [['x'], 'too many arguments'],
  ])('refuses %j', async (args, why) => {
    const { code, out, err } = await new TestJournal().run(['list', ...args]);
    expect(err).toContain(why);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

describe('the journal', () => {
  it('must be named, and be a folder', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'file'), '');
    const list = (args: readonly string[]) => breakwater(['incident', 'list', ...args], { cwd });
    expect(await list([])).toMatchObject({ code: 2, err: expect.stringContaining('BREAKWATER_INCIDENTS') });
    expect(await list(['--directory', 'nowhere'])).toEqual({
      code: 2,
      out: '',
      err: 'error: the journal nowhere cannot be read: there is no such file or folder\n',
    });
    expect(await list(['-d', 'file'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('it is no folder'),
    });
  });

  it('is taken from --directory before the environment, from the current folder on', async () => {
    const journal = await threeIncidents();
    const env = { BREAKWATER_INCIDENTS: '/nowhere' };
    const { out } = await journal.run(['ack', '--directory', '.'], { env });
    expect(out).toContain('acknowledged');
    expect(out).toMatch(/breakwater incident assign INC-\S+ commander NAME --directory \.\n/);
  });

  it('tells of lines that it cannot read once, on stderr, and goes on', async () => {
    const journal = await threeIncidents();
    journal.spoil('{"v":1,"writer":"app9","seq":1,"inc');
    journal.spoil('\n\u001b[31mnot ours\n');
    const { code, out, err } = await journal.run(['note', 'all the same', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ notes: [{ text: 'all the same' }] });
    const lines = err.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.startsWith('warning: journal-'))).toBe(true);
    expect(err).not.toContain('\u001b');
  });

  it('cannot be written where it is read-only, and says so', async () => {
    const journal = new TestJournal();
    // What is to be a file of the journal is a folder: that stops a superuser too.
    for (const month of [new Date(), new Date(Date.now() + DAY)].map((day) =>
      day.toISOString().slice(0, 7),
    )) {
      mkdirSync(join(journal.directory, `journal-${month}.jsonl`), { recursive: true });
    }
    const { code, out, err } = await journal.run(['declare', '--policy', 'x', '--summary', 'y']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('it is not recorded');
  });
});

describe('what is shown', () => {
  it('is the page, or JSON', async () => {
    const journal = await threeIncidents();
    const { out } = await journal.run(['show']);
    expect(out).toMatch(/^INC-20260204-001-9f3a01bc {2}High {2}declared {2}shop\/database\n/);
    expect(out).toContain('Nobody has acknowledged it for 20 min.');
    expect(await journal.json(['show', '77aa'])).toMatchObject({ policy: 'search', status: 'resolved' });
  });

  it.each([
    [['9f3b'], 1, `did you mean ${ID}?`],
    [['INC-2026'], 2, 'may be any of 3 incidents'],
    [['--timeline', 'some'], 2, 'Write how many, or all.'],
  ])('is not guessed for %j', async (args, expected, why) => {
    const journal = await threeIncidents();
    const { code, out, err } = await journal.run(['show', ...args]);
    expect(err).toContain(why);
    expect({ code, out }).toEqual({ code: expected, out: '' });
  });
});

describe('a declaration', () => {
  const declare = ['declare', '--policy', 'database', '--summary', 'orders are missing'];

  it('begins an incident under an id of its own', async () => {
    const journal = new TestJournal();
    const incident = await journal.json([...declare, '--severity', 'critical']);
    expect(incident).toMatchObject({
      id: expect.stringMatching(/^INC-20260204-001-[\da-f]{8}$/),
      policy: 'database',
      severity: 'Critical',
      status: 'declared',
      trigger: 'person',
      summary: 'orders are missing',
      startedAt: new Date(NOW).toISOString(),
      drill: false,
    });
    expect((await journal.json(['show'])).id).toBe(incident.id);
  });

  it('is added to the incident that is open for the policy, and never lowers it', async () => {
    const journal = await threeIncidents();
    const { out } = await journal.run([...declare, '--severity', 'critical']);
    expect(out).toContain(`It is added to the one that is open:\n${ID}  Critical`);
    expect(out).toContain('orders are missing');
    expect(await journal.json([...declare, '--severity', 'low'])).toMatchObject({
      id: ID,
      severity: 'Critical',
    });
    expect(JSON.parse((await journal.run(['list', '--json'])).out)).toHaveLength(1);
  });

  it('knows of the policy what earlier incidents knew', async () => {
    const journal = await threeIncidents();
    const search = ['declare', '--policy', 'search', '--summary', 'slow'];
    expect(await journal.json(search)).toMatchObject({
      service: 'shop',
      severity: 'Medium',
      impact: { dependants: ['checkout'] },
    });
  });

  it('doubts a policy that is like a known one', async () => {
    const journal = await threeIncidents();
    const { code, err } = await journal.run(['declare', '--policy', 'databse', '--summary', 'x']);
    expect(code).toBe(0);
    expect(err).toBe("warning: no incident was ever about the policy 'databse'; did you mean 'database'?\n");
  });

  it.each([
    [['declare'], '--policy <name> is needed'],
    [['declare', '--policy', 'x'], '--summary <text> is needed'],
    [['declare', '--policy', 'x', '--summary', 'y'.repeat(501)], 'summary: must be a string of 1 to 500'],
    [[...declare, '--severity', 'awful'], 'Allowed choices are'],
  ])('%j is wrong use', async (args, why) => {
    const journal = new TestJournal();
    const { code, out, err } = await journal.run(args);
    expect(err).toContain(why);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('keeps secrets out', async () => {
    const journal = new TestJournal();
    const { summary } = await journal.json([
      'declare',
      '--policy',
      'x',
      '--summary',
      'password=hunter2 fails',
    ]);
    expect(summary).toBe('password=[redacted] fails');
  });
});
