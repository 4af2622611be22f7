import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { Player } from './player.ts';

const update = { do: 'update', text: 'we are on it' } as const;
const affected = { do: 'affected', users: 'all of them', scope: 'checkout' } as const;
const closedCircuit = {
  type: 'circuit',
  at: 1_770_000_000_000,
  from: 'half-open',
  to: 'closed',
  reason: 'ok',
  manual: false,
} as const;
const all = { waive: ['*'], waiveReason: 'it was small' };

describe('the steps', () => {
  it('leads from detection to the end with everything asked for, and says who did what', () => {
    const player = new Player().do(update, { do: 'acknowledge' }, { do: 'mitigated', reason: 'rolled back' });
    expect(player.against({ do: 'resolve' })).toEqual([
      "impact.policy.checkout is open (The impact on the policy 'checkout' was looked at): do it, then 'check' it, or waive it with a reason",
      "impact.user.search is open (The impact on 'search' was looked at): do it, then 'check' it, or waive it with a reason",
      "impact.affected is open (The affected users and the scope are stated): do it, then 'check' it, or waive it with a reason",
      "verification.repair-proven is open (The repair is proven: circuits are closed, and no SLI burns its budget): do it, then 'check' it, or waive it with a reason",
    ]);
    player
      .apply(closedCircuit)
      .do(
        affected,
        { do: 'check', item: 'impact.policy', state: 'done' },
        { do: 'check', item: 'impact.user.search', state: 'done', by: 'Grace' },
        { do: 'resolve', reason: 'the disk was replaced.', by: 'Grace' },
      );
    expect(player.json).toMatchObject({ status: 'resolved', resolvedBy: 'Grace' });
    expect(player.json.durationMs).toBe(player.now - Date.parse(player.json.startedAt));
    expect(player.against({ do: 'close' })).toEqual([
      expect.stringMatching(/^verification\.nothing-else-broken is open/),
    ]);
    player.do(
      { do: 'check', item: 'verification.nothing', state: 'done' },
      { do: 'close', reason: 'all is done' },
    );
    expect(player.json.steps.map(({ status, by }) => `${status} ${by}`)).toEqual([
      'detected null',
      'declared null',
      'acknowledged Ada',
      'mitigated Ada',
      'resolved Grace',
      'closed Ada',
    ]);
  });

  it('closes what resolved by itself with one waiver', () => {
    const player = new Player({
      type: 'resolved',
      at: 1_770_206_500_000,
      reason: 'it stayed closed.',
      durationMs: 60_000,
    });
    expect(player.item('verification.repair-proven')).toMatchObject({
      state: 'done',
      reason: 'it resolved by itself',
    });
    const left = [
      'contact.responders',
      'contact.users',
      'impact.policy.checkout',
      'impact.user.search',
      'impact.affected',
      'impact.stopgap',
      'verification.nothing-else-broken',
    ];
    expect(player.against({ do: 'close' }).map((objection) => objection.split(' ')[0])).toEqual(left);
    player.do({ do: 'close', waive: ['*'], waiveReason: 'nobody was hurt' });
    expect(player.record.status).toBe('closed');
    expect(player.item('verification.nothing-else-broken')).toMatchObject({
      state: 'waived',
      reason: 'nobody was hurt',
      by: 'Ada',
    });
    expect(player.json.checks.map(({ item }) => item)).toEqual(left);
  });

  it('passes with a resolve the gates of a mitigation that was left out', () => {
    const player = new Player(closedCircuit).do(affected);
    expect(player.against({ do: 'resolve' }).map((problem) => problem.split(' ')[0])).toEqual([
      'contact.responders',
      'contact.users',
      'contact.announcement',
      'impact.policy.checkout',
      'impact.user.search',
      'impact.stopgap',
    ]);
    player.do({ do: 'resolve', waive: ['contact', 'impact.*'], waiveReason: 'a false alarm' });
    expect(player.record.status).toBe('resolved');
  });

  it('tells what speaks against a step, all at once', () => {
    const player = new Player();
    expect(player.against({ do: 'mitigated', reason: 'r', waive: ['contct.users'] })).toEqual([
      "waive: 'contct.users' names no item of a checklist; did you mean contact.users?",
      "contact.responders is open (Those who respond know of it): do it, then 'check' it, or waive it with a reason",
      "contact.users is open (Users were told): do it, then 'check' it, or waive it with a reason",
      "contact.announcement is open (Work on production was announced before it began): do it, then 'check' it, or waive it with a reason",
      'waiveReason: is missing: an item is waived with a reason only',
    ]);
    expect(player.against({ do: 'close' })).toEqual(["it is declared, not resolved: 'resolve' it first"]);
    expect(player.against({ do: 'reopen', reason: 'r' })).toEqual(['it is open: it is declared']);
    expect(player.do(update).against({ do: 'mitigated', reason: 'r', waiveReason: 'x', waive: [] })).toEqual([
      expect.stringContaining('contact.responders is open'),
      "waive: is missing: name the items that the reason is for, or '*' for all",
    ]);
    expect(player.effects).not.toContain(false);
    expect(player.record.status).toBe('declared');
  });

  it('takes no step twice, and says who was there first', () => {
    const player = new Player().do({ do: 'acknowledge', by: 'Grace' });
    expect(player.against({ do: 'acknowledge' })).toEqual([
      'it is acknowledged already since 2026-02-04T12:00:01.000Z, by Grace',
    ]);
    player.do({ do: 'resolve', ...all });
    for (const command of [
      { do: 'acknowledge' },
      { do: 'mitigated', reason: 'r', ...all },
      { do: 'resolve', ...all },
    ] as const) {
      expect(player.against(command)).toEqual([
        expect.stringMatching(
          /^it is resolved already since .*, by Ada; 'reopen' it if the trouble is back$/,
        ),
      ]);
    }
  });

  it('asks again for the proof of the repair once it is reopened', () => {
    const player = new Player(closedCircuit).do(
      { do: 'resolve', ...all },
      { do: 'check', item: 'verification.nothing-else-broken', state: 'done' },
      { do: 'close' },
      { do: 'reopen', reason: 'it is back', by: 'Grace' },
    );
    expect(player.record.status).toBe('acknowledged');
    expect(player.item('verification.repair-proven')?.state).toBe('open');
    expect(player.item('verification.nothing-else-broken')?.state).toBe('open');
    expect(player.item('impact.policy.checkout')?.state).toBe('open');
  });

  it('asks again who was told and what was looked at once it is reopened', () => {
    const gating = (player: Player) =>
      player.json.checklists.flatMap(({ items }) =>
        items.filter(({ gates, state }) => gates === 'mitigated' && state === 'open').map(({ id }) => id),
      );
    const player = new Player().do(
      { do: 'acknowledge' },
      update,
      { do: 'try', text: 'restart' },
      { do: 'contacted', contact: 'Grace', reached: true },
      { do: 'check', item: 'impact.policy.checkout', state: 'done' },
      { do: 'mitigated', reason: 'restarted' },
    );
    expect(gating(player)).toEqual([]);
    expect(player.item('impact.stopgap')?.state).toBe('done');
    const at = player.now + 1;
    player.apply(
      { type: 'resolved', at, reason: 'it stayed closed.', durationMs: 60_000 },
      { type: 'reopened', at: at + 1, reason: 'it is back' },
    );
    const asked = ['contact.responders', 'contact.users', 'contact.announcement'];
    expect(gating(player)).toEqual(asked);
    expect(player.item('impact.policy.checkout')?.state).toBe('open');
    expect(player.item('impact.stopgap')?.state).toBe('open');
    const against = player.against({ do: 'resolve' });
    for (const id of asked) expect(against.join('\n')).toContain(`${id} is open`);
    player.do({ do: 'acknowledge' }, update);
    expect(gating(player)).toEqual([]);
    player.do({ do: 'mitigated', reason: 'restarted again' });
    expect(player.item('impact.stopgap')?.state).toBe('done');
  });

  it('lets what was announced late be said so, with a note', () => {
    const player = new Player().do({ do: 'acknowledge' }, { do: 'try', text: 'restart' }, update);
    const done = { do: 'check', item: 'contact.announcement', state: 'done' } as const;
    expect(player.item('contact.announcement')?.state).toBe('open');
    expect(player.against(done)).toEqual([
      'reason: is missing: say when it was announced, such as: announced afterwards at 10:05',
    ]);
    player.do({ ...done, reason: 'announced afterwards at 10:05' }, { do: 'mitigated', reason: 'restarted' });
    expect(player.item('contact.announcement')).toMatchObject({
      state: 'done',
      reason: 'announced afterwards at 10:05',
    });
  });

  it('takes little once it is closed', () => {
    const player = new Player().do(
      { do: 'action', text: 'a', kind: 'prevent', horizon: 'week' },
      { do: 'resolve', ...all },
      { do: 'close', ...all },
    );
    expect(player.against({ do: 'observe', text: 't' })).toEqual([
      "it is closed: 'reopen' it first; without that, take notes, learn and move actions",
    ]);
    expect(player.against({ do: 'close', ...all })).toEqual([expect.stringMatching(/^it is closed already/)]);
    player.do(
      { do: 'note', text: 'n' },
      { do: 'learned', topic: 'lucky', text: 'l' },
      { do: 'move-action', action: 'a-1', to: 'done' },
      { do: 'reopen', reason: 'r' },
    );
    expect(player.record.status).toBe('acknowledged');
    expect(player.effects).not.toContain(false);
  });

  it('changes the severity with a reason, to another only', () => {
    const player = new Player();
    expect(player.against({ do: 'severity', severity: 'High', why: 'w' })).toEqual([
      'severity: it is High already: So.',
    ]);
    player.do({ do: 'severity', severity: 'Low', why: 'only one user' });
    expect(player.json).toMatchObject({ severity: 'Low', why: 'only one user' });
  });
});

describe('checking items', () => {
  it('waives with a reason only, opens again, and refuses what must be done elsewhere', () => {
    const player = new Player().do({ do: 'try', text: 'restart', stopgap: true });
    expect(player.against({ do: 'check', item: 'impact.policy.checkout', state: 'waived' })).toEqual([
      'reason: is missing: an item is waived with a reason only',
    ]);
    expect(player.against({ do: 'check', item: 'verification.stopgap.m-1', state: 'done' })).toEqual([
      "item: verification.stopgap.m-1 is not set by hand: say that it was undone with 'outcome', or write down an 'action' for it",
    ]);
    expect(player.against({ do: 'check', item: 'verification.repair-proven', state: 'done' })).toEqual([
      'reason: is missing: say how the repair was proven',
    ]);
    expect(player.against({ do: 'check', item: 'impact', state: 'done' })).toEqual([
      "item: 'impact' may be impact.policy.checkout, impact.user.search, impact.affected, impact.stopgap: write more of it",
    ]);
    player.do(
      { do: 'check', item: 'impact.policy.checkout', state: 'done', reason: 'its errors are normal' },
      { do: 'check', item: 'impact.policy.checkout', state: 'open' },
      update,
      { do: 'check', item: 'contact.users', state: 'open', reason: 'not all of them' },
    );
    expect(player.item('impact.policy.checkout')?.state).toBe('open');
    expect(player.item('contact.users')).toMatchObject({ state: 'open', reason: 'not all of them' });
    expect(player.against({ do: 'check', item: 'contact.users', state: 'open' })).toEqual([
      'state: contact.users is open already',
    ]);
  });
});

it('gives one error of the incident and its policy, which names the command', () => {
  const player = new Player();
  expect(() => player.decide({ do: 'close' })).toThrow(InvalidOptionsError);
  expect(() => player.decide({ do: 'close' })).toThrow(
    "'close' cannot be done to INC-20260204-001-9f3a01bc:\n  it is declared, not resolved: 'resolve' it first",
  );
});
