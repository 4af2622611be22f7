import { describe, expect, it } from 'vitest';
import { Player } from './player.ts';

describe('findings', () => {
  it('holds a confirmed cause against each observation', () => {
    const player = new Player().do(
      { do: 'observe', text: 'errors began at 12:00' },
      { do: 'observe', text: 'one replica is fine' },
      { do: 'hypothesis', text: 'the disk is full', reasoning: 'the log says so' },
      { do: 'evidence', hypothesis: 'h-3', text: 'df says 100 %', supports: true, by: 'Grace' },
    );
    const judge = { do: 'judge', hypothesis: 'h', verdict: 'confirmed', reason: 'df' } as const;
    expect(player.against(judge)).toEqual([
      'explains: a cause is confirmed once it is held against each observation: say whether it explains o-1 (errors began at 12:00), o-2 (one replica is fine)',
    ]);
    expect(player.against({ ...judge, explains: ['o-1', 'o-9'], doesNotExplain: ['o-1'] })).toEqual([
      "explains[1]: 'o-9' names no observation; did you mean o-1?",
      'doesNotExplain: o-1: it is either explained or not',
      'explains: a cause is confirmed once it is held against each observation: say whether it explains o-2 (one replica is fine)',
    ]);
    player.do({ ...judge, explains: ['o-1', 'o-1'], doesNotExplain: ['o-2'] });
    expect(player.json.hypotheses[0]).toMatchObject({
      status: 'confirmed',
      explains: ['o-1'],
      doesNotExplain: ['o-2'],
      evidence: [{ text: 'df says 100 %', supports: true, by: 'Grace' }],
    });
    player.do({ do: 'observe', text: 'it is back' });
    expect(player.item('verification.cause.h-3')).toMatchObject({ state: 'open', gates: 'closed' });
    player.do({ ...judge, explains: ['o-1', 'o-4'], doesNotExplain: ['o-2'] });
    expect(player.item('verification.cause.h-3')).toBeUndefined();
    player.do({ ...judge, verdict: 'ruled-out' });
    expect(player.json.hypotheses[0]?.status).toBe('ruled-out');
  });

  it('asks that a stopgap is undone, or becomes an action', () => {
    const player = new Player().do(
      { do: 'hypothesis', text: 'a leak' },
      { do: 'try', text: 'restart each hour', hypothesis: 'h-1', stopgap: true },
      { do: 'try', text: 'more memory', stopgap: true },
      { do: 'try', text: 'look at the heap' },
    );
    const states = () => ['m-2', 'm-3', 'm-4'].map((id) => player.item(`verification.stopgap.${id}`)?.state);
    expect(states()).toEqual(['open', 'open', undefined]);
    player.do(
      { do: 'outcome', mitigation: 'm-2', outcome: 'helped', text: 'it did' },
      { do: 'outcome', mitigation: 'm-2', outcome: 'undone', text: 'it is gone' },
      { do: 'action', text: 'less memory', kind: 'prevent', horizon: 'month', mitigation: 'm-3' },
    );
    expect(states()).toEqual(['done', 'done', undefined]);
    expect(player.against({ do: 'outcome', mitigation: 'm-2', outcome: 'helped', text: 't' })).toEqual([
      "mitigation: m-2 was undone: 'try' it again, if it is in force again",
    ]);
    player.do({ do: 'move-action', action: 'a-5', to: 'dropped', reason: 'no' });
    expect(states()).toEqual(['done', 'open', undefined]);
  });

  it('keeps a note on one line, without secrets, and refuses one that nobody could read', () => {
    const player = new Player().do({ do: 'note', text: 'checked X\npassword=hunter2', deadEnd: true });
    expect(player.json.notes[0]).toMatchObject({
      text: 'checked X password=[redacted]',
      deadEnd: true,
      by: 'Ada',
    });
    expect(player.json.timeline.at(-1)?.text).toBe('Dead end by Ada: checked X password=[redacted]');
    expect(player.against({ do: 'note', text: '\u0000', by: '\u0001' })).toEqual([
      'by: holds nothing that can be read',
      'text: holds nothing that can be read',
    ]);
  });

  it('keeps long texts whole', () => {
    const text = 'word '.repeat(799).trim();
    expect(new Player().do({ do: 'note', text }).json.notes[0]?.text).toBe(text);
  });

  it('refuses what would push something else out', () => {
    const player = new Player();
    for (let n = 0; n < 500; n += 1) player.apply({ type: 'observed', at: n, id: `o-x${n}`, text: 't' });
    expect(player.against({ do: 'observe', text: 't' })).toEqual([
      'it has 500 observations already, which is the most that an incident holds',
    ]);
  });
});

describe('actions', () => {
  const action = { do: 'action', text: 'a', kind: 'prevent', horizon: 'week' } as const;
  const move = { do: 'move-action', action: 'a-1' } as const;

  it('never lets one check what the same person owns or did, where two are needed', () => {
    expect(new Player().against({ ...action, owner: 'Ada', checker: ' ada ', twoPeople: true })).toEqual([
      'checker: Ada owns it, and it is marked for two people: somebody else must check it',
    ]);
    const player = new Player().do(
      { ...action, owner: 'Ada', checker: 'Grace', twoPeople: true },
      { ...move, to: 'done', by: 'Grace' },
    );
    expect(player.against({ ...move, to: 'checked', by: 'GRACE' })).toEqual([
      'by: GRACE did a-1, and it is marked for two people: somebody else must check it',
    ]);
    expect(player.against({ ...move, to: 'checked', by: 'Ada' })).toEqual([
      'by: Ada owns a-1, and it is marked for two people: somebody else must check it',
    ]);
    expect(player.against({ ...move, to: 'assigned', owner: 'Grace' })).toEqual([
      'checker: Grace owns it, and it is marked for two people: somebody else must check it',
    ]);
    expect(player.against({ ...move, to: 'assigned', owner: 'Alan', checker: 'grace' })).toEqual([
      'checker: grace did it, and it is marked for two people: somebody else must check it',
    ]);
    player.do({ ...move, to: 'checked', by: 'Alan' });
    expect(player.json.actions[0]).toMatchObject({ state: 'checked', doneBy: 'Grace', checkedBy: 'Alan' });
    const alone = new Player().do({ ...action, owner: 'Ada', checker: 'Ada' }, { ...move, to: 'done' });
    expect(alone.against({ ...move, to: 'checked' })).toEqual([]);
  });

  it('is checked after it is done, dropped with a reason, due on a day that there is', () => {
    const player = new Player().do(action);
    expect(player.against({ ...move, to: 'checked' })).toEqual([
      'to: a-1 is open: it must be done before it is checked',
    ]);
    expect(player.against({ ...move, to: 'open' })).toEqual(['to: a-1 is open already']);
    expect(player.against({ ...move, to: 'dropped' })).toEqual([
      'reason: is missing: say why nobody needs to do it any more',
    ]);
    expect(player.against({ ...move, to: 'assigned' })).toEqual([
      "to: 'assigned' needs at least one of owner, checker and due",
    ]);
    expect(player.against({ ...move, to: 'done', due: '2026-02-30' })).toEqual([
      'due: 2026-02-30 is no day of the calendar: write one such as 2026-03-01',
      "due: is set with 'assigned' only, not with 'done'",
    ]);
    expect(player.against({ ...move, action: 'b-1', to: 'done' })).toEqual([
      "action: 'b-1' names no action; did you mean a-1?",
    ]);
    player.do(
      { ...move, to: 'assigned', due: '2028-02-29', owner: 'Grace' },
      { ...move, to: 'dropped', reason: 'r' },
    );
    expect(player.against({ ...move, to: 'done' })).toEqual([
      'to: a-1 is dropped; from there it can be open only',
    ]);
    expect(player.json.actions[0]).toMatchObject({ owner: 'Grace', due: '2028-02-29', state: 'dropped' });
  });

  it.each([
    // When the incident began, 2026-02-03 had just ended everywhere on earth.
    ['2026-02-04', []],
    ['2026-02-03', ['due: 2026-02-03 is before the incident, which began at 2026-02-04T12:00:00.000Z']],
    ['0001-01-01', ['due: 0001-01-01 is before the incident, which began at 2026-02-04T12:00:00.000Z']],
    ['2031-02-04', []],
    ['2031-02-06', ['due: 2031-02-06 is more than five years away']],
    ['9999-12-31', ['due: 9999-12-31 is more than five years away']],
  ])('is due on a day that a plan can mean: %s', (due, against) => {
    const player = new Player();
    expect(player.against({ ...action, due })).toEqual(against);
    player.do(action);
    expect(player.against({ ...move, action: 'a', to: 'assigned', due })).toEqual(against);
  });
});

describe('work', () => {
  it('opens a war room by a link that nobody is harmed by', () => {
    const room = (url: string) => new Player().against({ do: 'war-room', url });
    const none = 'url: is no link: write one such as https://meet.example.com/db-outage';
    expect(room('javascript:alert(1)')).toEqual([none]);
    expect(room('meet')).toEqual([none]);
    expect(room('https://ada:secret@meet.example.com')).toEqual([
      'url: has a user name or a password in it, which everybody would read: leave them out',
    ]);
    expect(new Player().do({ do: 'war-room', url: ' https://meet.example.com/x?a=1 ' }).json.warRoom).toBe(
      'https://meet.example.com/x?a=1',
    );
  });

  it('has one commander, and as many investigators as come', () => {
    const assign = { do: 'assign', role: 'commander', person: 'Ada' } as const;
    const player = new Player().do(
      assign,
      { ...assign, person: 'Grace' },
      { ...assign, role: 'fixer' },
      { ...assign, role: 'fixer', person: 'Alan' },
    );
    expect(player.json.roles).toMatchObject({ commander: ['Grace'], fixer: ['Ada', 'Alan'] });
    expect(player.against({ ...assign, person: 'grace' })).toEqual(['person: Grace is commander already']);
    expect(player.against({ ...assign, release: true })).toEqual(['person: Ada is no commander']);
    expect(player.do({ ...assign, role: 'fixer', person: 'ADA', release: true }).json.roles.fixer).toEqual([
      'Alan',
    ]);
  });

  it('repairs data once, and decides once', () => {
    const player = new Player().do(
      { do: 'data-to-repair', text: 'orders of 12:00' },
      { do: 'decision-needed', question: 'fail over?', authority: 'Grace' },
    );
    expect(player.item('verification.data.r-1')?.state).toBe('open');
    expect(player.item('work.decision.d-2')?.state).toBe('open');
    player.do({ do: 'data-repaired', repair: 'r-1' });
    const decide = { do: 'decide', decision: 'd-2', answer: 'yes', knew: 'the replica lags 3 s' } as const;
    expect(player.against(decide)).toEqual([
      'by: d-2 is for Grace to decide, not for Ada: record it by that name',
    ]);
    player.do({ ...decide, by: ' GRACE' });
    expect(player.item('verification.data.r-1')).toMatchObject({ state: 'done', by: 'Ada' });
    expect(player.item('work.decision.d-2')).toMatchObject({ state: 'done', by: 'GRACE' });
    expect(player.against({ do: 'data-repaired', repair: 'r-1' })).toEqual([
      expect.stringMatching(/^repair: r-1 was repaired already/),
    ]);
    expect(player.against({ do: 'decide', decision: 'd-2', answer: 'no', knew: 'k' })).toEqual([
      'decision: GRACE decided d-2 already: yes',
    ]);
    player.do({ do: 'decision-needed', question: 'back?' });
    expect(player.against({ ...decide, decision: 'd-3' })).toEqual([]);
  });

  it('expects recovery in the future, and the next update in time', () => {
    const player = new Player();
    expect(player.against({ do: 'update', text: 't', expectedRecoveryAt: 5, nextUpdateMs: 1e300 })).toEqual([
      'expectedRecoveryAt: is not in the future: give a time in milliseconds since the epoch',
      'nextUpdateMs: is too far away',
    ]);
    player.do({ do: 'update', text: 't', nextUpdateMs: 60_000 });
    expect(player.json.updates[0]?.nextUpdateAt).toBe(new Date(player.now + 60_000).toISOString());
  });

  it('needs something of what is affected, and keeps what was said before', () => {
    expect(new Player().against({ do: 'affected' })).toEqual(['give users, scope, or both']);
    const player = new Player().do({ do: 'affected', users: 'all' }, { do: 'affected', scope: 'EU' });
    expect(player.json.affected).toEqual({ users: 'all', scope: 'EU' });
    expect(player.item('impact.affected')?.state).toBe('done');
  });
});

describe('runbooks', () => {
  const step = (
    number: number,
    state: 'rehearsed' | 'started' | 'checked' | 'surprise' | 'resumed',
    text?: string,
  ) =>
    ({
      do: 'runbook-step',
      runbook: 'failover',
      step: number,
      state,
      ...(text === undefined ? {} : { text }),
    }) as const;

  it('are done one step at a time and in order, each checked', () => {
    const player = new Player().do(step(1, 'rehearsed'));
    expect(player.item('work.failover.1')).toBeUndefined();
    expect(player.against(step(2, 'started'))).toEqual([
      "step: step 1 of 'failover' comes first: it was not checked",
    ]);
    expect(player.against(step(1, 'checked'))).toEqual([
      "state: step 1 of 'failover' was not begun: record it as 'started' first",
    ]);
    expect(player.against(step(51, 'rehearsed'))).toEqual([
      'step: 51 is none: a runbook has at most 50 steps',
    ]);
    expect(player.against(step(50, 'rehearsed'))).toEqual([]);
    player.do(step(1, 'started'));
    expect(player.item('work.failover.1')).toMatchObject({ state: 'open', gates: 'resolved' });
    expect(player.against({ ...step(1, 'started'), runbook: 'other' })).toEqual([
      "state: step 1 of 'failover' is under way: check it first, since steps are done one at a time",
    ]);
    player.do(step(1, 'checked', 'lag is 0'), step(2, 'started'), step(2, 'checked'));
    expect(player.item('work.failover.1')).toMatchObject({ state: 'done', reason: 'lag is 0' });
    expect(player.item('work.failover.rehearsed')).toMatchObject({ state: 'open', gates: null });
    expect(player.against(step(2, 'checked'))).toEqual([
      "state: step 2 of 'failover' was checked already: record it as 'started' first",
    ]);
  });

  it('halt at a surprise until somebody says why they can go on', () => {
    const player = new Player().do(step(1, 'started'));
    expect(player.against(step(1, 'surprise'))).toEqual(['text: is missing: say what surprised you']);
    player.do(step(1, 'surprise', 'the replica is empty'));
    expect(player.item('work.failover.1.surprise')).toMatchObject({ state: 'open', gates: 'resolved' });
    expect(player.against(step(1, 'checked'))).toEqual([
      "state: step 1 of 'failover' surprised (the replica is empty), which halts the work: say why it can go on with 'resumed'",
    ]);
    expect(player.against(step(1, 'resumed'))).toEqual(['text: is missing: say why the work can go on']);
    expect(player.against(step(2, 'resumed', 't'))).toEqual([
      "state: nothing at step 2 of 'failover' halts the work",
    ]);
    player.do(step(1, 'resumed', 'it was the wrong replica'), step(1, 'checked'));
    expect(player.item('work.failover.1.surprise')).toBeUndefined();
    expect(player.item('work.failover.1')?.state).toBe('done');
  });
});
