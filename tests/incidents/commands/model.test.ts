import { expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import type { IncidentCommand } from '../../../src/incidents/commands/command.ts';
import { incidentChange } from '../../../src/incidents/incident/changes/change.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { fc } from '../../fast-check.ts';
import { Player } from './player.ts';

const by = fc.constantFrom('Ada', 'Grace', 'Alan');
const text = fc.constantFrom('a text', 'token=abcdefghijk', 'two\nlines');
const flag = fc.boolean();
/** Stands for each observation that there is. */
const EACH = ['each'];
/** A reference, which may lead nowhere. */
const part = (letter: string) => fc.integer({ min: 1, max: 2 }).map((n) => `${letter}-${n}`);
const waive = fc.constantFrom<string[] | undefined>(undefined, ['*'], ['impact'], ['contact.announcement']);
const gated = { by, reason: text, waive, waiveReason: fc.constantFrom(undefined, 'a reason', 'a reason') };
const item = fc.constantFrom(
  'contact.responders',
  'contact.users',
  'contact.announcement',
  'impact.policy.checkout',
  'impact.user.search',
  'impact.stopgap',
  'verification.repair-proven',
  'verification.nothing-else-broken',
  'verification.stopgap',
);

function command<const Do extends IncidentCommand['do'], Fields extends object>(
  name: Do,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
): fc.Arbitrary<{ do: Do } & Fields> {
  return fc.record<Fields>(fields).map((rest) => ({ do: name, ...rest }));
}

const anyCommand: fc.Arbitrary<IncidentCommand> = fc.oneof(
  command('acknowledge', { by }),
  command('mitigated', gated),
  command('resolve', gated),
  command('close', gated),
  command('close', gated),
  command('resolve', gated),
  command('reopen', { by, reason: text }),
  command('update', { by, text }),
  command('affected', { by, users: text, scope: text }),
  command('observe', { by, text }),
  command('hypothesis', { by, text }),
  command('hypothesis', { by, text }),
  command('judge', {
    by,
    hypothesis: part('h'),
    verdict: fc.constantFrom('open', 'confirmed', 'ruled-out'),
    reason: text,
    explains: fc.oneof(fc.array(part('o'), { maxLength: 3 }), fc.constant(EACH)),
    doesNotExplain: fc.array(part('o'), { maxLength: 2 }),
  }),
  command('try', { by, text, stopgap: flag }),
  command('outcome', { by, mitigation: part('m'), outcome: fc.constantFrom('helped', 'undone'), text }),
  command('action', {
    by,
    text,
    kind: fc.constantFrom('prevent', 'detect'),
    horizon: fc.constantFrom('week', 'quarter'),
    owner: fc.option(by, { nil: undefined }),
    checker: fc.option(by, { nil: undefined }),
    twoPeople: flag,
    mitigation: fc.option(part('m'), { nil: undefined }),
  }),
  command('move-action', {
    by,
    action: part('a'),
    to: fc.constantFrom('done', 'checked', 'dropped', 'open'),
    reason: fc.option(text, { nil: undefined }),
  }),
  command('runbook-step', {
    by,
    runbook: fc.constantFrom('failover', 'restart'),
    step: fc.integer({ min: 1, max: 3 }),
    state: fc.constantFrom('rehearsed', 'started', 'checked', 'surprise', 'resumed'),
    text: fc.option(text, { nil: undefined }),
  }),
  command('check', {
    by,
    item,
    state: fc.constantFrom('done', 'done', 'waived', 'open'),
    reason: fc.option(text, { nil: undefined }),
  }),
);

const gatesOf = {
  mitigated: ['mitigated'],
  resolve: ['resolved'],
  close: ['mitigated', 'resolved', 'closed'],
} as const;

function openItems({ checklists }: IncidentJson, before: readonly string[]): string[] {
  return checklists
    .flatMap(({ items }) => items)
    .filter(({ gates, state }) => gates !== null && before.includes(gates) && state === 'open')
    .map(({ id }) => id);
}

it('accepts nothing that is without effect, and takes no step past an open gate', () => {
  const accepted = new Set<string>();
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 40, size: 'max' }), (commands) => {
      const player = new Player();
      player.numbersByLetter = true;
      for (const one of commands) {
        const before = player.json;
        const each = before.observations.map(({ id }) => id);
        const given = one.do === 'judge' && one.explains === EACH ? { ...one, explains: each } : one;
        const changes = attempt(player, given);
        if (changes === undefined) continue;
        accepted.add(given.do);
        for (const change of changes) expect(incidentChange.safeParse(change).success).toBe(true);
        expect(JSON.stringify(changes)).not.toContain('abcdefghijk');
        player.apply(...changes);
        const after = player.json;
        if ('waive' in given && given.waive === undefined) {
          expect(openItems(before, gatesOf[given.do])).toEqual([]);
        }
        if (given.do === 'close') expect(before.status).toBe('resolved');
        if (before.status === 'closed') expect(['closed', 'acknowledged']).toContain(after.status);
        checkParts(after);
      }
      expect(player.effects).not.toContain(false);
    }),
    { numRuns: 40 },
  );
  expect(accepted.size).toBeGreaterThan(8);
});

function attempt(player: Player, given: IncidentCommand) {
  try {
    return player.decide(given);
  } catch (error) {
    if (error instanceof InvalidOptionsError && error.problems.length > 0) return undefined;
    throw error;
  }
}

function checkParts({ actions, hypotheses, observations, runbookSteps }: IncidentJson): void {
  for (const { twoPeople, checkedBy, doneBy, owner } of actions) {
    if (twoPeople && checkedBy !== null) expect([doneBy, owner]).not.toContain(checkedBy);
  }
  const lastObserved = observations.at(-1)?.at ?? '';
  for (const { status, explains, doesNotExplain, at } of hypotheses) {
    expect(explains.filter((id) => doesNotExplain.includes(id))).toEqual([]);
    if (status === 'confirmed' && at > lastObserved) {
      expect(new Set([...explains, ...doesNotExplain]).size).toBe(observations.length);
    }
  }
  const underWay = new Map<string, string>();
  for (const { runbook, step, state } of runbookSteps) {
    if (state === 'started' || state === 'checked') underWay.set(`${runbook} ${step}`, state);
  }
  expect([...underWay.values()].filter((state) => state === 'started').length).toBeLessThanOrEqual(1);
}
