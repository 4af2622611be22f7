import { describe, expect, it, vi } from 'vitest';
import { InvalidOptionsError } from '../../src/core/errors.ts';
import { isOpen } from '../../src/incidents/incident/status.ts';
import type { MaintenanceWindow } from '../../src/incidents/quiet/options.ts';
import { Harness, resolveByHand, settle } from './fixtures.ts';
import { NOON, pass, useHarnesses } from './manager-harness.ts';
import { MemoryJournal } from './memory-journal.ts';

const start = useHarnesses();

describe('a circuit that flaps', () => {
  it('is told once to flap, and its incident stays open until it has settled', async () => {
    const harness = start();
    const policy = harness.policy();
    for (let flap = 0; flap < 40; flap += 1) {
      policy.move('open');
      await pass(20_000);
      policy.move('half-open');
      policy.move('closed');
      await pass(5_000);
    }
    expect(harness.only().toJSON().flapping).toBe(true);
    expect(harness.sink.kinds()).toEqual(['opened', 'updated']);
    expect(harness.sink.got[1]?.summary).toContain('flaps');
    await pass(60_000);
    expect(harness.manager.open()).toHaveLength(1);
    await pass(240_000);
    expect(harness.only().status).toBe('resolved');
    expect(harness.sink.kinds()).toEqual(['opened', 'updated', 'resolved']);
  });

  it('is not looked for when told so', async () => {
    const harness = start({ flapping: false });
    const policy = harness.policy();
    for (let flap = 0; flap < 40; flap += 1) policy.move(flap % 2 === 0 ? 'open' : 'closed');
    await pass(60_000);
    expect(harness.only().status).toBe('resolved');
  });
});

describe('dependsOn', () => {
  function two() {
    const harness = start();
    const [database, shop] = [harness.policy('database'), harness.policy('shop')];
    shop.dependsOn = ['database', 'not made yet'];
    return { harness, database, shop };
  }

  it('holds a dependant back while the upstream has an incident, and lists it there', async () => {
    const { harness, database, shop } = two();
    database.move('open');
    shop.move('open');
    await settle();
    const [upstream, dependant] = harness.manager.list();
    expect(dependant).toMatchObject({ policy: 'shop', status: 'detected' });
    expect(upstream?.toJSON().heldDependants).toMatchObject([{ policy: 'shop', incident: dependant?.id }]);
    expect(upstream?.toJSON().impact.dependants).toEqual(['shop']);
    expect(harness.sink.got.map(({ incident }) => incident.policy)).toEqual(['database', 'database']);
    expect(harness.sink.got[1]).toMatchObject({
      kind: 'updated',
      incident: { heldDependants: [{ policy: 'shop' }] },
    });
    expect(harness.sink.got[1]?.summary).toContain("'shop' depends on it and has trouble too (Medium)");
    expect(harness.manager.why(dependant?.id ?? '').at(-1)).toMatch(
      /^Now nobody is told\. It depends on 'database'/,
    );
    shop.move('closed');
    database.move('closed');
    await pass(60_000);
    expect(harness.manager.open()).toEqual([]);
    expect(harness.sink.kinds()).toEqual(['opened', 'updated', 'resolved']);
    expect(harness.sink.got.every(({ incident }) => incident.policy === 'database')).toBe(true);
  });

  it('tells of a dependant that outlasts its upstream', async () => {
    const { harness, database, shop } = two();
    database.move('open');
    shop.move('open');
    database.move('closed');
    await pass(60_000);
    expect(harness.sink.kinds()).toEqual(['opened', 'updated', 'resolved']);
    await pass(60_000 + 15_000);
    expect(harness.sink.kinds()).toEqual(['opened', 'updated', 'resolved', 'opened']);
    expect(harness.sink.got[3]).toMatchObject({ incident: { policy: 'shop', status: 'declared' } });
  });

  it('hides nothing where policies depend on each other', async () => {
    const { harness, database, shop } = two();
    database.dependsOn = ['shop'];
    database.move('open');
    shop.move('open');
    await settle();
    expect(harness.manager.open().map(({ status }) => status)).toEqual(['declared', 'detected']);
    resolveByHand(harness.manager, harness.manager.open()[0]?.id ?? '');
    database.move('half-open');
    database.move('open');
    expect(harness.manager.open().map(({ status }) => status)).toEqual(['detected', 'declared']);
    await pass(120_000);
    expect(harness.manager.open().every(({ status }) => status === 'declared')).toBe(true);
  });
});

describe('many at once', () => {
  it('are one notification that lists those past the first', async () => {
    const harness = start({ digest: { after: 2, withinMs: 30_000 } });
    const policies = Array.from({ length: 6 }, (_, at) => harness.policy(`p${at}`));
    const [, , , , fourth] = policies;
    if (fourth !== undefined) fourth.criticality = 'critical';
    for (const policy of policies) policy.move('open');
    await settle();
    expect(harness.sink.got.map(({ incident }) => incident.policy)).toEqual(['p0', 'p1']);
    policies[5]?.move('closed');
    await pass(30_000);
    const digest = harness.sink.got.slice(2);
    expect(digest).toHaveLength(1);
    expect(digest[0]).toMatchObject({ kind: 'opened', severity: 'Critical', incident: { policy: 'p4' } });
    expect(digest[0]?.digest?.map(({ policy }) => policy).sort()).toEqual(['p2', 'p3', 'p5']);
    expect(digest[0]?.summary).toContain('4 incidents began at once');
    expect(harness.manager.open().every(({ status }) => status === 'declared')).toBe(true);
    for (const policy of policies) policy.move('closed');
    await pass(120_000);
    expect(harness.sink.kinds().filter((kind) => kind === 'resolved')).toHaveLength(6);
  });

  it('are told before the process ends', async () => {
    const harness = start({ digest: { after: 1, withinMs: 30_000 } });
    for (const name of ['a', 'b', 'c']) harness.policy(name).move('open');
    await harness.manager.close();
    expect(harness.sink.kinds().filter((kind) => kind === 'opened')).toHaveLength(2);
  });
});

describe('silences', () => {
  it('keep notifications back until they end, and then tell what is still open', async () => {
    const harness = start();
    const [a, b] = [harness.policy('a'), harness.policy('b')];
    const silence = harness.manager.silence({
      policies: ['*'],
      forMs: 300_000,
      by: 'Ada',
      reason: 'we move',
    });
    expect(harness.manager.silences()).toEqual([silence]);
    a.move('open');
    b.move('open');
    b.move('closed');
    await pass(299_999);
    expect(harness.sink.got).toEqual([]);
    expect(harness.manager.why(harness.manager.open()[0]?.id ?? '').at(-1)).toContain(
      'Silenced by Ada until',
    );
    await pass(1);
    expect(harness.sink.got.map(({ kind, incident }) => [kind, incident.policy])).toEqual([['opened', 'a']]);
    expect(harness.sink.got[0]?.summary).toContain('Told only now. Silenced by Ada');
  });

  it('can be ended before their time', async () => {
    const harness = start();
    const policy = harness.policy();
    const { id } = harness.manager.silence({ forMs: 300_000, by: 'Ada', reason: 'we move' });
    policy.move('open');
    await settle();
    expect(harness.sink.got).toEqual([]);
    expect(harness.manager.unsilence(id, 'Bob')).toBe(true);
    expect(harness.manager.unsilence(id, 'Bob')).toBe(false);
    await settle();
    expect(harness.sink.kinds()).toEqual(['opened']);
  });

  it('keep the end of what was told from nobody', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.move('open');
    harness.manager.silence({ forMs: 3_600_000, by: 'Ada', reason: 'noise' });
    policy.move('closed');
    await pass(60_000);
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved']);
  });

  it('tell of a critical incident when they end, though it is over', async () => {
    const harness = start();
    const policy = harness.policy();
    policy.criticality = 'critical';
    harness.manager.silence({ forMs: 600_000, by: 'Ada', reason: 'noise' });
    policy.move('open');
    policy.move('closed');
    await pass(599_999);
    expect(harness.only().status).toBe('resolved');
    expect(harness.sink.got).toEqual([]);
    await pass(1);
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved']);
    expect(harness.sink.got[1]?.summary).toContain('It was not told before. Silenced by Ada');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are not for ever, and say all that is wrong', () => {
    const { manager } = start();
    const wrong = (request: unknown) => () => Reflect.apply(manager.silence, manager, [request]);
    expect(wrong({ by: 'Ada', reason: 'x' })).toThrow(InvalidOptionsError);
    expect(wrong({ by: 'Ada', reason: 'x', forMs: 31 * 86_400_000 })).toThrow('at most 30 days');
    expect(wrong({ by: 'Ada', reason: 'x', until: NOON - 1 })).toThrow('must lie ahead');
    expect(wrong({ forMs: 1, until: NOON + 1, policies: [] })).toThrow(/policies[\s\S]*by[\s\S]*reason/);
  });
});

describe('maintenance windows', () => {
  it('keep what happens in them back until their end', async () => {
    const window = { from: NOON + 1_000, until: NOON + 61_000, reason: 'the move', policies: ['data*'] };
    const harness = start({ maintenance: [window] });
    await pass(1_000);
    harness.policy().move('open');
    await pass(59_999);
    expect(harness.sink.got).toEqual([]);
    await pass(1);
    expect(harness.sink.kinds()).toEqual(['opened']);
  });

  it('end before their time also for the next process, and no other window with them', async () => {
    const disk = new MemoryJournal();
    const process = (suffix: string, maintenance: readonly MaintenanceWindow[]) =>
      new Harness({ maintenance }, { opened: disk.open(suffix), suffix }).manager;
    const move = { policies: ['old'], from: NOON - 1, until: NOON + 86_400_000, reason: 'the move' };
    const upgrade = { ...move, policies: ['new'], reason: 'the upgrade' };
    const first = process('aaaaaaaa', [move, upgrade]);
    expect(first.unsilence('M-1', 'Ada')).toBe(false);
    expect(first.unsilence(first.silences()[0]?.id ?? '', 'Ada')).toBe(true);
    await settle();
    const left = process('bbbbbbbb', [upgrade, move]).silences();
    expect(left).toMatchObject([{ kind: 'maintenance', reason: 'the upgrade' }]);
    expect(left).toEqual(first.silences());
  });
});

describe('updates of one incident', () => {
  it('are limited, and what is too much is told as one', async () => {
    const harness = start({ updateLimit: { updates: 3, perMs: 60_000 }, flapping: false });
    const policy = harness.policy();
    policy.move('open');
    for (let n = 0; n < 10; n += 1)
      policy.move(n % 2 === 0 ? 'forced-open' : 'disabled', { manual: true, reason: `try ${n}` });
    await settle();
    expect(harness.sink.kinds()).toEqual(['opened', 'updated', 'updated']);
    await pass(60_000);
    expect(harness.sink.kinds()).toEqual(['opened', 'updated', 'updated', 'updated']);
    expect(harness.sink.got[3]?.summary).toMatch(/try 9 \(The latest of 8 updates/);
  });

  it('pass where they are urgent', async () => {
    const harness = start({ updateLimit: { updates: 1, perMs: 60_000 } });
    harness.policy().move('open');
    harness.manager.do(harness.only().id, { do: 'severity', by: 'Ada', severity: 'Critical', why: 'orders' });
    await settle();
    expect(harness.sink.kinds()).toEqual(['opened', 'updated']);
    expect(isOpen(harness.only().status)).toBe(true);
  });
});
