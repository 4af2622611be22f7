import { describe, expect, it } from 'vitest';
import { pick } from '../../src/strategies/failover/choice.ts';
import { EndpointState } from '../../src/strategies/failover/endpoint.ts';
import { fc } from '../fast-check.ts';
import { seeded } from '../seeded.ts';

describe('the choice of an endpoint', () => {
  const weighted = (weights: readonly number[]): EndpointState[] =>
    weights.map((weight, at) => new EndpointState({ name: `e${at}`, target: at, weight, priority: 0 }, at));

  it('keeps the weights while nothing is in flight, and lets what is in flight follow them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 }),
        fc.integer(),
        (weights, seed) => {
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const random = seeded(seed);
          const idle = weighted(weights);
          const chosen = new Map<EndpointState | undefined, number>();
          for (let time = 0; time < 6_000; time += 1) {
            const endpoint = pick(idle, true, 0, random);
            chosen.set(endpoint, (chosen.get(endpoint) ?? 0) + 1);
          }
          for (const endpoint of idle) {
            const share = (chosen.get(endpoint) ?? 0) / 6_000;
            expect(Math.abs(share - endpoint.weight / total)).toBeLessThan(0.035);
          }
          const busy = weighted(weights);
          for (let time = 0; time < 40 * total; time += 1) pick(busy, true, 0, random)?.runStarted();
          for (const { inFlight, weight } of busy) expect(inFlight / weight).toBeCloseTo(40, -1.2);
        },
      ),
      { numRuns: 12 },
    );
  });

  it.each([
    [1, 0.08, 0.12],
    [2, 0.1, 0.2],
    [3, 0.1, 0.18],
    [5, 0.08, 0.16],
    [10, 0.05, 0.14],
    [30, 0.05, 0.14],
  ])('keeps weights of 9 to 1 where %i at a time are in flight and end', (concurrency, least, most) => {
    const random = seeded(7);
    const endpoints = weighted([9, 1]);
    const small = endpoints[1];
    const inFlight: EndpointState[] = [];
    let chosen = 0;
    const picks = 20_000;
    for (let at = 0; at < picks; at += 1) {
      // Each takes about as long: of those in flight any ends next.
      if (inFlight.length === concurrency)
        for (const over of inFlight.splice(Math.floor(random() * concurrency), 1)) over.runSettled('success');
      const endpoint = pick(endpoints, true, 0, random);
      if (endpoint === undefined) throw new Error('There is always one.');
      endpoint.runStarted();
      inFlight.push(endpoint);
      if (endpoint === small) chosen += 1;
    }
    expect(chosen / picks).toBeGreaterThan(least);
    expect(chosen / picks).toBeLessThan(most);
  });

  it('takes the less busy of two alike, each time', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.nat({ max: 5 }), fc.integer(), (first, second, seed) => {
        const random = seeded(seed);
        const endpoints = weighted([1, 1]);
        for (const [at, inFlight] of [first, second].entries())
          for (let run = 0; run < inFlight; run += 1) endpoints[at]?.runStarted();
        const picked = pick(endpoints, true, 0, random);
        expect(picked?.inFlight).toBe(Math.min(first, second));
      }),
    );
  });

  it('forgets what was left behind and never ends, in time, though it still counts it', () => {
    const [stuck, other] = weighted([1, 1]);
    if (stuck === undefined || other === undefined) throw new Error('Two were asked for.');
    const left = Array.from({ length: 50 }, () => stuck.operationLeft(1_000));
    expect(stuck.load(2_000)).toBe(50);
    expect(stuck.load(61_000)).toBe(50);
    expect(stuck.load(121_000)).toBe(0);
    expect(stuck.inFlight).toBe(50);
    for (const since of left) stuck.operationEnded(since, 122_000);
    expect([stuck.inFlight, stuck.load(122_000)]).toEqual([0, 0]);
    // What ends in the minute after it was left weighs no more, and takes nothing from what is left.
    const [ended, ...going] = Array.from({ length: 3 }, () => other.operationLeft(130_000));
    expect(going).toHaveLength(2);
    other.operationEnded(ended ?? 0, 185_000);
    expect([other.inFlight, other.load(185_000)]).toEqual([2, 2]);
  });
});
