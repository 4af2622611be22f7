import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Circuit, circuitBreaker } from '../../src/index.ts';
import { fc } from '../fast-check.ts';
import { testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const OPTIONS = { consecutiveFailures: 2, failureRate: 0.5, minimumThroughput: 4, openMs: 100 } as const;

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', undefined),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 150 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('hold' as const, 'reset' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    }),
  },
);

const perKey = ({ metadata }: { readonly metadata: unknown }) =>
  typeof metadata === 'string' ? metadata : undefined;

function made(maxKeys: number) {
  const strategy = circuitBreaker({ ...OPTIONS, perKey, maxKeys });
  return testHub().policy('database', { strategies: [strategy] });
}

async function call(policy: ReturnType<typeof made>, metadata: string | undefined, fails: boolean) {
  const operation = () => (fails ? Promise.reject(new Error('down')) : Promise.resolve('fine'));
  const [settled] = await Promise.allSettled([policy.execute(operation, { metadata })]);
  return settled;
}

const facts = ({ state, window, retryAfterMs }: Circuit) => ({ state, window, retryAfterMs });

const holdOfAll = fc.record({ do: fc.constant('hold all' as const), ms: fc.integer({ min: 1, max: 100 }) });
const stepOrHold = fc.oneof({ weight: 16, arbitrary: step }, { weight: 1, arbitrary: holdOfAll });

test('with room for all, each key fares as if it were alone, also after all were held', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  await fc.assert(
    fc.asyncProperty(fc.array(stepOrHold, { maxLength: 60 }), async (steps) => {
      const together = made(100);
      const alone = new Map(['a', 'b', 'c', 'd', 'e', undefined].map((key) => [key, made(100)]));
      for (const one of steps) {
        if (one.do === 'wait') {
          await vi.advanceTimersByTimeAsync(one.ms);
          continue;
        }
        if (one.do === 'hold all') {
          for (const { circuit } of [together, ...alone.values()]) circuit.forceOpen('test', one.ms);
          continue;
        }
        const own = alone.get(one.key) ?? together;
        const circuits = [together, own].map(({ circuits }) => circuits.find(({ key }) => key === one.key));
        if (one.do === 'call') {
          const [a, b] = await Promise.all([
            call(together, one.key, one.fails),
            call(own, one.key, one.fails),
          ]);
          expect(a).toEqual(b);
        } else if (one.do === 'hold') for (const circuit of circuits) circuit?.forceOpen('test');
        else for (const circuit of circuits) circuit?.reset();
        const [seen, expected] = [together, own].map(({ circuits }) =>
          circuits.flatMap((circuit) => (circuit.key === one.key ? [facts(circuit)] : [])),
        );
        expect(seen).toEqual(expected);
      }
      for (const policy of [together, ...alone.values()]) policy.dispose();
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('there are never more keys than may be, and none goes that is not closed while a closed one is there', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  let evictions = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 60, size: 'max' }),
      async (maxKeys, steps) => {
        const policy = made(maxKeys);
        const byKey = () =>
          new Map(policy.circuits.flatMap((one) => (one.key === undefined ? [] : [[one.key, one] as const])));
        /** The least recently used first. */
        let recency: string[] = [];
        for (const one of steps) {
          if (one.do === 'wait') {
            await vi.advanceTimersByTimeAsync(one.ms);
            continue;
          }
          const before = byKey();
          const states = new Map([...before].map(([key, { state }]) => [key, state]));
          if (one.do === 'call') await call(policy, one.key, one.fails);
          else if (one.do === 'hold') before.get(one.key)?.forceOpen('test');
          else before.get(one.key)?.reset();
          const after = byKey();
          expect(after.size).toBeLessThanOrEqual(maxKeys);
          const gone = [...before.keys()].filter((key) => !after.has(key));
          if (one.do !== 'call') {
            expect(gone).toEqual([]);
            // One that closes was used now, if by hand.
            const closes = one.do === 'reset' && states.get(one.key) !== 'closed' && before.has(one.key);
            if (closes) recency = [...recency.filter((key) => key !== one.key), one.key];
            continue;
          }
          if (one.key === undefined) continue;
          const closed = recency.filter((key) => states.get(key) === 'closed');
          const isFull = !before.has(one.key) && before.size === maxKeys;
          expect(gone).toEqual(isFull ? closed.slice(0, 1) : []);
          expect(after.has(one.key)).toBe(!isFull || closed.length > 0);
          if (isFull && closed.length > 0) evictions += 1;
          else if (isFull) refused += 1;
          recency = [...recency.filter((key) => key !== one.key && after.has(key)), one.key].filter((key) =>
            after.has(key),
          );
        }
        policy.dispose();
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
  expect(evictions).toBeGreaterThan(10);
  expect(refused).toBeGreaterThan(10);
});
