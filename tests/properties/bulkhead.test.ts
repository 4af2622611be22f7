import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { monotonicNow } from '../../src/core/clock.ts';
import { Places } from '../../src/strategies/bulkhead/places.ts';
import { fc } from '../fast-check.ts';
import { follow, sampleOf, testHub } from '../support.ts';

const priorities = ['critical', 'high', 'medium', 'low'] as const;

const call = fc.record({
  startMs: fc.nat({ max: 400 }),
  kind: fc.constantFrom('heeds its signal', 'ignores its signal', 'value', 'throw'),
  ms: fc.nat({ max: 200 }),
  priority: fc.constantFrom(...priorities),
  abortMs: fc.option(fc.nat({ max: 300 }), { nil: undefined, freq: 3 }),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined, freq: 3 }),
});

const scenario = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 30 }),
  maxConcurrent: fc.integer({ min: 1, max: 4 }),
  maxQueue: fc.nat({ max: 5 }),
  queueTimeoutMs: fc.option(fc.integer({ min: 1, max: 150 }), { nil: undefined, freq: 2 }),
  maxLeaseMs: fc.option(fc.integer({ min: 20, max: 150 }), { nil: undefined, freq: 2 }),
  attemptTimeoutMs: fc.constantFrom(false as const, 60),
  changes: fc.array(fc.record({ atMs: fc.nat({ max: 400 }), to: fc.integer({ min: 0, max: 5 }) }), {
    maxLength: 3,
  }),
  opened: fc.option(fc.record({ atMs: fc.nat({ max: 400 }), forMs: fc.nat({ max: 100 }) }), {
    nil: undefined,
    freq: 2,
  }),
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('never more run than it allows, turns are kept, nobody is forgotten, each call settles once', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(scenario, async ({ calls, changes, opened, ...options }) => {
      const { maxConcurrent, maxQueue, queueTimeoutMs, maxLeaseMs, attemptTimeoutMs } = options;
      const hub = testHub();
      const policy = hub.policy('dependency', {
        bulkhead: { maxConcurrent, maxQueue, queueTimeoutMs, maxLeaseMs },
        circuitBreaker: { failureRate: false, consecutiveFailures: 10_000 },
        attemptTimeoutMs,
        totalTimeoutMs: false,
      });
      const sample = (name: string) => sampleOf(policy, name);
      const places = policy.limits.find(({ name }) => name === 'bulkhead.maxConcurrent');
      const problems: string[] = [];
      const expectThat = (holds: boolean, problem: string): void => {
        if (!holds) problems.push(problem);
      };
      let allowed = maxConcurrent;
      let running = 0;
      let taken = 0;
      /** By number, of calls that have neither begun nor ended. */
      const waiting = new Map<number, number>();
      /** The call that asks for a place right now: whose turn came before it asked, such as by a lease's end, goes first. */
      let asking: number | undefined;
      /** When a call went in before one whose turn it was, and when each that never went in was told so. */
      const passedBy: { readonly number: number; readonly other: number; readonly atMs: number }[] = [];
      const turnedAwayAt = new Map<number, number>();
      hub.on('internal-error', ({ component }) => {
        if (component === 'bulkhead') taken += 1;
      });
      hub.on('rejection', ({ reason }) => {
        seen.add(reason);
        if (reason !== 'bulkhead_full' || queueTimeoutMs !== undefined) return;
        expectThat(running + taken >= allowed, 'turned away beside a free place');
        expectThat(waiting.size >= maxQueue + 1, 'turned away from a queue with room in it');
      });
      const begin = (number: number, rank: number): void => {
        waiting.delete(number);
        running += 1;
        expectThat(running <= allowed + taken, `${running} run where ${allowed} may`);
        for (const [other, otherRank] of waiting) {
          if (other === asking) continue;
          const isBefore = otherRank < rank || (otherRank === rank && other < number);
          if (isBefore) passedBy.push({ number, other, atMs: monotonicNow() });
        }
      };
      const end = (): void => {
        running -= 1;
      };
      const followed: ReturnType<typeof follow>[] = [];
      let numbers = 0;
      const start = ({ kind, ms, priority, abortMs, timeoutMs }: (typeof calls)[number]): void => {
        const caller = new AbortController();
        const number = numbers++;
        const rank = priorities.indexOf(priority);
        waiting.set(number, rank);
        asking = number;
        const result = policy.execute(
          ({ signal }) => {
            begin(number, rank);
            if (kind === 'value' || kind === 'throw') {
              end();
              if (kind === 'throw') throw new Error('thrown');
              return kind;
            }
            return new Promise((resolve) => {
              let ended = false;
              const finish = (): void => {
                if (ended) return;
                ended = true;
                end();
                resolve(kind);
              };
              setTimeout(finish, ms);
              if (kind === 'heeds its signal') signal.addEventListener('abort', finish);
            });
          },
          { signal: caller.signal, timeoutMs, priority },
        );
        asking = undefined;
        const gone = (): void => {
          if (waiting.delete(number)) turnedAwayAt.set(number, monotonicNow());
        };
        result.then(gone, gone);
        followed.push(follow(result));
        if (abortMs !== undefined) setTimeout(() => caller.abort(new Error('gave up')), abortMs);
      };
      const check = (): void => {
        const queued = sample('bulkhead_queued') ?? 0;
        expectThat(queued <= maxQueue, `${queued} wait where ${maxQueue} may`);
        expectThat(queued === waiting.size, `${queued} wait, not ${waiting.size}`);
        const inUse = sample('bulkhead_in_use') ?? 0;
        expectThat(inUse <= running && inUse >= running - taken, `${inUse} places taken, ${running} run`);
        expectThat(queued === 0 || inUse >= allowed, 'somebody waits beside a free place');
        expectThat(
          queued === 0 || policy.circuit.state === 'closed',
          'somebody waits behind an open circuit',
        );
      };
      for (const each of calls) setTimeout(() => start(each), each.startMs);
      for (const { atMs, to } of changes) {
        setTimeout(() => {
          allowed = to;
          places?.set(to);
        }, atMs);
      }
      if (opened !== undefined) {
        setTimeout(() => policy.circuit.forceOpen('maintenance'), opened.atMs);
        setTimeout(() => policy.circuit.reset(), opened.atMs + opened.forMs);
      }
      // Lowering the limit leaves those who are in where they are.
      let before = allowed;
      for (let atMs = 0; atMs <= 450; atMs += 15) {
        await vi.advanceTimersByTimeAsync(15);
        if (allowed >= before) check();
        before = allowed;
      }
      allowed = 5;
      places?.set(5);
      await vi.advanceTimersByTimeAsync(5_000);
      check();
      // Who leaves the queue at this very moment hears of it a moment later than whoever goes in for it.
      for (const { number, other, atMs } of passedBy)
        expectThat(turnedAwayAt.get(other) === atMs, `${number} went in before ${other}`);
      expect(problems).toEqual([]);
      expect(followed.map(({ times }) => times)).toEqual(calls.map(() => 1));
      expect([running, waiting.size, sample('bulkhead_in_use'), sample('bulkhead_queued')]).toEqual([
        0, 0, 0, 0,
      ]);
      expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
      expect(vi.getTimerCount()).toBe(0);
      seen.add(taken > 0 ? 'a lease ran out' : 'no lease ran out');
    }),
    { numRuns: 200 },
  );
  for (const expected of ['bulkhead_full', 'circuit_open', 'a lease ran out'])
    expect(seen).toContain(expected);
});

interface Item {
  readonly rank: number;
  readonly number: number;
  ahead: Item | undefined;
  behind: Item | undefined;
  leasedAt: number;
  isExtra: boolean;
}

test('the places keep what a plain list would', () => {
  const step = fc.record({
    act: fc.constantFrom('come', 'come', 'come', 'leave the queue', 'let in', 'give back', 'renew'),
    rank: fc.nat({ max: 3 }),
    pick: fc.nat({ max: 30 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.nat({ max: 4 }),
      fc.nat({ max: 6 }),
      (steps, maxConcurrent, maxQueue) => {
        const places = new Places<Item>();
        const capacity = { maxConcurrent, maxQueue };
        let waiting: Item[] = [];
        let inside: Item[] = [];
        const without = (items: Item[], item: Item | undefined): Item[] =>
          items.filter((other) => other !== item);
        const turnOf = (): Item | undefined =>
          [...waiting].sort((a, b) => a.rank - b.rank || a.number - b.number)[0];
        for (const [now, { act, rank, pick }] of steps.entries()) {
          const item: Item = {
            rank,
            number: now,
            ahead: undefined,
            behind: undefined,
            leasedAt: 0,
            isExtra: false,
          };
          const someoneWaiting = waiting[pick % Math.max(1, waiting.length)];
          const someoneInside = inside[pick % Math.max(1, inside.length)];
          if (act === 'come') {
            const found = places.find(rank, capacity);
            const free = Math.max(0, maxConcurrent - inside.length);
            if (found === 'place') {
              expect(free).toBeGreaterThan(0);
              expect(waiting).toEqual([]);
              places.take(item, now);
              inside = [...inside, item];
            } else if (found === 'queue') {
              expect(waiting.length - free).toBeLessThan(maxQueue);
              places.enqueue(item);
              waiting = [...waiting, item];
            } else {
              expect(waiting.length - free).toBeGreaterThanOrEqual(maxQueue);
              const isLess = waiting.some((other) => other.rank > rank);
              expect(found).toBe(isLess ? 'somebody-less-important' : 'nothing');
            }
          } else if (act === 'leave the queue' && someoneWaiting !== undefined) {
            places.dequeue(someoneWaiting);
            waiting = without(waiting, someoneWaiting);
          } else if (act === 'let in' && places.next !== undefined && places.hasPlace(capacity)) {
            const next = places.next;
            expect(next).toBe(turnOf());
            places.dequeue(next);
            waiting = without(waiting, next);
            places.take(next, now);
            inside = [...inside, next];
          } else if (act === 'give back' && someoneInside !== undefined) {
            places.giveBack(someoneInside);
            inside = without(inside, someoneInside);
          } else if (act === 'renew' && someoneInside !== undefined) {
            places.renew(someoneInside, now);
            inside = [...without(inside, someoneInside), someoneInside];
          }
          expect([places.queued, places.inUse]).toEqual([waiting.length, inside.length]);
          expect(places.next).toBe(turnOf());
          expect(places.oldest).toBe(inside[0]);
          expect(places.waiting).toHaveLength(waiting.length);
        }
      },
    ),
  );
});
