import { expect, it } from 'vitest';
import { BEGAN, NOW, TestJournal } from './journal.ts';

const by = 'alice';
const at = new Date(NOW).toISOString();

it.each([
  { args: ['ack'], expected: { status: 'acknowledged', acknowledgedAt: at } },
  {
    args: ['ack', '001-9f3a', '--by', 'bob'],
    expected: { steps: expect.arrayContaining([expect.objectContaining({ by: 'bob' })]) },
  },
  { args: ['assign', 'commander', 'carol'], expected: { roles: { commander: ['carol'] } } },
  { args: ['note', 'seen'], expected: { notes: [{ text: 'seen', by, deadEnd: false, at }] } },
  { args: ['note', '001', 'seen', '--dead-end'], expected: { notes: [{ text: 'seen', deadEnd: true }] } },
  { args: ['observe', 'only writes fail'], expected: { observations: [{ text: 'only writes fail', by }] } },
  {
    args: ['hypothesis', 'add', 'a lock', '--because', 'same minute'],
    expected: { hypotheses: [{ text: 'a lock', reasoning: 'same minute', status: 'open' }] },
  },
  {
    args: [
      'action',
      'add',
      'time out locks',
      '--owner',
      'bob',
      '--checker',
      'carol',
      '--due',
      '2026-03-01',
      '--two-people',
      '--horizon',
      'month',
      '--kind',
      'mitigate',
    ],
    expected: {
      actions: [
        {
          text: 'time out locks',
          owner: 'bob',
          checker: 'carol',
          due: '2026-03-01',
          twoPeople: true,
          horizon: 'month',
          kind: 'mitigate',
          state: 'open',
        },
      ],
    },
  },
  {
    args: ['update', 'rolling back', '--eta', '30m', '--next', '15m'],
    expected: {
      updates: [
        {
          text: 'rolling back',
          expectedRecoveryAt: new Date(NOW + 30 * 60_000).toISOString(),
          nextUpdateAt: new Date(NOW + 15 * 60_000).toISOString(),
        },
      ],
    },
  },
  {
    args: ['update', 'rolling back', '--eta', '2026-02-04T12:30+01:00'],
    expected: { updates: [{ expectedRecoveryAt: '2026-02-04T11:30:00.000Z', nextUpdateAt: null }] },
  },
  {
    args: ['severity', 'critical', '--why', 'nobody can pay'],
    expected: { severity: 'Critical', why: expect.stringContaining('nobody can pay') },
  },
  {
    args: ['affected', '--users', 'all', '--scope', 'eu'],
    expected: { affected: { users: 'all', scope: 'eu' } },
  },
  { args: ['war-room', 'https://meet.example.com/x'], expected: { warRoom: 'https://meet.example.com/x' } },
  {
    args: ['contacted', 'support', '--text', 'by phone'],
    expected: { contacted: [{ contact: 'support', reached: true, text: 'by phone', by }] },
  },
  {
    args: ['contacted', 'bob', '--not-reached'],
    expected: { contacted: [{ contact: 'bob', reached: false }] },
  },
  {
    args: ['decision', 'ask', 'drop the queue?', '--authority', 'carol'],
    expected: { decisions: [{ question: 'drop the queue?', authority: 'carol', answer: null }] },
  },
  { args: ['data', 'needed', 'orders'], expected: { dataToRepair: [{ text: 'orders', doneAt: null }] } },
  {
    args: ['reproduce', 'ten at once', '--on-version', '1.4.3'],
    expected: { reproductions: [{ how: 'ten at once', version: '1.4.3', reproduced: true }] },
  },
  {
    args: ['reproduce', 'ten at once', '--on-version', '1.4.3', '--failed'],
    expected: { reproductions: [{ reproduced: false }] },
  },
  {
    args: ['try', 'pool of 40', '--stopgap'],
    expected: { mitigations: [{ text: 'pool of 40', stopgap: true, outcome: null }] },
  },
  {
    args: ['runbook', 'failover', '1', 'rehearsed', '--text', 'on staging'],
    expected: { runbookSteps: [{ runbook: 'failover', step: 1, state: 'rehearsed', text: 'on staging' }] },
  },
  {
    args: ['learned', 'lucky', 'it was night'],
    expected: { learned: [{ topic: 'lucky', text: 'it was night' }] },
  },
  {
    args: ['why', 'a table was locked', '--evidence', 'pg_locks'],
    expected: { learned: [{ topic: 'why', text: 'a table was locked', evidence: 'pg_locks' }] },
  },
])('$args is recorded', async ({ args, expected }) => {
  const journal = new TestJournal();
  await journal.begin();
  expect(await journal.json(args)).toMatchObject(expected);
  expect(await journal.json(['show'])).toMatchObject(expected);
});

it('follows what people find from a hypothesis to its verdict', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const [observation] = (await journal.json(['observe', 'only writes fail'])).observations;
  const [hypothesis] = (await journal.json(['hypothesis', 'add', 'a lock'])).hypotheses;
  const id = hypothesis?.id ?? '';
  await journal.json(['hypothesis', 'evidence', id, '40 waiters', '--for']);
  await journal.json(['hypothesis', 'evidence', id, 'none on the replica', '--against']);
  const [tried] = (await journal.json(['try', 'kill it', '--hypothesis', id])).mitigations;
  await journal.json(['outcome', tried?.id ?? '', 'helped', 'errors fell']);
  const explained = ['--explains', observation?.id ?? ''];
  const confirmed = await journal.json(['hypothesis', 'confirm', id, '--reason', 'seen twice', ...explained]);
  expect(confirmed.hypotheses).toMatchObject([
    {
      status: 'confirmed',
      reason: 'seen twice',
      explains: [observation?.id],
      evidence: [
        { text: '40 waiters', supports: true },
        { text: 'none on the replica', supports: false },
      ],
    },
  ]);
  expect(confirmed.mitigations).toMatchObject([
    { hypothesis: id, outcome: 'helped', outcomeText: 'errors fell' },
  ]);
  expect(await journal.json(['hypothesis', 'reopen', id, '--reason', 'wrong version'])).toMatchObject({
    hypotheses: [{ status: 'open' }],
  });
  expect(await journal.json(['hypothesis', 'rule-out', id, '--reason', 'it goes on without'])).toMatchObject({
    hypotheses: [{ status: 'ruled-out' }],
  });
});

it('confirms no cause that is not held against what was observed', async () => {
  const journal = new TestJournal();
  await journal.begin();
  await journal.json(['observe', 'only writes fail']);
  const [hypothesis] = (await journal.json(['hypothesis', 'add', 'a lock'])).hypotheses;
  const { code, err } = await journal.run([
    'hypothesis',
    'confirm',
    hypothesis?.id ?? '',
    '--reason',
    'sure',
  ]);
  expect(code).toBe(1);
  expect(err).toContain('o-');
});

it('moves an action, a repair and a decision to their ends without naming the incident', async () => {
  const journal = new TestJournal();
  await journal.begin();
  await journal.begin({ id: 'INC-20260204-002-77aa0000', policy: 'search' });
  const named = ['001-9f3a'];
  const { actions } = await journal.json(['action', 'add', ...named, 'time out locks', '--two-people']);
  const action = actions[0]?.id ?? '';
  await journal.json([
    'action',
    'assign',
    action,
    '--owner',
    'bob',
    '--checker',
    'carol',
    '--due',
    '2026-03-01',
  ]);
  await journal.json(['action', 'done', action, '--by', 'bob']);
  expect(await journal.json(['action', 'checked', action, '--by', 'carol'])).toMatchObject({
    actions: [{ owner: 'bob', checker: 'carol', due: '2026-03-01', state: 'checked', checkedBy: 'carol' }],
  });
  expect(await journal.json(['action', 'reopen', action, '--reason', 'came back'])).toMatchObject({
    actions: [{ state: 'open' }],
  });
  expect(await journal.json(['action', 'drop', action, '--reason', 'service goes'])).toMatchObject({
    actions: [{ state: 'dropped', reason: 'service goes' }],
  });
  const [repair] = (await journal.json(['data', 'needed', ...named, 'orders'])).dataToRepair;
  expect(await journal.json(['data', 'repaired', repair?.id ?? '', '--text', 'refunded'])).toMatchObject({
    dataToRepair: [{ doneBy: 'alice' }],
  });
  const [decision] = (await journal.json(['decision', 'ask', ...named, 'drop it?'])).decisions;
  expect(
    await journal.json([
      'decision',
      'made',
      decision?.id ?? '',
      'yes',
      '--knew',
      'all of it',
      '--by',
      'carol',
    ]),
  ).toMatchObject({ decisions: [{ answer: 'yes', knew: 'all of it', decidedBy: 'carol' }] });
});

it('lets nobody check their own action where two people must', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const { actions } = await journal.json([
    'action',
    'add',
    'time out locks',
    '--two-people',
    '--owner',
    'bob',
  ]);
  const id = actions[0]?.id ?? '';
  await journal.json(['action', 'done', id, '--by', 'bob']);
  expect(await journal.run(['action', 'checked', id, '--by', 'bob'])).toMatchObject({ code: 1, out: '' });
});

it('prints what the incident is after the command, and what is next', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const { code, out, err } = await journal.run(['observe', 'only writes fail']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^INC-20260204-001-9f3a01bc {2}High {2}declared {2}shop\/database\n {2}10:20:00 {2}/);
  expect(out).toContain('only writes fail');
  expect(out).toMatch(/recorded as o-[\da-f]{6}\n/);
  expect(out).toContain(
    'Nobody has acknowledged it for 20 min.\n      breakwater incident ack INC-20260204-001-9f3a01bc\n',
  );
  expect(out).not.toContain("'database' opened");
});

it('reads one text from standard input', async () => {
  const journal = new TestJournal();
  await journal.begin();
  expect((await journal.run(['note', '-'], { input: 'from a file\n' })).code).toBe(0);
  expect(await journal.json(['show'])).toMatchObject({ notes: [{ text: 'from a file' }] });
  expect(await journal.run(['note', '-'], { input: ' \n' })).toMatchObject({
    code: 2,
    err: expect.stringContaining('stdin has no text'),
  });
  expect(await journal.run(['affected', '--users', '-', '--scope', '-'], { input: 'x' })).toMatchObject({
    code: 2,
    err: expect.stringContaining('only one text'),
  });
});

it.each([
  [['note'], '<text> is missing: it takes [INC] <text>'],
  [['note', '001-9f3a'], '<text> is missing after 001-9f3a'],
  [['note', '001-9f3a', 'two', 'words'], 'put each text in quotes'],
  [['note', ''], 'must be a string of 1 to 4000 characters'],
  [['assign', 'chief', 'alice'], 'commander'],
  [['severity', 'awful', '--why', 'x'], 'Critical'],
  [['severity', 'high'], 'why'],
  [['runbook', 'failover', 'one', 'started'], "'one' is no step"],
  [['update', 'x', '--eta', 'soon'], 'Write a duration such as 45m'],
  [['update', 'x', '--eta', '2026-02-04T11:30'], 'with its zone'],
  [['hypothesis', 'evidence', 'h-1', 'x'], '--for the hypothesis or --against it'],
  [['action', 'add', 'x', '--kind', 'hope'], 'Allowed choices are prevent, detect, mitigate'],
  [['action', 'add', 'x', '--due', 'soon'], 'must be a day such as 2026-03-01'],
  [['nte', 'x'], '(Did you mean note?)'],
  [['note', 'x', '--by', ' '], 'must not be empty'],
])('refuses %j as wrong use, and writes nothing', async (args, why) => {
  const journal = new TestJournal();
  await journal.begin();
  const before = await journal.json(['show']);
  const { code, out, err } = await journal.run(args);
  expect(err).toContain(why);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(await journal.json(['show'])).toEqual(before);
});

it('knows who does it', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const env = { BREAKWATER_INCIDENTS: journal.directory };
  const nobody = () => {
    throw new Error('no such user');
  };
  await journal.run(['note', 'a'], { env });
  await journal.run(['note', 'b'], { env: { ...env, BREAKWATER_BY: 'bob' } });
  await journal.run(['note', 'c', '--by', 'carol'], { env: { ...env, BREAKWATER_BY: 'bob' } });
  await journal.run(['note', 'd'], { env: { ...env, USER: 'dave' }, userName: nobody });
  const { notes } = await journal.json(['show']);
  expect(notes.map(({ by }) => by)).toEqual(['alice', 'bob', 'carol', 'dave']);
  expect(await journal.run(['note', 'e'], { env, userName: nobody })).toMatchObject({
    code: 2,
    err: expect.stringContaining('--by says it'),
  });
});

it('records nothing before the incident began', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const { notes } = await journal.json(['note', 'x']);
  expect(Date.parse(notes[0]?.at ?? '')).toBeGreaterThan(BEGAN);
});
