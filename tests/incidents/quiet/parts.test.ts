import { describe, expect, it } from 'vitest';
import type { Silence } from '../../../src/incidents/manager/hub-change.ts';
import { DigestWindow } from '../../../src/incidents/quiet/digest.ts';
import { matchesPattern } from '../../../src/incidents/quiet/pattern.ts';
import { MAX_SILENCES, Silences } from '../../../src/incidents/quiet/silences.ts';
import { UpdateLimit } from '../../../src/incidents/quiet/update-limit.ts';
import { upstreamOf } from '../../../src/incidents/quiet/upstream.ts';
import { fc } from '../../fast-check.ts';

describe('matchesPattern', () => {
  it('agrees with a regular expression', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '.', '*'), { maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (pattern, name) => {
        const source = pattern.map((letter) => (letter === '*' ? '.*' : letter.replace('.', '\\.'))).join('');
        const text = name.join('').replaceAll('*', 'x');
        expect(matchesPattern(pattern.join(''), text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
      { numRuns: 300 },
    );
  });

  it('takes no time on what makes regular expressions slow', () => {
    expect(matchesPattern(`${'a*'.repeat(60)}b`, 'a'.repeat(128))).toBe(false);
  });
});

describe('Silences', () => {
  const silence = (given: Partial<Silence> = {}): Silence => ({
    id: 'S-1',
    kind: 'silence',
    from: 100,
    until: 200,
    reason: 'known',
    ...given,
  });
  const incident = { policy: 'db-orders', severity: 'High', trigger: 'circuit' } as const;

  it('hold from their beginning until their end, whom they pick', () => {
    const silences = new Silences();
    silences.add(silence(), 0);
    expect([99, 100, 199, 200].map((now) => silences.holding(incident, now) !== undefined)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    for (const [given, holds] of [
      [{ policies: ['db-*'] }, true],
      [{ policies: ['db'] }, false],
      [{ severities: ['Low', 'High'] }, true],
      [{ severities: ['Low'] }, false],
      [{ triggers: ['slo'] }, false],
      [{ policies: ['*'], severities: ['High'], triggers: ['circuit'] }, true],
    ] satisfies readonly (readonly [Partial<Silence>, boolean])[]) {
      const one = new Silences();
      one.add(silence(given), 0);
      expect(one.holding(incident, 150) !== undefined).toBe(holds);
    }
  });

  it('are bounded, end before their time, and the one that lasts longest is named', () => {
    const silences = new Silences();
    for (let n = 0; n < MAX_SILENCES; n += 1)
      expect(silences.add(silence({ id: `S-${n}`, until: 200 + n }), 150)).toBe(true);
    expect(silences.add(silence({ id: 'one more' }), 150)).toBe(false);
    expect(silences.holding(incident, 150)?.id).toBe(`S-${MAX_SILENCES - 1}`);
    expect(silences.end(`S-${MAX_SILENCES - 1}`)).toBe(true);
    expect(silences.end(`S-${MAX_SILENCES - 1}`)).toBe(false);
    expect(silences.add(silence({ id: 'later', until: 900 }), 300)).toBe(true);
  });
});

describe('DigestWindow', () => {
  it('lets the first through, keeps the others until its end, and loses none', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 40 }), (waits) => {
        const window = new DigestWindow({ after: 2, withinMs: 60 });
        const told: string[] = [];
        let now = 0;
        for (const [at, wait] of waits.entries()) {
          now += wait;
          told.push(...window.take(now));
          if (!window.admit(String(at), now)) told.push(String(at));
        }
        expect(told.length <= waits.length).toBe(true);
        told.push(...window.take(now, true));
        expect([...told].sort()).toEqual(waits.map((_, at) => String(at)).sort());
        expect(window.dueAt).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });

  it('is due a window after the first that waits', () => {
    const window = new DigestWindow({ after: 1, withinMs: 60 });
    expect([window.admit('a', 0), window.admit('b', 10), window.admit('c', 50)]).toEqual([false, true, true]);
    expect(window.dueAt).toBe(70);
    expect(window.take(69)).toEqual([]);
    expect(window.take(70)).toEqual(['b', 'c']);
    expect(window.admit('d', 71)).toBe(false);
  });
});

describe('UpdateLimit', () => {
  it('never lets more through than so many within the window', () => {
    const limit = new UpdateLimit({ updates: 2, perMs: 100 });
    limit.count(0);
    limit.count(10);
    expect(limit.nextAt(50)).toBe(100);
    expect(limit.nextAt(100)).toBe(100);
    limit.count(100);
    expect(limit.nextAt(105)).toBe(110);
  });
});

describe('upstreamOf', () => {
  const view = (edges: Record<string, readonly string[]>, told: readonly string[]) => ({
    dependsOn: (name: string) => edges[name] ?? [],
    toldIncident: (name: string) => (told.includes(name) ? `INC ${name}` : undefined),
  });

  it('finds the nearest one that people are told of, over as many steps as it takes', () => {
    const edges = { web: ['orders', 'not made yet'], orders: ['db'], db: [] };
    expect(upstreamOf('web', view(edges, ['db']))).toEqual({ policy: 'db', incident: 'INC db' });
    expect(upstreamOf('web', view(edges, ['db', 'orders']))?.policy).toBe('orders');
    expect(upstreamOf('web', view(edges, []))).toBeUndefined();
    expect(upstreamOf('db', view(edges, ['web']))).toBeUndefined();
  });

  it('ends on policies that depend on each other, and names none its own upstream', () => {
    const edges = { a: ['b'], b: ['a', 'b'] };
    expect(upstreamOf('a', view(edges, ['a']))).toBeUndefined();
    expect(upstreamOf('a', view(edges, ['a', 'b']))?.policy).toBe('b');
  });
});
